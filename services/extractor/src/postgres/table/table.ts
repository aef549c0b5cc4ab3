import type { FileNodes } from '@bronze/common/words/exact-position';
import { whereConfigured } from '@bronze/common/config';
import { nearest } from '@bronze/common/config/mistakes';
import { cursorColumns, type TableEntity } from '@bronze/common/config/postgres';
import { BronzeError, type FailureCode } from '@bronze/common/words/failure';
import { checkNames, missingColumn } from './column-names.ts';
import { checkGranted } from './grants.ts';
import type { ColumnOrdering } from './ordering-sql.ts';

/** What `pg_catalog` says about one column. */
export interface CatalogColumn {
  readonly name: string;
  /** `pg_class.oid` and `pg_attribute.attnum`, such as `16384.3`: a rename keeps both. */
  readonly id: string;
  /** As `format_type` prints it: `numeric(12,2)`, `timestamp(3) with time zone`, `public.mood`. */
  readonly type: string;
  readonly not_null: boolean;
  /** By a privilege on the column or the table. */
  readonly readable: boolean;
  readonly ordering: ColumnOrdering;
}

/** What `pg_catalog` says about one table. */
export interface CatalogTable {
  /** `pg_class.relkind`: r table, p partitioned, v view, m materialized view, f foreign. */
  readonly kind: string;
  readonly oid: string;
  /** The files of its rows, and of its partitions' and inheriting tables'. Empty for views and foreign tables. */
  readonly file_nodes: FileNodes;
  /** Oids of partitions and inheriting tables that existed before they belonged to the table: ATTACH, INHERIT. */
  readonly attached: readonly string[];
  /** Whether every row carries the id of the transaction that wrote it (`xmin`), and the role may read it. */
  readonly has_xids: boolean;
  /** The database's encoding, such as `UTF8`. */
  readonly encoding: string;
  /** The role that reads. */
  readonly role: string;
  /** Whether that role may use the table's schema. */
  readonly is_schema_usable: boolean;
  /** The `TimeZone` that this role's sessions begin with. */
  readonly zone: string;
  /** Its files have no pages: no row was written since it was created, truncated or rewritten. */
  readonly is_empty: boolean;
  /** The planner's estimate of its rows, with those of its partitions; null if it has none. */
  readonly rows_estimated: number | null;
  /** Names in its indexes are found by the role's `search_path` alone. */
  readonly is_by_role_path?: boolean;
  /** Other tables inherit from it: it is read with their rows, for which its keys don't hold. */
  readonly has_children: boolean;
  readonly columns: readonly CatalogColumn[];
  readonly primary_key: readonly string[];
  /** The columns of each unique index that is valid, immediate, not partial and not on expressions. */
  readonly unique_keys: readonly (readonly string[])[];
}

/** The columns that order the rows and identify each. */
export interface RowKey {
  /** Empty: the table has no key, and is read in one statement, because `ctid`s change between two (decision 3). */
  readonly columns: readonly CatalogColumn[];
  /** The catalog does not prove the key, so it is checked in the rows before the first slice. */
  readonly is_unproven: boolean;
}

/** Anchored at both ends: a domain may be called `timestamp_ms`, and hides its precision. */
const TIMESTAMP = /^timestamp(?:\(\d\))? with(?:out)? time zone$/;
const DATE_OR_TIMESTAMP = /^(?:date|timestamp(?:\(\d\))? with(?:out)? time zone)$/;

const NO_KEY: RowKey = { columns: [], is_unproven: false };

/**
 * Checks that the table can be ingested as configured, and finds its key.
 *
 * @throws BronzeError COLUMN_MISSING, COLUMN_RESERVED, COLUMN_AMBIGUOUS, COLUMN_UNSUPPORTED, KEY_MISSING, SOURCE_DENIED
 *   or ENCODING_UNSUPPORTED, naming the table, the column and what is known instead
 */
export function checkTable(entity: TableEntity, table: CatalogTable): RowKey {
  if (table.columns.length === 0) {
    refuse('COLUMN_MISSING', `${entity.table} has no columns`, `Set enabled: false for ${entity.name}.`);
  }
  if (table.encoding === 'SQL_ASCII') {
    refuse(
      'ENCODING_UNSUPPORTED',
      `the database of ${entity.table} is SQL_ASCII, so the encoding of its text is not known`,
      'Convert it to a database with ENCODING UTF8.',
    );
  }
  checkGranted(entity, table);
  if (entity.deleted_at !== null) columnOf(entity, table, entity.deleted_at, 'deleted_at');
  checkNames(
    entity,
    table.columns.map(({ name }) => name),
  );
  checkCursor(entity, table);
  if (entity.event_date !== null) checkTyped(entity, table, { role: 'event_date', name: entity.event_date });
  return rowKey(entity, table);
}

interface Role {
  readonly role: 'cursor' | 'event_date';
  readonly name: string;
}

function checkTyped(entity: TableEntity, table: CatalogTable, { role, name }: Role): CatalogColumn {
  const column = role === 'cursor' ? cursorOf(entity, table, name) : columnOf(entity, table, name, role);
  if ((role === 'cursor' ? TIMESTAMP : DATE_OR_TIMESTAMP).test(column.type)) return column;
  const kinds = role === 'cursor' ? 'a timestamp' : 'a date or timestamp';
  return refuse(
    'COLUMN_UNSUPPORTED',
    `${role} ${name} of ${entity.table} is ${column.type}; it must be ${kinds}`,
    role === 'cursor' ? otherCursors(entity, table) : 'Name another column, or leave event_date out.',
  );
}

function checkCursor(entity: TableEntity, table: CatalogTable): void {
  const columns = cursorColumns(entity).map((name) => checkTyped(entity, table, { role: 'cursor', name }));
  if (new Set(columns.map(({ type }) => type.endsWith('with time zone'))).size < 2) return;
  refuse(
    'COLUMN_UNSUPPORTED',
    `the cursor columns of ${entity.table} are ${columns.map(({ name, type }) => `${name} ${type}`).join(', ')}: values with and without a zone have no common order`,
    'Name columns of one kind as cursor, or ingest a view that converts one of them.',
  );
}

function cursorOf(entity: TableEntity, table: CatalogTable, name: string): CatalogColumn {
  const found = table.columns.find((column) => column.name === name);
  return found ?? refuse('COLUMN_MISSING', ...missingCursor(entity, table, name));
}

/** Message and hint. Most tables whose cursor is missing never had one. */
function missingCursor(entity: TableEntity, table: CatalogTable, name: string): [string, string] {
  const near = nearest(
    name,
    table.columns.map((column) => column.name),
  );
  return [
    `${entity.table} has no column ${name}, which ${entity.name} names as its cursor`,
    `${near === undefined ? '' : `Did you mean ${near}? `}${otherCursors(entity, table)}`,
  ];
}

/** What can be the cursor instead. */
function otherCursors(entity: TableEntity, table: CatalogTable): string {
  const timestamps = table.columns.filter(({ type }) => TIMESTAMP.test(type)).map((column) => column.name);
  const where = `of ${entity.name} in ${whereConfigured(entity)}`;
  const whole = `set cursor: null ${where} to load it whole each time`;
  return timestamps.length === 0
    ? `${entity.table} has no timestamp column: ${whole}.`
    : `Name one of its timestamp columns as cursor: ${timestamps.join(', ')}. Or ${whole}.`;
}

function columnOf(entity: TableEntity, table: CatalogTable, name: string, role: string): CatalogColumn {
  const found = table.columns.find((column) => column.name === name);
  if (found) return found;
  const names = table.columns.map((column) => column.name);
  throw missingColumn(entity, name, names, role);
}

function rowKey(entity: TableEntity, table: CatalogTable): RowKey {
  if (entity.primary_key) {
    const columns = entity.primary_key.map((name) => columnOf(entity, table, name, 'primary_key'));
    return { columns: nameable(entity, columns), is_unproven: table.has_children || !isProven(table, columns) };
  }
  // The table is read with the rows of inheriting tables, for which its key doesn't hold.
  if (table.has_children) return NO_KEY;
  if (table.primary_key.length > 0) {
    const columns = table.primary_key.map((name) => columnOf(entity, table, name, 'primary_key'));
    return { columns: nameable(entity, columns), is_unproven: false };
  }
  if (table.kind === 'r' || table.kind === 'm' || table.kind === 'p') return NO_KEY;
  return refuse(
    'KEY_MISSING',
    `${entity.table} is a view or a foreign table and has no primary key`,
    `Set primary_key of ${entity.name} to columns that are unique and never NULL.`,
  );
}

/** A slice begins after the last row of the one before: its condition names the types of the key's columns. */
function nameable(entity: TableEntity, columns: readonly CatalogColumn[]): readonly CatalogColumn[] {
  const hidden = columns.find(({ ordering }) => !ordering.is_nameable && !ordering.takes_untyped);
  if (!hidden) return columns;
  const { type, collation, greater } = hidden.ordering;
  const schemas = [type, greater, ...(collation ? [collation] : [])].map(([schema]) => schema);
  const named = [...new Set(schemas)].filter((schema) => schema !== 'pg_catalog').join(', ');
  return refuse(
    'SOURCE_DENIED',
    `permission denied for the type of ${hidden.name}, a key column of ${entity.table}: it is ${hidden.type}`,
    `Grant it: GRANT USAGE ON SCHEMA ${named} TO the role that Bronze connects as. Or set primary_key of ${entity.name} to other columns.`,
  );
}

function isProven(table: CatalogTable, key: readonly CatalogColumn[]): boolean {
  const names = new Set(key.map((column) => column.name));
  const isUnique = [table.primary_key, ...table.unique_keys].some(
    (unique) => unique.length > 0 && unique.every((name) => names.has(name)),
  );
  return isUnique && key.every((column) => column.not_null);
}

function refuse(code: FailureCode, message: string, hint: string): never {
  throw new BronzeError(code, { message, hint });
}
