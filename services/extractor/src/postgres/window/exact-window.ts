/**
 * Windows in transaction ids.
 *
 * A claim takes a snapshot. Its `xmin`, here `xid`, is the bound below which every transaction is finished; no
 * transaction from its `xmax`, here `next_xid`, on was finished. A load takes what the transactions between two claims'
 * `xid` wrote: these ranges tile. What stays to be proven is how far back their cursors may lie, for the scan's sake.
 *
 * Who owns an id from a claim's `next_xid` on was not finished at that claim, so it began no earlier than the oldest
 * transaction that was open then (`open_bound`), or after it. Hence for the ids from `xid` on there hold, at once: the
 * open bound of every claim whose `next_xid` is not above `xid`, and every earlier lower bound.
 *
 * Where transactions overlap without end, `xid` never reaches the `next_xid` of the look before. So one earlier look's open
 * bound is awaited until `xid` has come so far; then that of the look before takes its place. The bound then stays
 * behind by no more than two lifetimes of such transactions (decision 23).
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

/** What one look at the database says. It looks at open transactions first, and takes the snapshot last. */
export interface Observation {
  readonly is_standby: boolean;
  readonly database: string;
  readonly table_oid: string;
  readonly file_nodes: FileNodes;
  /** The database's clock, read before all else. */
  readonly at: Timestamp;
  readonly snapshot_xmin: string;
  readonly snapshot_xmax: string;
  readonly basis: BoundBasis;
  /** No transaction that is not among `open` began earlier. */
  readonly others_since: Timestamp;
  readonly open: readonly OpenTransaction[];
  /** Where the log of changes ended, in bytes; null: on a standby. */
  readonly wal_position: string | null;
  readonly wal_writer_delay_ms: number;
}

export interface OpenTransaction {
  /** `3/17`: backend and its local transaction; `prepared:754`. */
  readonly id: string;
  /** Its start, where the role may see it. */
  readonly since: Timestamp | null;
}

/** What is known after an observation: a position without what belongs to one load. */
export type Bounds = Omit<ExactPosition, 'at' | 'scan_from'>;

/** What the look adds to what was known: the rule at the top of this file. */
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

/** Looks whose open bound may yet serve, the earlier first. */
function observationsBefore(before: Bounds | undefined): BoundOfObservation[] {
  if (!before) return [];
  const last = { next_xid: before.next_xid, at: before.open_bound, basis: before.open_bound_basis };
  return before.awaited_bound ? [before.awaited_bound, last] : [last];
}

interface Bound {
  readonly at: Timestamp | null;
  readonly basis: BoundBasis;
}

/** Serves from the moment on that `xid` has come to its `next_xid`. */
interface BoundOfObservation extends Bound {
  readonly next_xid: string;
}

function isReached(next_xid: string, observation: Observation): boolean {
  return BigInt(observation.snapshot_xmin) >= BigInt(next_xid);
}

/** What only the configuration vouches for proves nothing where something can be proven. */
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
 * A virtual transaction that was not there at the look before began after it. A prepared one has another name than
 * before it was prepared: it may be any that was open then.
 */
function boundOfNew(before: Bounds | undefined, observation: Observation, id: string): Timestamp | null {
  if (!before || !isProven(before.open_bound_basis, observation)) return null;
  const wasListed = before.open_bound_basis === 'virtual_transactions' && !id.startsWith('prepared:');
  return wasListed ? before.looked_at : before.open_bound;
}

function earliestOf(bounds: readonly (Timestamp | null)[]): Timestamp | null {
  return bounds.reduce((earliest, one) => (earliest === null || one === null ? null : one < earliest ? one : earliest));
}

/** Whether a further look may still raise the lower bound: transactions that were writing at the first one are about to finish. */
export function canImprove(first: Bounds, now: Bounds): boolean {
  return now.lower_bound === null || (first.open_bound !== null && now.lower_bound < first.open_bound);
}

/** What a claim decides with. */
export interface ExactClaim {
  /** Undefined: a full load. */
  readonly since: Timestamp | undefined;
  readonly position: ExactPosition | undefined;
  readonly mismatch: WindowFallback | undefined;
  readonly bounds: Bounds;
  readonly lookback_seconds: number;
  /** Of application clocks, and what a cursor without a zone may go back by. */
  readonly margin_seconds: number;
  /** Cuts a bound to the precision that cursors are rounded to. */
  readonly atPrecision: (bound: Timestamp) => Timestamp;
}

/** The window of a load, how far the public timestamp may go with it, and where the next load goes on. */
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

/** Where the load goes on exactly. In a rewritten table what its transactions wrote may have any cursor: no bound. */
function continuedFrom(position: ExactPosition | undefined, fallback: WindowFallback | undefined) {
  if (fallback === undefined) return position;
  if (!position || fallback !== 'table_rewritten') return undefined;
  return { ...position, lower_bound: null, scan_from: null };
}

/** @param before where the load goes on exactly; undefined: a full load, or one that has to go by the timestamp */
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
