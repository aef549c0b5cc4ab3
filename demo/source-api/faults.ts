/** What the API can be told to do wrong. Tests use exactly these switches; all are off by default. */
export interface Faults {
  /** Each answer is delayed by this many milliseconds. */
  slow_ms?: number;
  /** This many requests per window; more are answered 429. `announce` says how the API reports the limit. */
  rate_limit?: { requests: number; window_ms: number; announce: 'headers' | 'seconds' | 'date' | 'nothing' };
  /** The next `times` answers have this status, or one in every `every` answers has. */
  fail?: { status: number; times?: number; every?: number };
  /** `ignored`: the parameter has no effect; a number: it is refused with this status. */
  since?: 'ignored' | number;
  /** After each answer a record changes, is deleted, or is added. */
  moves?: 'update' | 'delete' | 'insert';
  /** The list moves this many times and then stops; by default it never stops. */
  moves_max?: number;
  /** This many of the next bodies are cut short, with the full length announced: the connection breaks. */
  truncate?: number;
  /** This many of the next bodies are cut short, as if they were complete. */
  cut_json?: number;
  /** This many of the next requests are answered by resetting the connection. */
  reset?: number;
  /** Next links lead to this origin. */
  link_origin?: string;
  /** Page tokens are refused. */
  tokens_expire?: boolean;
  /** Pages lead in a circle: each to the first; or only the last, so that no two pages in a row are the same. */
  loop?: boolean | 'at_end';
  /** An empty page comes before each page but the first. */
  empty_pages?: boolean;
  /** Every request is redirected to this URL. */
  redirect?: string;
  /** Every answer has a body of two gigabytes. */
  endless?: boolean;
}
