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
import { isRewritten } from './position-mismatch.ts';
import type { ExactWatermark } from '@bronze/common/load/high-watermark';
import {
  basisOf,
  type BoundBasis,
  type ExactPosition,
  type ExactWindow,
  type FileNodes,
  type WindowFallback,
} from '@bronze/common/words/exact-position';
import { minusSeconds, secondsBetween, type Timestamp } from '@bronze/common/words/timestamp';
import { fitsIn32Bits } from './xid-range.ts';

/** One observation of the database: the open transactions first, the snapshot last (decision 22). */
export interface Observation {
  readonly is_standby: boolean;
  readonly database: string;
  readonly table_oid: string;
  readonly file_nodes: FileNodes;
  /** The database's clock, read before everything else. */
  readonly at: Timestamp;
  readonly snapshot_xmin: string;
  readonly snapshot_xmax: string;
  readonly basis: BoundBasis;
  /** Every open transaction that is not in `open` began at this time or later. */
  readonly others_since: Timestamp;
  readonly open: readonly OpenTransaction[];
  /** Where the write-ahead log ended, in bytes from its beginning; null on a standby. */
  readonly wal_position: string | null;
  readonly wal_writer_delay_ms: number;
}

export interface OpenTransaction {
  /** A virtual transaction id such as `3/17` (backend and its local transaction), or `prepared:754`. */
  readonly id: string;
  /** Its start; null if the role may not see it. */
  readonly since: Timestamp | null;
}

/** What is known after an observation: a position without the fields that belong to one load. */
export type Bounds = Omit<ExactPosition, 'at' | 'scan_from'>;

/**
 * Adds an observation to what was known, by the rule at the top of this file. Call it once for each observation, in
 * order.
 *
 * @param before undefined: nothing is known, or it belongs to another database, table or history
 */
export function withObservation(before: Bounds | undefined, observation: Observation): Bounds {
  const open_transactions = openAfter(before, observation);
  const open_bound = earliestOf([observation.at, observation.others_since, ...Object.values(open_transactions)]);
  const observations = [
    ...observationsBefore(before),
    { next_xid: observation.snapshot_xmax, at: open_bound, basis: observation.basis },
  ];
  const candidates: readonly Bound[] = [
    ...(before ? [{ at: before.lower_bound, basis: before.lower_bound_basis }] : []),
    ...observations.filter(({ next_xid }) => isReached(next_xid, observation)),
  ];
  const lower = candidates
    .filter((one) => isProven(one.basis, observation))
    .reduce<Bound | undefined>(later, undefined);
  const awaited = observations.find(({ next_xid, at }) => at !== null && !isReached(next_xid, observation));
  return {
    database: observation.database,
    table_oid: observation.table_oid,
    file_nodes: observation.file_nodes,
    xid: observation.snapshot_xmin,
    next_xid: observation.snapshot_xmax,
    lower_bound: lower?.at ?? null,
    lower_bound_basis: lower?.at ? lower.basis : observation.basis,
    open_bound,
    open_bound_basis: observation.basis,
    looked_at: observation.at,
    open_transactions,
    ...(awaited && { awaited_bound: awaited }),
  };
}

/**
 * Earlier observations whose open bound may become usable, the oldest first. Where long writers overlap without end,
 * `snapshot_xmin` never reaches the previous observation's `snapshot_xmax`. So the open bound of one older observation
 * is kept as `awaited_bound` until `snapshot_xmin` has reached its `snapshot_xmax`; then the previous observation takes
 * its place. The lower bound is behind by at most two lifetimes of such writers.
 */
function observationsBefore(before: Bounds | undefined): BoundOfObservation[] {
  if (!before) return [];
  const last = { next_xid: before.next_xid, at: before.open_bound, basis: before.open_bound_basis };
  return before.awaited_bound ? [before.awaited_bound, last] : [last];
}

interface Bound {
  readonly at: Timestamp | null;
  readonly basis: BoundBasis;
}

/** Usable once `snapshot_xmin` has reached `next_xid`, the observation's `snapshot_xmax`. */
interface BoundOfObservation extends Bound {
  readonly next_xid: string;
}

function isReached(next_xid: string, observation: Observation): boolean {
  return BigInt(observation.snapshot_xmin) >= BigInt(next_xid);
}

/** A bound that rests on `lookback_seconds` is ignored as soon as a proven one is available. */
function isProven(basis: BoundBasis, observation: Observation): boolean {
  return basis !== 'lookback' || observation.basis === 'lookback';
}

function later(one: Bound | undefined, other: Bound): Bound | undefined {
  if (!one?.at) return other;
  return other.at && other.at > one.at ? other : one;
}

function openAfter(before: Bounds | undefined, observation: Observation): Record<string, Timestamp | null> {
  const known = before?.open_transactions ?? {};
  const bound = ({ id, since }: OpenTransaction) =>
    since ?? (Object.hasOwn(known, id) ? (known[id] ?? null) : boundOfNew(before, observation, id));
  return Object.fromEntries(observation.open.map((one) => [one.id, bound(one)]));
}

/**
 * No start is known for the transaction. If it is virtual and was not listed by the previous observation, it began
 * after that. A prepared one had another name before, so it may be any that was open then.
 */
function boundOfNew(before: Bounds | undefined, observation: Observation, id: string): Timestamp | null {
  if (!before || !isProven(before.open_bound_basis, observation)) return null;
  const wasListed = before.open_bound_basis === 'virtual_transactions' && !id.startsWith('prepared:');
  return wasListed ? before.looked_at : before.open_bound;
}

function earliestOf(bounds: readonly (Timestamp | null)[]): Timestamp | null {
  return bounds.reduce((earliest, one) => (earliest === null || one === null ? null : one < earliest ? one : earliest));
}

/**
 * Whether observing again may raise the lower bound. The transactions that were writing at the first observation are
 * about to finish, and its open bound is then usable.
 */
export function canImprove(first: Bounds, now: Bounds): boolean {
  return now.lower_bound === null || (first.open_bound !== null && now.lower_bound < first.open_bound);
}

/** What decides a claim's window. */
export interface ExactClaim {
  /** The checkpoint's `last_sync_timestamp`. Undefined: a full load. */
  readonly since: Timestamp | undefined;
  readonly position: ExactPosition | undefined;
  readonly mismatch: WindowFallback | undefined;
  readonly bounds: Bounds;
  readonly lookback_seconds: number;
  /** For application clocks that are wrong, and for how far a cursor without a zone can go back. */
  readonly margin_seconds: number;
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
  const { since, bounds, lookback_seconds, margin_seconds, atPrecision } = claim;
  const { lower_bound, open_bound, looked_at } = bounds;
  const scan_from = lower_bound && minusSeconds(atPrecision(lower_bound), margin_seconds);
  const position = { ...bounds, scan_from };
  const until = atPrecision(lower_bound ?? minusSeconds(open_bound ?? looked_at, lookback_seconds));
  const fallback = since === undefined ? undefined : fallbackOf(claim, since);
  const before = since === undefined ? undefined : continuedFrom(claim.position, fallback);
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

/** The position that the load resumes at. In a rewritten table any cursor may have a new transaction id: no bound. */
function continuedFrom(position: ExactPosition | undefined, fallback: WindowFallback | undefined) {
  if (fallback === undefined) return position;
  if (!position || fallback !== 'table_rewritten') return undefined;
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

function fallbackOf({ position, mismatch, bounds }: ExactClaim, since: Timestamp): WindowFallback | undefined {
  if (!position) return 'no_position';
  if (mismatch) return mismatch;
  if (position.at !== since) return 'checkpoint_edited';
  if (!fitsIn32Bits(position.xid, bounds.xid)) return 'window_too_wide';
  return isRewritten(position.file_nodes, bounds.file_nodes ?? {}) ? 'table_rewritten' : undefined;
}
