import type { PendingLoad } from '@bronze/common/load/checkpoint';
import { bronzeName } from '@bronze/common/config/columns';
import { type Column, IS_DELETED } from '@bronze/common/words/entity';
import { cursorColumns, type TableEntity } from '@bronze/common/config/postgres';
import { BronzeError } from '@bronze/common/words/failure';
import type { Position } from '@bronze/common/load/position';
import type { CatalogColumn, RowKey } from '../table/table.ts';
import type { Quoting } from '../database.ts';
import type { QualifiedName } from '../table/ordering-sql.ts';
import { after, type KeysetColumn, orderBy, orderOf, qualified } from './keyset.ts';
import { tableName } from '../table/table-sql.ts';
import { windowCondition } from '../window/window-condition.ts';

/** A COPY and how to read what it sends. */
export interface CopyPlan {
  readonly sql: string;
  /** The names of its columns in Bronze, sorted by their UTF-8 bytes: the keys of the JSON. */
  readonly json_columns: readonly string[];
  /** Indexes of the columns that make a position, in keyset order. */
  readonly position_fields: readonly number[];
  /** Names what a position's values are of. Empty: the rows have no order, and reading can't be resumed. */
  readonly order: string;
}

/** What one COPY reads. */
export interface TableRead {
  readonly entity: TableEntity;
  readonly columns: readonly CatalogColumn[];
  readonly key: RowKey;
  readonly load: PendingLoad;
  /** The zone of a cursor without one. */
  readonly zone: string;
  readonly position: Position | undefined;
  /** False: transaction ids don't count, and the window goes by the cursor alone. */
  readonly is_exact: boolean;
}

/**
 * The COPY of a load's window (`window-condition.ts`) from `position` on.
 *
 * An incremental load is read in the order of (cursor, key). A full load, or one with several cursors, is read in the
 * order of the key alone, so that the key's own index can be used (decision 3).
 *
 * @throws BronzeError KEY_CHANGED if `position` belongs to another order than the table now has
 */
export function planCopy(read: TableRead, quoting: Quoting): CopyPlan {
  const { entity, position } = read;
  const sorted = stagedColumns(entity, read.columns).toSorted((a, b) =>
    Buffer.compare(Buffer.from(a.name), Buffer.from(b.name)),
  );
  const keyset = keysetOf(read);
  const order = orderOf(entity.table, keyset);
  if (position) assertSameOrder(entity, position.order, order);
  const selected = sorted.map((column) => selectedAs(entity, column, quoting)).join(', ');
  const conditions = [windowCondition(read, quoting), position && after(keyset, position, quoting)];
  const where = conditions.filter((one) => one !== undefined).join(' AND ');
  const table = tableName(entity, quoting);
  const by = orderBy(keyset, table, quoting);
  const query = `SELECT ${selected} FROM ${table}${where && ` WHERE ${where}`}${by && ` ORDER BY ${by}`}`;
  return {
    sql: `COPY (${query}) TO STDOUT`,
    json_columns: sorted.map((column) => column.name),
    position_fields: keyset.map(({ name }) => sorted.findIndex((column) => column.source_name === name)),
    order,
  };
}

function assertSameOrder(entity: TableEntity, before: string, now: string): void {
  if (before === now && now !== '') return;
  throw new BronzeError('KEY_CHANGED', {
    message: `the load of ${entity.name} was read in the order of ${before || 'no key'}, now it is ${now || 'no key'}`,
    hint: 'It can’t continue without losing or repeating rows. Abandon the load and run the entity again.',
  });
}

function keysetOf({ entity, columns, key, load }: TableRead): readonly KeysetColumn[] {
  const [name, ...others] = cursorColumns(entity);
  if (load.load_type === 'full' || key.columns.length === 0 || others.length > 0) return key.columns;
  const cursor = columns.filter((column) => column.name === name);
  return [...cursor, ...key.columns.filter((column) => column.name !== name)];
}

/** A column as it is staged: `name` is its name in Bronze. */
export interface StagedColumn extends Column {
  /** What the table calls it; null: Bronze derives it from `deleted_at`. */
  readonly source_name: string | null;
  /** The type that it is cast to, if not its own. */
  readonly selected_type: QualifiedName | null;
}

/** The table's columns, and the one that Bronze derives from `deleted_at`. */
export function stagedColumns(entity: TableEntity, columns: readonly CatalogColumn[]): readonly StagedColumn[] {
  const staged = columns.map(({ name, type, id, ordering }) => ({
    name: bronzeName(entity, name),
    type,
    id,
    source_name: name,
    selected_type: ordering.staged_type,
  }));
  if (entity.deleted_at === null) return staged;
  return [...staged, { name: IS_DELETED, type: 'boolean', source_name: null, selected_type: null }];
}

function selectedAs(entity: TableEntity, { source_name, selected_type }: StagedColumn, quoting: Quoting): string {
  if (source_name === null) return `(${quoting.identifier(entity.deleted_at ?? '')} IS NOT NULL)`;
  const name = quoting.identifier(source_name);
  return selected_type ? `${name}::${qualified(selected_type, quoting)}` : name;
}
