import type { PendingLoad } from '@bronze/common/checkpoint';
import type { Entity } from '@bronze/common/config';
import { type Timestamp, timestamp } from '@bronze/common/timestamp';
import type { Position } from '@bronze/common/slice-manifest';
import type { CatalogColumn, RowKey } from './table.ts';

/** The library's own quoting: identifiers and literals are never pasted. */
export interface Quoting {
  identifier(name: string): string;
  literal(text: string): string;
}

/** A COPY and how to read what it sends. */
export interface CopyPlan {
  readonly sql: string;
  /** Names of its first columns, sorted by their UTF-8 bytes: those that become JSON. */
  readonly json_columns: readonly string[];
  readonly position_fields: readonly number[];
}

interface KeysetColumn {
  readonly name: string;
  readonly type: string;
}

/**
 * The COPY of a load's window from `position` on.
 *
 * An incremental load reads `cursor >= since AND cursor < until` in the order of (cursor, key).
 * A full load reads everything that no later incremental load would: all below `until`, NULL and infinite cursors
 * too, in the order of the key alone, so that the key's own index serves.
 */
export function planCopy(
  read: {
    readonly entity: Entity;
    readonly columns: readonly CatalogColumn[];
    readonly key: RowKey;
    readonly load: PendingLoad;
    readonly position: Position | undefined;
  },
  quoting: Quoting,
): CopyPlan {
  const { entity, load, position } = read;
  const sorted = read.columns.toSorted((a, b) => Buffer.compare(Buffer.from(a.name), Buffer.from(b.name)));
  const keyset = keysetOf(entity, read.columns, read.key, load);
  const hidden = keyset.filter(({ name }) => !sorted.some((column) => column.name === name));
  const names = [...sorted, ...hidden].map((column) => column.name);
  const selected = [...sorted, ...hidden].map((column) => selectedAs(column, quoting));
  const conditions = [windowOf(entity, load, quoting), position && after(keyset, position, quoting)];
  const where = conditions.filter((one) => one !== undefined).join(' AND ');
  const order = keyset.map(({ name }) => quoting.identifier(name)).join(', ');
  const from = entity.table
    .split('.')
    .map((name) => quoting.identifier(name))
    .join('.');
  const query = `SELECT ${selected.join(', ')} FROM ${from}${where && ` WHERE ${where}`} ORDER BY ${order}`;
  return {
    sql: `COPY (${query}) TO STDOUT`,
    json_columns: sorted.map((column) => column.name),
    position_fields: keyset.map(({ name }) => names.indexOf(name)),
  };
}

function keysetOf(
  entity: Entity,
  columns: readonly CatalogColumn[],
  key: RowKey,
  load: PendingLoad,
): readonly KeysetColumn[] {
  if (load.load_type === 'full') return key.columns;
  const cursor = columns.filter((column) => column.name === entity.cursor);
  return [...cursor, ...key.columns.filter((column) => column.name !== entity.cursor)];
}

/** `money` prints by locale; its numeric form doesn't. */
function selectedAs(column: KeysetColumn, quoting: Quoting): string {
  const name = quoting.identifier(column.name);
  return column.type === 'money' ? `${name}::numeric` : name;
}

function windowOf(entity: Entity, load: PendingLoad, quoting: Quoting): string | undefined {
  if (entity.cursor === null) return undefined;
  const cursor = quoting.identifier(entity.cursor);
  const until = quoting.literal(postgresText(load.until));
  if (load.load_type === 'full') return `(${cursor} < ${until} OR ${cursor} IS NULL OR ${cursor} = 'infinity')`;
  return `${cursor} >= ${quoting.literal(postgresText(load.since))} AND ${cursor} < ${until}`;
}

function after(keyset: readonly KeysetColumn[], position: Position, quoting: Quoting): string {
  const columns = keyset.map(({ name }) => quoting.identifier(name)).join(', ');
  const values = keyset.map(({ type }, index) => `${quoting.literal(position[index] ?? '')}::${type}`).join(', ');
  return `(${columns}) > (${values})`;
}

/**
 * `2024-01-15 10:32:00.123456`: without a zone, so that it means UTC for `timestamptz` (the session's zone is UTC) and
 * the written time for `timestamp`, which Bronze takes to be UTC.
 */
function postgresText(at: Timestamp): string {
  return at.slice(0, 26).replace('T', ' ');
}

/** Asks the rows whether a key is one that the catalog doesn't prove: any row that comes back shows that it isn't. */
export function keyCheckSql(entity: Entity, key: RowKey, quoting: Quoting): string {
  const from = entity.table
    .split('.')
    .map((name) => quoting.identifier(name))
    .join('.');
  const columns = key.columns.map(({ name }) => quoting.identifier(name));
  const isNull = columns.map((name) => `${name} IS NULL`).join(' OR ');
  return `SELECT 1 FROM ${from} GROUP BY ${columns.join(', ')} HAVING count(*) > 1 OR bool_or(${isNull}) LIMIT 1`;
}

/**
 * The cut, at the cursor column's own precision: `timestamp(3)` rounds what is written, so a row written just after
 * 10:00:00.0005 may read 10:00:00.000 and would fall behind a finer cut.
 */
export function cutAtPrecision(until: Timestamp, cursorType: string): Timestamp {
  const digits = /^timestamp\((\d)\)/.exec(cursorType)?.[1];
  return digits === undefined
    ? until
    : timestamp(`${until.slice(0, 19)}.${until.slice(20, 20 + Number(digits)) || '0'}Z`);
}
