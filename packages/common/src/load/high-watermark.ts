import * as z from 'zod/mini';
import type { ExactPosition, ExactWindow, WindowFallback } from '../words/exact-position.ts';
import type { Timestamp } from '../words/timestamp.ts';

/** What an API does with the parameter that asks for changed records: unless it is `sent`, Bronze reads all and filters. */
export const sinceParameterSchema = z.enum(['sent', 'refused', 'ignored', 'not_configured']);

/** An upper bound below which, the source vouches, no row can appear any more. */
export interface HighWatermark {
  readonly until: Timestamp;
  /** How the source knows: `exact_activity`, `margin`, … It stands in the load record. */
  readonly basis: string;
  /** Only for sources that know transactions. */
  readonly exact?: ExactWatermark;
  /** Why the load can't go on where the one before ended, and so begins at `since` and may bring rows again. */
  readonly again?: { readonly reason: WindowFallback; readonly since: Timestamp };
  /** Only for sources that are asked by such a parameter. */
  readonly since_parameter?: z.infer<typeof sinceParameterSchema>;
}

export interface ExactWatermark {
  readonly window: ExactWindow;
  /** Where the load after this one goes on; its `at` is set at the start of the load. */
  readonly position: Omit<ExactPosition, 'at'>;
  readonly fallback: WindowFallback | undefined;
  readonly watermark_lag_seconds: number;
  readonly oldest_transaction_seconds: number | undefined;
}
