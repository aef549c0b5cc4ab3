/**
 * Exact windows: a load takes what finished transactions wrote, however old the cursors of their rows.
 *
 * | time  | event                                       | what the claim sees                       |
 * |-------|---------------------------------------------|-------------------------------------------|
 * |  8:00 | claim of load 1, no transaction is open     | `snapshot_xmin` = `snapshot_xmax` = 100   |
 * |  9:00 | T begins and does nothing yet               |                                           |
 * |  9:50 | U begins and takes id 100                   |                                           |
 * |  9:55 | T writes a row: id 101, `updated_at` = 9:00 |                                           |
 * |  9:58 | T commits                                   |                                           |
 * | 10:00 | claim of load 2, U is open                  | `snapshot_xmin` 100, `snapshot_xmax` 102  |
 * | 10:05 | U commits                                   |                                           |
 * | 11:00 | claim of load 3, no transaction is open     | `snapshot_xmin` = `snapshot_xmax` = 150   |
 *
 * Load 2 takes the ids [100, 100): nothing, because U might still write. Load 3 takes [100, 150): the rows of T and U,
 * each once. It scans cursors from 8:00. From 9:50, when the oldest transaction began that was open at 10:00, it would
 * miss T's row.
 *
 * The rule (decision 23):
 * 1. A load takes the ids from the previous claim's `snapshot_xmin` up to its own: below `snapshot_xmin` every
 *    transaction is finished, and the ranges of successive loads neither overlap nor leave a gap.
 * 2. A transaction whose id is at or above a claim's `snapshot_xmax` had not finished at that claim, so it began no
 *    earlier than the claim's open bound: when the oldest transaction open then began, or at the claim if none was.
 * 3. So for the ids from some `snapshot_xmin` on, these are all lower bounds, and the scan begins at the latest: the
 *    open bound of every observation whose `snapshot_xmax` is not above it, and every earlier lower bound.
 *
 * The checkpoint stores `snapshot_xmin` as `xid` and `snapshot_xmax` as `next_xid`.
 */
import { isDeepStrictEqual } from 'node:util';
import type { ExactWatermark } from '@bronze/common/load/high-watermark';
import {
  basisOf,
  type ExactPosition,
  type ExactWindow,
  type WindowFallback,
} from '@bronze/common/words/exact-position';
import { minusSeconds, secondsBetween, type Timestamp } from '@bronze/common/words/timestamp';
import type { Bounds } from './bounds.ts';
import { storageChange } from './position-mismatch.ts';
import { fitsIn32Bits } from './xid-range.ts';

/** What decides a claim's window. */
export interface ExactClaim {
  /** The checkpoint's `last_sync_timestamp`. Undefined: a full load. */
  readonly since: Timestamp | undefined;
  readonly position: ExactPosition | undefined;
  readonly mismatch: WindowFallback | undefined;
  readonly bounds: Bounds;
  /** The `snapshot_xmax` of the claim's first observation: whoever wrote the file nodes in `bounds` has a lower id. */
  readonly written_below_xid: string;
  readonly lookback_seconds: number;
  /** For application clocks that are wrong, and for how far a cursor without a zone can go back. */
  readonly margin_seconds: number;
  /**
   * Whether cursors are written by the transaction that writes the row, give or take the margin. Those of a materialized
   * view are not: a refresh copies them from its tables, so no bound on transactions bounds them.
   */
  readonly has_bound: boolean;
  /** Whether a part (a partition, an inheriting table) has come since the position that has rows already. */
  readonly has_filled_part: boolean;
  /** Whether the table has never held a row since it was created, truncated or rewritten: it may be filled with copies. */
  readonly is_empty: boolean;
  /** Truncates a bound to the precision that cursors are rounded to. */
  readonly atPrecision: (bound: Timestamp) => Timestamp;
}

/**
 * The window of a load, where the next load resumes, and how far `last_sync_timestamp` may advance: to the lower bound,
 * below which everything is in bronze (decision 26). Without a known one, `lookback_seconds` below the open bound.
 */
export function exactWatermark(
  claim: ExactClaim,
): ExactWatermark & { readonly until: Timestamp; readonly basis: string } {
  const { since, bounds, lookback_seconds, atPrecision } = claim;
  const { lower_bound, open_bound, looked_at } = bounds;
  const scan_from = scanFrom(claim);
  const fallback = since === undefined ? undefined : fallbackOf(claim, since);
  const held = heldBack(claim, fallback);
  const position = { ...bounds, scan_from, ...(held && leftToNext(claim, held)) };
  const until = held?.at ?? atPrecision(lower_bound ?? minusSeconds(open_bound ?? looked_at, lookback_seconds));
  const before = since === undefined ? undefined : continuedFrom(claim, fallback);
  return {
    until,
    basis: fallback && !before ? 'lookback' : basisOf(before ?? position),
    window: windowOf(claim, before, scan_from),
    position,
    fallback,
    watermark_lag_seconds: secondsBetween(until, looked_at),
    oldest_transaction_seconds: open_bound === null ? undefined : secondsBetween(open_bound, looked_at),
  };
}

/** Where the next load's scan begins; null: it has no bound, because rows may come with cursors of long ago. */
function scanFrom(claim: ExactClaim): Timestamp | null {
  const { has_bound, is_empty, margin_seconds, atPrecision } = claim;
  const { lower_bound } = claim.bounds;
  return has_bound && !is_empty && lower_bound ? minusSeconds(atPrecision(lower_bound), margin_seconds) : null;
}

/**
 * The position that the rows of a new file are held back to, if a transaction older than the one that wrote them is
 * open: the window ends below them. The next load must find the file new again, by the old file nodes, and the
 * timestamp must not pass its rows.
 */
function heldBack(claim: ExactClaim, fallback: WindowFallback | undefined) {
  const { position, bounds } = claim;
  return hasNewFile(claim, fallback) && BigInt(bounds.xid) < BigInt(writtenBelow(claim)) ? position : undefined;
}

/** Above the ids of all who wrote the files. Files that an earlier claim found new were written before that claim. */
function writtenBelow({ position, bounds, written_below_xid }: ExactClaim): string {
  const known = position?.held_back;
  return known && isDeepStrictEqual(known.file_nodes, bounds.file_nodes) ? known.below_xid : written_below_xid;
}

/**
 * What a position says of files that are new and held back: the old file nodes, of parts that are still there. One that
 * comes back may have been written to meanwhile.
 */
function leftToNext(claim: ExactClaim, { file_nodes: before = {} }: ExactPosition) {
  const { file_nodes: now = {} } = claim.bounds;
  const file_nodes = Object.fromEntries(Object.entries(before).filter(([oid]) => Object.hasOwn(now, oid)));
  return { file_nodes, held_back: { file_nodes: now, below_xid: writtenBelow(claim) } };
}

/**
 * Whether rows may have new transaction ids and cursors of long ago: copies, in another file or in a new part. A full
 * load takes them with the rest.
 */
function hasNewFile({ since, has_filled_part }: ExactClaim, fallback: WindowFallback | undefined): boolean {
  return fallback === 'table_rewritten' || (fallback === undefined && since !== undefined && has_filled_part);
}

/** The position that the load resumes at, without a bound if rows of any cursor may have new transaction ids. */
function continuedFrom(claim: ExactClaim, fallback: WindowFallback | undefined): ExactPosition | undefined {
  const { position } = claim;
  if (!position || !hasNewFile(claim, fallback)) return fallback === undefined ? position : undefined;
  return { ...position, lower_bound: null, scan_from: null };
}

/** @param before the position to resume at; undefined: a full load, or one that has to go by the timestamp */
function windowOf(
  { since, bounds, lookback_seconds, margin_seconds }: ExactClaim,
  before: ExactPosition | undefined,
  next_scan_from: Timestamp | null,
): ExactWindow {
  const { database, table_oid, file_nodes, xid: until_xid } = bounds;
  const shared = { database, table_oid, file_nodes, until_xid, next_scan_from };
  if (before) return { ...shared, from_xid: before.xid, scan_from: before.scan_from };
  return {
    ...shared,
    from_xid: null,
    scan_from: since ? minusSeconds(since, lookback_seconds + margin_seconds) : null,
  };
}

/** Why the ids of a position don't count, although they are of this table. */
export function ignoredBecause(
  { at, xid }: ExactPosition,
  since: Timestamp,
  bounds: Pick<Bounds, 'xid'>,
): WindowFallback | undefined {
  if (at !== since) return 'checkpoint_edited';
  return fitsIn32Bits(xid, bounds.xid) ? undefined : 'window_too_wide';
}

function fallbackOf({ position, mismatch, bounds }: ExactClaim, since: Timestamp): WindowFallback | undefined {
  if (!position) return 'no_position';
  if (mismatch) return mismatch;
  return (
    ignoredBecause(position, since, bounds) ??
    storageChange(position.file_nodes, { file_nodes: bounds.file_nodes ?? {}, attached: [] })
  );
}
