import type { Queries } from '../database.ts';
import type { CatalogTable } from './table.ts';

/** Nothing that a user may create hides a type, a function or an operator of PostgreSQL's own. */
export const OWN_SEARCH_PATH_SQL = 'SET LOCAL search_path = pg_catalog, pg_temp';

/** The path that the role's sessions begin with, after PostgreSQL's own names. */
export const ROLE_SEARCH_PATH_SQL = `
SELECT set_config('search_path', concat_ws(', ', 'pg_catalog', nullif(reset_val, '')), true) AS search_path
FROM pg_settings WHERE name = 'search_path'`;

/**
 * Call it before a statement that reads the table's rows. Functions that a view calls find what they name by the
 * `search_path` of the role, as in its other sessions. So do functions that the planner puts into the place of an
 * index's expression (PostgreSQL up to 16 lets indexes name such functions).
 */
export async function beforeReadingRows(session: Pick<Queries, 'rows'>, table: Kind): Promise<void> {
  if (isByRole(table)) await session.rows(ROLE_SEARCH_PATH_SQL, []);
}

/** Runs statements that read the table's rows. @throws the driver's error; the transaction is then aborted */
export async function readingRows<T>(session: Pick<Queries, 'rows'>, table: Kind, read: () => Promise<T>): Promise<T> {
  await beforeReadingRows(session, table);
  const found = await read();
  if (isByRole(table)) await session.rows(OWN_SEARCH_PATH_SQL, []);
  return found;
}

type Kind = Pick<CatalogTable, 'kind' | 'is_by_role_path'>;

function isByRole({ kind, is_by_role_path }: Kind): boolean {
  return kind === 'v' || is_by_role_path === true;
}
