import type { TableEntity } from '@bronze/common/config/postgres';
import type { PendingLoad } from '@bronze/common/load/checkpoint';
import type { Position } from '@bronze/common/load/position';
import type { Storage } from '@bronze/common/words/exact-position';
import type { CatalogTable } from '../table/table.ts';
import { storageChange } from './position-mismatch.ts';

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

export interface StartOfSlice {
  /** Undefined: the start of the window. */
  readonly position: Position | undefined;
  /** What the slice's own positions say of the table. */
  readonly reading: Pick<Position, 'read_from'>;
}

/**
 * Where a slice begins. If the table was replaced, reloaded or rewritten since `position`, a full load starts over, so
 * that it has every row of the table that is there now (decision 42). After {@link STARTS_OVER_MAX} times it goes on
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
  // A position in a table of another name is refused: see `planCopy`.
  const isOfTable = position?.order.startsWith(`${entity.table} (`) === true;
  const isChanged = isOfTable && before !== undefined && tableChange(before.storage, table) !== undefined;
  const isOver = isChanged && starts_over < STARTS_OVER_MAX;
  const read_from = storage && { storage, starts_over: isOver ? starts_over + 1 : starts_over };
  return { position: isOver ? undefined : position, reading: read_from ? { read_from } : {} };
}
