import { whereConfigured } from '@bronze/common/config';
import { BronzeError } from '@bronze/common/words/failure';
import type { TableEntity } from '@bronze/common/config/postgres';
import { CATALOG_SQL, decodeCatalog, tableOf } from './catalog-sql.ts';
import { type ColumnOrdering, decodeOrderings, ORDERINGS_SQL } from './ordering-sql.ts';
import { readingRows } from './search-path.ts';
import { type CatalogColumn, type CatalogTable, checkTable, type RowKey } from './table.ts';
import { keyCheckSql, lockSql, orderCheckSql } from './table-sql.ts';
import type { Queries } from '../database.ts';

export interface DescribedTable extends CatalogTable {
  readonly key: RowKey;
}

/** SQLSTATEs: what the statement names is missing or denied. */
const CANT_LOCK = /^(?:42|3F)/;
/** SQLSTATEs undefined_function, undefined_table, undefined_object: a name that another path may lead to. */
const UNRESOLVED: ReadonlySet<string> = new Set(['42883', '42P01', '42704']);
/** SQLSTATE undefined_function: the type of an `ORDER BY` has no order. */
const UNDEFINED_FUNCTION = '42883';

/**
 * Locks the table against rewriting while the session is open, then describes it as it is now (decision 34).
 *
 * @throws BronzeError TABLE_MISSING or what {@link checkTable} throws; or the driver's error
 */
export async function lockAndDescribe(session: Queries, entity: TableEntity): Promise<DescribedTable> {
  await session.rows('SAVEPOINT before_locking', []);
  try {
    await session.rows(lockSql(entity, session.quoting), []);
  } catch (thrown) {
    if (!CANT_LOCK.test(stateOf(thrown))) throw thrown;
    await session.rows('ROLLBACK TO SAVEPOINT before_locking', []);
    // Describing throws an error that says more about what is missing or denied.
    const table = await describe(session, entity);
    if (table.kind !== 'v' && !UNRESOLVED.has(stateOf(thrown))) throw thrown;
    // The planner runs functions of a view, and those of an index.
    const byRole = { ...table, is_by_role_path: true };
    await readingRows(session, byRole, () => session.rows(lockSql(entity, session.quoting), []));
    return { ...(await describe(session, entity)), is_by_role_path: true };
  }
  return describe(session, entity);
}

async function describe(session: Queries, entity: TableEntity): Promise<DescribedTable> {
  const [row] = await session.rows(CATALOG_SQL, entity.table.split('.'));
  if (!row?.['described']) {
    throw new BronzeError('TABLE_MISSING', {
      message: `there is no table ${entity.table}, which ${entity.name} reads`,
      hint: `Was it dropped or renamed? Change table of ${entity.name} in ${whereConfigured(entity)}, or set enabled: false.`,
    });
  }
  const described = decodeCatalog(row['described']);
  const isBuiltin = described.columns.every(({ builtin_type }) => builtin_type !== null);
  const table = tableOf(described, isBuiltin ? new Map() : await orderingsOf(session, described.oid));
  return { ...table, key: checkTable(entity, table) };
}

async function orderingsOf(session: Queries, oid: string): Promise<ReadonlyMap<string, ColumnOrdering>> {
  const [row] = await session.rows(ORDERINGS_SQL, [oid]);
  return decodeOrderings(row?.['orderings'] ?? '[]');
}

/** The zone of a cursor without one: as configured, or else the zone in which sessions write `now()` (decision 10). */
export function zoneOf(entity: TableEntity, table: CatalogTable): string {
  return entity.cursor_time_zone ?? table.zone;
}

function stateOf(thrown: unknown): string {
  return String(Reflect.get(Object(thrown), 'code'));
}

/**
 * Checks in the rows themselves a key that the catalog does not prove.
 *
 * @throws BronzeError COLUMN_UNSUPPORTED if a column of it has no order; KEY_NOT_UNIQUE if rows share a key or have NULL
 *   in it
 */
export async function checkKey(session: Queries, entity: TableEntity, table: DescribedTable): Promise<void> {
  const { key } = table;
  const offending = await readingRows(session, table, async () => {
    for (const column of key.columns) await assertOrdered(session, entity, column);
    return session.rows(keyCheckSql(entity, key, session.quoting), []);
  });
  if (offending.length === 0) return;
  const names = key.columns.map(({ name }) => name).join(', ');
  throw new BronzeError('KEY_NOT_UNIQUE', {
    message: `(${names}) is not a key of ${entity.table}: some rows share it or have NULL in it`,
    hint: `Name columns that identify a row as primary_key of ${entity.name}.`,
  });
}

/** The server itself judges: whether an array or a composite has an order depends on what is in it. */
async function assertOrdered(session: Queries, entity: TableEntity, { name, type }: CatalogColumn): Promise<void> {
  try {
    await session.rows(orderCheckSql(entity, name, session.quoting), []);
  } catch (thrown) {
    if (stateOf(thrown) !== UNDEFINED_FUNCTION) throw thrown;
    throw new BronzeError('COLUMN_UNSUPPORTED', {
      message: `${name}, a key column of ${entity.table}, is ${type}, whose values have no order`,
      hint: `Set primary_key of ${entity.name} to other columns that are unique and never NULL.`,
    });
  }
}
