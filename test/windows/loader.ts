import type { WindowFallback } from '@bronze/common/words/exact-position';
import type { DrawnLoad, Schedule } from './schedule.ts';

/** What a loader reads, and the login it uses. */
export interface Reading {
  readonly schedule: Schedule;
  /** Connection URL of the role that loads. */
  readonly url: string;
  readonly table: string;
}

export interface Brought {
  readonly load_type: 'full' | 'incremental';
  readonly versions: readonly number[];
  readonly without_cursor: number | undefined;
  readonly synced: string;
  readonly window_basis: string | undefined;
  readonly window_fallback: WindowFallback | undefined;
}

/** A policy that loads a table repeatedly, and keeps its own position between loads. */
export interface Loader {
  /** It deliberately leaves rows that are younger than this to a later load; undefined: it has no lag. */
  readonly lag_ms: number | undefined;
  /** @param onClaimed is called once the window is fixed, before any of it is read */
  load(drawn: DrawnLoad, onClaimed: () => void): Promise<Brought>;
  close(): Promise<void>;
}

export type OpenLoader = (reading: Reading) => Promise<Loader>;
