import * as z from 'zod/mini';
import type { ExactPosition, ExactWindow, Storage, WindowFallback } from '../words/exact-position.ts';
import type { Timestamp } from '../words/timestamp.ts';

/** What became of the parameter that asks for changed records. Unless it is `sent`, Bronze reads all and filters. */
export const sinceParameterSchema = z.enum(['sent', 'refused', 'ignored', 'not_configured']);

/** How far a load reads: the source guarantees that no row below `until` can appear any more. */
export interface HighWatermark {
  readonly until: Timestamp;
  /** How the source knows: `exact_activity`, `margin`, … Stored in the load record. */
  readonly basis: string;
  /** Only from sources that have transaction ids. */
  readonly exact?: ExactWatermark;
  /** Why the load can't resume where the previous one ended: it begins at `since` and may bring rows again. */
  readonly again?: { readonly reason: WindowFallback; readonly since: Timestamp };
  /** Nothing is known to have been read of what the entity now is: the load is full, whatever was asked for. */
  readonly load_type?: 'full';
  /** About how many rows the relation has, for those who watch. Undefined if the source has no estimate. */
  readonly rows_estimated?: number;
  /** Of a table that is read without transaction ids; `exact` has it otherwise. */
  readonly storage?: Storage | undefined;
  /** Only from sources that are asked with such a parameter. */
  readonly since_parameter?: z.infer<typeof sinceParameterSchema>;
}

export interface ExactWatermark {
  readonly window: ExactWindow;
  /** Where the next load resumes. `startLoad` adds its `at`. */
  readonly position: Omit<ExactPosition, 'at'>;
  readonly fallback: WindowFallback | undefined;
  readonly watermark_lag_seconds: number;
  readonly oldest_transaction_seconds: number | undefined;
}
