import { cursorColumns, type TableEntity } from '@bronze/common/config/postgres';
import type { ExactWindow } from '@bronze/common/words/exact-position';
import type { Queries, Quoting } from '../database.ts';
import type { CatalogTable } from '../table/table.ts';
import { readingRows } from '../table/search-path.ts';
import { tableName } from '../table/table-sql.ts';
import { writtenWithin } from './xid-range.ts';

/** SQL that counts the rows without a cursor value: all of them, or those that the window's transactions wrote. */
export function countWithoutCursorSql(
  entity: TableEntity,
  window: Pick<ExactWindow, 'from_xid' | 'until_xid'> | undefined,
  quoting: Quoting,
): string {
  const isNull = cursorColumns(entity).map((name) => `${quoting.identifier(name)} IS NULL`);
  const written = window && window.from_xid !== null ? [writtenWithin(window.from_xid, window.until_xid)] : [];
  return `SELECT count(*)::text AS rows FROM ${tableName(entity, quoting)} WHERE ${[...isNull, ...written].join(' AND ')}`;
}

/**
 * The number of rows without a cursor value, among those that the window's transactions wrote, or among all if there is
 * no window or it has no beginning. 0 without asking if a cursor column is NOT NULL.
 */
export async function countWithoutCursor(
  session: Queries,
  entity: TableEntity,
  table: CatalogTable,
  window: ExactWindow | undefined,
): Promise<number> {
  const names = cursorColumns(entity);
  const isNever = table.columns.some(({ name, not_null }) => not_null && names.includes(name));
  if (names.length === 0 || isNever) return 0;
  const counting = countWithoutCursorSql(entity, window, session.quoting);
  const [row] = await readingRows(session, table, () => session.rows(counting, []));
  return Number(row?.['rows']);
}
