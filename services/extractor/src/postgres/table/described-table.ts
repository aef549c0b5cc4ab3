import { BronzeError } from '@bronze/common/words/failure';
import type { TableEntity } from '@bronze/common/config/postgres';
import { CATALOG_SQL, decodeCatalog } from './catalog-sql.ts';
import { type CatalogTable, checkTable, type RowKey } from './table.ts';
import { keyCheckSql, lockSql } from './table-sql.ts';
import type { Queries } from '../database.ts';

export interface DescribedTable extends CatalogTable {
  readonly key: RowKey;
}

/** SQLSTATEs: insufficient_privilege, undefined_table, invalid_schema_name. */
const CANT_LOCK: ReadonlySet<unknown> = new Set(['42501', '42P01', '3F000']);

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
    if (!CANT_LOCK.has(Reflect.get(Object(thrown), 'code'))) throw thrown;
    await session.rows('ROLLBACK TO SAVEPOINT before_locking', []);
    // Describing throws an error that says more about what is missing or denied.
    await describe(session, entity);
    throw thrown;
  }
  return describe(session, entity);
}

async function describe(session: Queries, entity: TableEntity): Promise<DescribedTable> {
  const [row] = await session.rows(CATALOG_SQL, entity.table.split('.'));
  if (!row?.['described']) {
    throw new BronzeError('TABLE_MISSING', {
      message: `there is no table ${entity.table}, which ${entity.name} reads`,
      hint: 'Was it dropped or renamed? Change table of the entity in bronze.config.ts, or set enabled: false.',
    });
  }
  const table = decodeCatalog(row['described']);
  return { ...table, key: checkTable(entity, table) };
}

/** The zone of a cursor without one: as configured, or else the zone in which sessions write `now()` (decision 10). */
export function zoneOf(entity: TableEntity, table: CatalogTable): string {
  return entity.cursor_time_zone ?? table.zone;
}

/**
 * Checks in the rows themselves a key that the catalog does not prove.
 *
 * @throws BronzeError KEY_NOT_UNIQUE if rows share a key or have NULL in it
 */
export async function checkKey(session: Queries, entity: TableEntity, key: RowKey): Promise<void> {
  const offending = await session.rows(keyCheckSql(entity, key, session.quoting), []);
  if (offending.length === 0) return;
  const names = key.columns.map(({ name }) => name).join(', ');
  throw new BronzeError('KEY_NOT_UNIQUE', {
    message: `(${names}) is not a key of ${entity.table}: some rows share it or have NULL in it`,
    hint: `Name columns that identify a row as primary_key of ${entity.name}.`,
  });
}
