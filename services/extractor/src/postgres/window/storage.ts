import type { TableEntity } from '@bronze/common/config/postgres';
import type { PendingLoad } from '@bronze/common/load/checkpoint';
import type { Position } from '@bronze/common/load/position';
import type { FileNodes, Storage } from '@bronze/common/words/exact-position';
import type { CatalogTable } from '../table/table.ts';
import { addedParts, notedFiles, storageChange } from './position-mismatch.ts';

/** A table that is refreshed or truncated all the time must not keep a full load from ending. */
const STARTS_OVER_MAX = 3;

/** What is known of a table; positions of earlier versions have no files. */
interface Noted {
  readonly table_oid: string;
  readonly file_nodes?: FileNodes | undefined;
}

/** What to compare a table with from now on; undefined for views and foreign tables. */
export function storageOf(table: CatalogTable, before: Noted | undefined): Storage | undefined {
  const { kind, oid } = table;
  if (kind === 'v' || kind === 'f') return undefined;
  const known = before?.table_oid === oid ? before.file_nodes : undefined;
  return { table_oid: oid, file_nodes: notedFiles(known, table) };
}

/** What became of a table since `before` was noted: see {@link storageChange}. Another relation is `table_changed`. */
export function tableChange(before: Noted, table: CatalogTable): 'table_changed' | 'table_rewritten' | undefined {
  if (before.table_oid !== table.oid) return 'table_changed';
  const { attached } = table;
  return storageChange(before.file_nodes, { file_nodes: notedFiles(before.file_nodes, table), attached });
}

/** Whether the table has rows in parts that were not noted: new ones, or all if it was empty. */
export function hasFilledPart(before: Noted | undefined, { file_nodes, empty_parts }: CatalogTable): boolean {
  return addedParts(before?.file_nodes, file_nodes).some((oid) => !empty_parts.includes(oid));
}

/** Whether the table had no row at all when `before` was noted, and has some now. */
export function isFilledSince(before: Noted, table: CatalogTable): boolean {
  const wasEmpty = before.file_nodes !== undefined && Object.keys(before.file_nodes).length === 0;
  return wasEmpty && hasFilledPart(before, table);
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
  const before = position?.read_from;
  const storage = storageOf(table, before?.storage);
  const starts_over = before?.starts_over ?? 0;
  const isOver = starts_over < STARTS_OVER_MAX && isReplacedSince(entity, table, position);
  const read_from = storage && { storage, starts_over: isOver ? starts_over + 1 : starts_over };
  return { position: isOver ? undefined : position, reading: read_from ? { read_from } : {} };
}

/** A position in a table of another name doesn't count: `planCopy` refuses it. */
function isReplacedSince(entity: TableEntity, table: CatalogTable, position: Position | undefined): boolean {
  if (!position?.read_from || !position.order.startsWith(`${entity.table} (`)) return false;
  return tableChange(position.read_from.storage, table) !== undefined;
}
