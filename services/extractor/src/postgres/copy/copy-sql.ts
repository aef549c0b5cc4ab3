import type { PendingLoad } from '@bronze/common/load/checkpoint';
import { IS_DELETED } from '@bronze/common/words/entity';
import { cursorColumns, type TableEntity } from '@bronze/common/config/postgres';
import { BronzeError } from '@bronze/common/words/failure';
import type { Position } from '@bronze/common/load/position';
import type { CatalogColumn, RowKey } from '../table/table.ts';
import type { Quoting } from '../database.ts';
import { tableName } from '../table/table-sql.ts';
import { windowCondition } from '../window/window-condition.ts';

/** A COPY and how to read what it sends. */
export interface CopyPlan {
  readonly sql: string;
  /** Names of its columns, sorted by their UTF-8 bytes: the keys of the JSON. */
  readonly json_columns: readonly string[];
  readonly position_fields: readonly number[];
  /** What a position's values are of. Empty: there is no order, and reading can't be taken up again. */
  readonly order: string;
}

/** One statement's worth of reading. */
export interface TableRead {
  readonly entity: TableEntity;
  readonly columns: readonly CatalogColumn[];
  readonly key: RowKey;
  readonly load: PendingLoad;
  /** Zone of a cursor without one. */
  readonly zone: string;
  readonly position: Position | undefined;
  /** False: transaction ids don't count, the window is one of time. */
  readonly is_exact: boolean;
}

interface KeysetColumn {
  readonly name: string;
  readonly type: string;
}

/**
 * The COPY of a load's window from `position` on: see `window-condition.ts`.
 *
 * An incremental load is read in the order of (cursor, key), a full one, or one of several cursors, in the order of the
 * key alone, so that the key's own index serves (decision 3).
 */
export function planCopy(read: TableRead, quoting: Quoting): CopyPlan {
  const { entity, position } = read;
  const sorted = stagedColumns(entity, read.columns).toSorted((a, b) =>
    Buffer.compare(Buffer.from(a.name), Buffer.from(b.name)),
  );
  const keyset = keysetOf(read);
  const order = orderOf(entity, keyset);
  if (position) assertSameOrder(entity, position.order, order);
  const selected = sorted.map((column) => selectedAs(entity, column, quoting)).join(', ');
  const conditions = [windowCondition(read, quoting), position && after(keyset, position, quoting)];
  const where = conditions.filter((one) => one !== undefined).join(' AND ');
  const by = keyset.map(({ name }) => quoting.identifier(name)).join(', ');
  const query = `SELECT ${selected} FROM ${tableName(entity, quoting)}${where && ` WHERE ${where}`}${by && ` ORDER BY ${by}`}`;
  return {
    sql: `COPY (${query}) TO STDOUT`,
    json_columns: sorted.map((column) => column.name),
    position_fields: keyset.map(({ name }) => sorted.findIndex((column) => column.name === name)),
    order,
  };
}

/** `public.orders (updated_at timestamp with time zone, id bigint)`. */
function orderOf(entity: TableEntity, keyset: readonly KeysetColumn[]): string {
  if (keyset.length === 0) return '';
  return `${entity.table} (${keyset.map(({ name, type }) => `${name} ${type}`).join(', ')})`;
}

function assertSameOrder(entity: TableEntity, before: string, now: string): void {
  if (before === now && now !== '') return;
  throw new BronzeError('KEY_CHANGED', {
    message: `the load of ${entity.name} was read in the order of ${before || 'no key'}, which is now ${now || 'no key'}`,
    hint: 'It can’t go on without losing or doubling rows. Abandon the load and run the entity again.',
  });
}

function keysetOf({ entity, columns, key, load }: TableRead): readonly KeysetColumn[] {
  const [name, ...others] = cursorColumns(entity);
  if (load.load_type === 'full' || key.columns.length === 0 || others.length > 0) return key.columns;
  const cursor = columns.filter((column) => column.name === name);
  return [...cursor, ...key.columns.filter((column) => column.name !== name)];
}

/** The table's columns, and the one that Bronze makes of `deleted_at`. */
export function stagedColumns(entity: TableEntity, columns: readonly KeysetColumn[]): readonly KeysetColumn[] {
  return entity.deleted_at === null ? columns : [...columns, { name: IS_DELETED, type: 'boolean' }];
}

/** `money` prints by locale; its numeric form doesn't. */
function selectedAs(entity: TableEntity, column: KeysetColumn, quoting: Quoting): string {
  const name = quoting.identifier(column.name);
  if (entity.deleted_at !== null && column.name === IS_DELETED)
    return `(${quoting.identifier(entity.deleted_at)} IS NOT NULL) AS ${name}`;
  return column.type === 'money' ? `${name}::numeric` : name;
}

/** Literals without a type take that of the column they are compared with, also where it is a domain. */
function after(keyset: readonly KeysetColumn[], position: Position, quoting: Quoting): string {
  const columns = keyset.map(({ name }) => quoting.identifier(name)).join(', ');
  return `(${columns}) > (${position.values.map((value) => quoting.literal(value)).join(', ')})`;
}
