import * as z from 'zod/mini';
import type { FailureText } from '../words/failure.ts';
import { type Timestamp, timestampSchema } from '../words/timestamp.ts';

/**
 * Asks for the rows of a window that loads have already passed, `[from, to)` by the cursor, as they are now: such as rows
 * that were inserted late with old cursors. It moves no checkpoint (decision 46).
 */
export const backfillSchema = z.strictObject({ from: timestampSchema, to: timestampSchema });
export type Backfill = z.infer<typeof backfillSchema>;

export function isSameBackfill(a: Backfill | undefined, b: Backfill | undefined): boolean {
  return a !== undefined && b !== undefined && a.from === b.from && a.to === b.to;
}

/** Why the window of an entity can't be loaded again; undefined if it can. */
export function whyNoBackfill(
  entity: string,
  { from, to }: Backfill,
  state: { readonly last_sync_timestamp: Timestamp | undefined; readonly hasCursor: boolean },
): FailureText | undefined {
  const { last_sync_timestamp: synced, hasCursor } = state;
  if (from >= to)
    return { message: `the window from ${from} to ${to} is empty`, hint: 'The first must be before the second.' };
  if (!hasCursor) {
    const message = `${entity} has no cursor, so no window of it can be loaded`;
    return { message, hint: 'Each of its loads brings all rows: run it as usual.' };
  }
  if (synced === undefined) {
    const message = `${entity} was never loaded, or was reset`;
    return { message, hint: 'Its next load brings all rows: run it as usual.' };
  }
  if (to > synced) {
    const message = `the window ends at ${to}, but ${entity} is loaded up to ${synced} only`;
    return { message, hint: `Rows after that belong to its usual loads: end the window at ${synced} or before.` };
  }
  return undefined;
}
