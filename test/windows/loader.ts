import type { DrawnLoad, Schedule } from './schedule.ts';

/** What a loader reads, and how it may log in. */
export interface Reading {
  readonly schedule: Schedule;
  /** Of the role that loads. */
  readonly url: string;
  readonly table: string;
}

export interface Brought {
  readonly load_type: 'full' | 'incremental';
  readonly versions: readonly number[];
  readonly without_cursor: number | undefined;
  readonly synced: string;
  readonly window_basis: string | undefined;
  readonly window_fallback: string | undefined;
}

/** One way to load a table again and again. It keeps its own position. */
export interface Loader {
  /** What is younger it leaves to a later load on purpose; undefined: it has no lag. */
  readonly lag_ms: number | undefined;
  /** @param onClaimed is called when the window is fixed, before anything of it is read */
  load(drawn: DrawnLoad, onClaimed: () => void): Promise<Brought>;
  close(): Promise<void>;
}

export type OpenLoader = (reading: Reading) => Promise<Loader>;
