import type { TableEntity } from '@bronze/common/config/postgres';
import type { PendingLoad } from '@bronze/common/load/checkpoint';
import type { Position } from '@bronze/common/load/position';
import type { FileNodes, Storage } from '@bronze/common/words/exact-position';
import type { CatalogTable } from '../table/table.ts';
import { addedParts, storageChange } from './position-mismatch.ts';

/** A table that is refreshed or truncated all the time must not keep a full load from ending. */
const STARTS_OVER_MAX = 3;

/** What a table is compared by with what it was before; undefined for views and foreign tables. */
export function storageOf({ kind, oid, file_nodes, is_empty }: CatalogTable): Storage | undefined {
  return kind === 'v' || kind === 'f' ? undefined : { table_oid: oid, file_nodes, ...(is_empty && { is_empty }) };
}

/** What became of a table since `before` was noted: see {@link storageChange}. Another relation is `table_changed`. */
export function tableChange(
  before: { readonly table_oid: string; readonly file_nodes?: Storage['file_nodes'] | undefined },
  table: Pick<CatalogTable, 'oid' | 'file_nodes' | 'attached'>,
): 'table_changed' | 'table_rewritten' | undefined {
  return before.table_oid === table.oid ? storageChange(before.file_nodes, table) : 'table_changed';
}

/** All rows of a table that was empty are new, and their cursors say nothing about when they came. */
export function filledSince(before: Storage, { is_empty }: Pick<CatalogTable, 'is_empty'>) {
  return before.is_empty === true && !is_empty ? 'table_rewritten' : undefined;
}

export interface StartOfSlice {
  /** Undefined: the start of the window. */
  readonly position: Position | undefined;
  /** What the slice's own positions say of the table. */
  readonly reading: Pick<Position, 'read_from'>;
}

/**
 * Where a slice begins. If the table was replaced, reloaded or rewritten since `position`, a full load starts over, so
 * that it has every row of the table that is there now (decision 44). After {@link STARTS_OVER_MAX} times it goes on
 * where it was: the next load finds another storage than that of this one's claim, and brings everything.
 */
export function startIn(
  entity: TableEntity,
  table: CatalogTable,
  load: PendingLoad,
  position: Position | undefined,
): StartOfSlice {
  if (load.load_type !== 'full') return { position, reading: {} };
  const storage = storageOf(table);
  const before = position?.read_from;
  const starts_over = before?.starts_over ?? 0;
  const isOver = starts_over < STARTS_OVER_MAX && isReplacedSince(entity, table, position);
  const read_from = storage && { storage, starts_over: isOver ? starts_over + 1 : starts_over };
  return { position: isOver ? undefined : position, reading: read_from ? { read_from } : {} };
}

/**
 * A position in a table of another name doesn't count: `planCopy` refuses it. A part that is gone may have been swapped
 * for one that was created and filled in the same transaction.
 */
function isReplacedSince(entity: TableEntity, table: CatalogTable, position: Position | undefined): boolean {
  if (!position?.read_from || !position.order.startsWith(`${entity.table} (`)) return false;
  const { storage } = position.read_from;
  return tableChange(storage, table) !== undefined || isPartSwapped(storage.file_nodes, table.file_nodes);
}

function isPartSwapped(before: FileNodes, now: FileNodes): boolean {
  return addedParts(before, now).length > 0 && addedParts(now, before).length > 0;
}
