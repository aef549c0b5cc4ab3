import type { TableEntity } from '@bronze/common/config/postgres';
import type { Quoting } from '../database.ts';
import type { RowKey } from './table.ts';

/**
 * Locks the table against rewriting until the transaction ends, and reads nothing: views by the tables they read,
 * partitioned tables with their partitions. Unlike LOCK TABLE it needs no more than SELECT on one column, and takes
 * materialized views and foreign tables too.
 *
 * ALTER TABLE and TRUNCATE are not MVCC-safe: to a snapshot that is older than they are, the table is empty. In READ
 * COMMITTED each later statement takes its snapshot with this lock held (decision 34; PostgreSQL, "Caveats" of MVCC).
 */
export function lockSql(entity: TableEntity, quoting: Quoting): string {
  return `SELECT FROM ${tableName(entity, quoting)} LIMIT 0`;
}

/** Asks the rows whether a key is one that the catalog doesn't prove: any row that comes back shows that it isn't. */
export function keyCheckSql(entity: TableEntity, key: RowKey, quoting: Quoting): string {
  const from = tableName(entity, quoting);
  const columns = key.columns.map(({ name }) => quoting.identifier(name));
  const isNull = columns.map((name) => `${name} IS NULL`).join(' OR ');
  return `SELECT 1 FROM ${from} GROUP BY ${columns.join(', ')} HAVING count(*) > 1 OR bool_or(${isNull}) LIMIT 1`;
}

export function tableName(entity: TableEntity, quoting: Quoting): string {
  return entity.table
    .split('.')
    .map((name) => quoting.identifier(name))
    .join('.');
}
