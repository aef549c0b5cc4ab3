/** What the API can be told to do wrong. Tests use exactly these switches; nothing is on by default. */
export interface Faults {
  /** Each answer takes so long. */
  slow_ms?: number;
  /** So many requests a window; above it 429. `announce` says how the API tells. */
  rate_limit?: { requests: number; window_ms: number; announce: 'headers' | 'seconds' | 'date' | 'nothing' };
  /** The next `times` answers, or each one of `every`, are this status. */
  fail?: { status: number; times?: number; every?: number };
  /** `ignored`: the parameter changes nothing; a number: this status refuses it. */
  since?: 'ignored' | number;
  /** With each answer a record changes, one is deleted, or a new one appears. */
  moves?: 'update' | 'delete' | 'insert';
  /** It moves so many times and then stands still; default: for ever. */
  moves_max?: number;
  /** The next so many bodies are cut short, with the full length announced: the connection breaks. */
  truncate?: number;
  /** The next so many bodies are cut short, as if they were whole. */
  cut_json?: number;
  /** The next so many requests are answered with a reset of the connection. */
  reset?: number;
  /** Next links lead to this origin. */
  link_origin?: string;
  /** Page tokens are refused. */
  tokens_expire?: boolean;
  /** Pages lead in a circle. */
  loop?: boolean;
  /** Before each page but the first comes an empty one. */
  empty_pages?: boolean;
  /** Redirects to this URL. */
  redirect?: string;
  /** A body of two gigabytes. */
  endless?: boolean;
}
