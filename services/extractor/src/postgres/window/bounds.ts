import type { BoundBasis, ExactPosition, FileNodes } from '@bronze/common/words/exact-position';
import type { Timestamp } from '@bronze/common/words/timestamp';

/** One observation of the database: the open transactions first, the snapshot last (decision 22). */
export interface Observation {
  readonly is_standby: boolean;
  readonly database: string;
  readonly table_oid: string;
  readonly file_nodes: FileNodes;
  readonly attached: readonly string[];
  /** The database's clock, read before everything else; or after it, if it was set back in between. */
  readonly at: Timestamp;
  readonly snapshot_xmin: string;
  readonly snapshot_xmax: string;
  readonly basis: BoundBasis;
  /** Every open transaction that is not in `open` began at this time or later; null: at an unknown time. */
  readonly others_since: Timestamp | null;
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
 * @param known undefined: nothing is known, or it belongs to another database, table or history
 */
export function withObservation(known: Bounds | undefined, observation: Observation): Bounds {
  const before = known && withoutTimes(known, observation.at);
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
 * What was known without its times, if the database's clock has been set back since: the ids still count, and the next
 * scan has no bound.
 *
 * @param at the database's clock now
 */
export function withoutTimes<Known extends Bounds>(known: Known, at: Timestamp): Known {
  if (at >= known.looked_at) return known;
  const { awaited_bound: _, ...rest } = known;
  const unknown = { lower_bound: null, open_bound: null, open_transactions: {}, open_bound_basis: 'lookback' } as const;
  return { ...(rest as Known), ...unknown, looked_at: at };
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
