import type { ExactPosition, FileNodes, WindowFallback } from '@bronze/common/words/exact-position';
import type { CatalogTable } from '../table/table.ts';
import type { Observation } from './bounds.ts';

/** Why the position proves nothing: its ids belong to another database, history or table. Undefined: they don't. */
export function positionMismatch(position: ExactPosition, observation: Observation): WindowFallback | undefined {
  if (position.database !== observation.database) return 'database_changed';
  const isBehind =
    BigInt(observation.snapshot_xmin) < BigInt(position.xid) ||
    BigInt(observation.snapshot_xmax) < BigInt(position.next_xid);
  // A standby may be behind without that: see `isNotReplayed`.
  if (isBehind && !observation.is_standby) return 'database_restored';
  if (position.table_oid !== observation.table_oid) return 'table_changed';
  return storageChange(position.file_nodes, observation) === 'table_changed' ? 'table_changed' : undefined;
}

/**
 * What became of a table's storage since `before` was noted.
 *
 * - `table_changed`: a part came to it that may have had rows before (ATTACH PARTITION, INHERIT). Their transaction ids
 *   and cursors say nothing about when they arrived.
 * - `table_rewritten`: a part is stored in another file. Its rows may carry the id of the transaction that wrote that
 *   file, and keep their old cursors.
 *
 * A part that is gone changes nothing, nor does one that is no older than its place in the table: see `addedParts`.
 */
export function storageChange(
  before: FileNodes | undefined,
  { file_nodes, attached }: Pick<CatalogTable, 'file_nodes' | 'attached'>,
): 'table_changed' | 'table_rewritten' | undefined {
  if (before === undefined) return undefined;
  if (attached.some((oid) => Object.hasOwn(file_nodes, oid) && !Object.hasOwn(before, oid))) return 'table_changed';
  const isRewritten = Object.entries(before).some(([oid, node]) => (file_nodes[oid] ?? node) !== node);
  return isRewritten ? 'table_rewritten' : undefined;
}

/**
 * The oids of the parts that have come since `before` was noted. Those that {@link storageChange} allows were created by
 * the transaction that made them parts, so their rows have new transaction ids; but they may be copies, with cursors of
 * long ago.
 */
export function addedParts(before: FileNodes | undefined, file_nodes: FileNodes): string[] {
  return before === undefined ? [] : Object.keys(file_nodes).filter((oid) => !Object.hasOwn(before, oid));
}

/** Whether this is a standby that has not yet replayed up to the previous claim. */
export function isNotReplayed(position: ExactPosition | undefined, observation: Observation): boolean {
  return (
    position?.database === observation.database &&
    observation.is_standby &&
    BigInt(observation.snapshot_xmin) < BigInt(position.xid)
  );
}
