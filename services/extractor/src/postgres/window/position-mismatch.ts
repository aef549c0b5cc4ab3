import type { ExactPosition, FileNodes, WindowFallback } from '@bronze/common/words/exact-position';
import type { Observation } from './exact-window.ts';

/** Why the position proves nothing: its ids belong to another database, history or table. Undefined: they don't. */
export function positionMismatch(position: ExactPosition, observation: Observation): WindowFallback | undefined {
  if (position.database !== observation.database) return 'database_changed';
  const isBehind =
    BigInt(observation.snapshot_xmin) < BigInt(position.xid) ||
    BigInt(observation.snapshot_xmax) < BigInt(position.next_xid);
  // A standby may be behind without that: see `isNotReplayed`.
  if (isBehind && !observation.is_standby) return 'database_restored';
  return position.table_oid === observation.table_oid ? undefined : 'table_changed';
}

/**
 * Whether the table, or a partition of it, is stored in another file than before. Its rows may then carry the id of the
 * transaction that wrote that file, and keep their old cursors.
 */
export function isRewritten(before: FileNodes | undefined, now: FileNodes): boolean {
  if (before === undefined) return false;
  const oids = Object.keys(before);
  return oids.length !== Object.keys(now).length || oids.some((oid) => before[oid] !== now[oid]);
}

/**
 * The position without its times, if the database's clock is behind that of the previous claim: the ids still count,
 * and the next scan has no bound.
 */
export function withoutTimes(position: ExactPosition | undefined, observation: Observation): ExactPosition | undefined {
  if (!position || observation.at >= position.looked_at) return position;
  const { awaited_bound: _, ...rest } = position;
  const unknown = { lower_bound: null, scan_from: null, open_bound: null, open_transactions: {} };
  return { ...rest, ...unknown, open_bound_basis: 'lookback', looked_at: observation.at };
}

/** Whether this is a standby that has not yet replayed up to the previous claim. */
export function isNotReplayed(position: ExactPosition | undefined, observation: Observation): boolean {
  return (
    position?.database === observation.database &&
    observation.is_standby &&
    BigInt(observation.snapshot_xmin) < BigInt(position.xid)
  );
}
