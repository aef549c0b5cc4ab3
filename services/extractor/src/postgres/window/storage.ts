import type { PendingLoad } from '@bronze/common/load/checkpoint';
import type { Position } from '@bronze/common/load/position';
import type { Storage } from '@bronze/common/words/exact-position';
import type { CatalogTable } from '../table/table.ts';
import { storageChange } from './position-mismatch.ts';

/** A table that is refreshed or truncated all the time must not keep a full load from ending. */
const STARTS_OVER_MAX = 3;

/** What tells a table from another one under its name, or from itself before a rewrite; undefined for views and foreign tables. */
export function storageOf({ kind, oid, file_nodes, is_empty }: CatalogTable): Storage | undefined {
  return kind === 'v' || kind === 'f' ? undefined : { table_oid: oid, file_nodes, ...(is_empty && { is_empty }) };
}

/** What became of the table since `before` was noted: as {@link storageChange}, and `table_changed` of another relation. */
export function tableChange(
  before: { readonly table_oid: string; readonly file_nodes?: Storage['file_nodes'] | undefined },
  table: CatalogTable,
) {
  return before.table_oid === table.oid ? storageChange(before.file_nodes, table) : 'table_changed';
}

export interface SliceStartIn {
  /** Undefined: the start of the window. */
  readonly position: Position | undefined;
  /** What the slice's positions say of the table. */
  readonly reading: Pick<Position, 'read_from'>;
}

/**
 * Where a slice begins. If the table was replaced, reloaded or rewritten since `position`, a full load starts over, so
 * that it has all rows which are there now (decision 42). After {@link STARTS_OVER_MAX} times it just goes on: the next
 * load is full, or scans the whole table, because the storage is not that of the claim.
 */
export function startIn(table: CatalogTable, load: PendingLoad, position: Position | undefined): SliceStartIn {
  const storage = storageOf(table);
  if (load.load_type !== 'full') return { position, reading: {} };
  const before = position?.read_from;
  const starts_over = before?.starts_over ?? 0;
  const isOver =
    before !== undefined && starts_over < STARTS_OVER_MAX && tableChange(before.storage, table) !== undefined;
  return {
    position: isOver ? undefined : position,
    reading: storage ? { read_from: { storage, starts_over: isOver ? starts_over + 1 : starts_over } } : {},
  };
}
