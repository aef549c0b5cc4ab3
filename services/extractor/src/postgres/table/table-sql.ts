import type { TableEntity } from '@bronze/common/config/postgres';
import type { Quoting } from '../database.ts';
import type { RowKey } from './table.ts';

/**
 * Locks the table against rewriting until the transaction ends, and reads nothing. It locks the tables that a view
 * reads and the partitions of a partitioned table. Unlike LOCK TABLE it needs only SELECT on one column, and works for
 * materialized views and foreign tables.
 *
 * ALTER TABLE and TRUNCATE are not MVCC-safe: to an older snapshot the table is empty. In READ COMMITTED each later
 * statement takes its snapshot with this lock held (decision 34; PostgreSQL's documentation, "Caveats" of MVCC).
 */
export function lockSql(entity: TableEntity, quoting: Quoting): string {
  return `SELECT FROM ${tableName(entity, quoting)} LIMIT 0`;
}

/** Checks a key that the catalog does not prove. Returns a row if the key has duplicates or NULLs. */
export function keyCheckSql(entity: TableEntity, key: RowKey, quoting: Quoting): string {
  const from = tableName(entity, quoting);
  const columns = key.columns.map(({ name }) => quoting.identifier(name));
  const isNull = columns.map((name) => `${name} IS NULL`).join(' OR ');
  return `SELECT 1 FROM ${from} GROUP BY ${columns.join(', ')} HAVING count(*) > 1 OR bool_or(${isNull}) LIMIT 1`;
}

/** Fails with `undefined_function` if the column's values have no order. It reads no rows. */
export function orderCheckSql(entity: TableEntity, column: string, quoting: Quoting): string {
  return `SELECT FROM ${tableName(entity, quoting)} ORDER BY ${quoting.identifier(column)} LIMIT 0`;
}

/** The table's name with its schema, quoted. */
export function tableName(entity: TableEntity, quoting: Quoting): string {
  return entity.table
    .split('.')
    .map((name) => quoting.identifier(name))
    .join('.');
}
