import { METADATA_COLUMNS } from '@bronze/common/entity';
import type { Entity } from '@bronze/common/config';
import { BronzeError, type FailureCode } from '@bronze/common/failure';

/** What `pg_catalog` says about one column. */
export interface CatalogColumn {
  readonly name: string;
  /** As `format_type` prints it: `numeric(12,2)`, `timestamp(3) with time zone`, `public.mood`. */
  readonly type: string;
  readonly not_null: boolean;
  readonly readable: boolean;
}

/** What `pg_catalog` says about one table. */
export interface CatalogTable {
  /** `pg_class.relkind`: r table, p partitioned, v view, m materialized view, f foreign. */
  readonly kind: string;
  /** Other tables inherit from it: their rows come along, and its keys don't hold for them. */
  readonly has_children: boolean;
  readonly columns: readonly CatalogColumn[];
  readonly primary_key: readonly string[];
  /** Columns of each unique index that is whole, immediate and not partial. */
  readonly unique_keys: readonly (readonly string[])[];
}

/** The columns that order the rows; system columns (`tableoid`, `ctid`) where the table has no key of its own. */
export interface RowKey {
  readonly columns: readonly { readonly name: string; readonly type: string }[];
  /** The catalog does not prove the key: the rows must be asked before the first slice. */
  readonly is_unproven: boolean;
}

const CTID = { name: 'ctid', type: 'tid' };
const TABLEOID = { name: 'tableoid', type: 'oid' };

/**
 * Checks that the table can be ingested as configured.
 *
 * @throws BronzeError naming the table, the column and what is known instead
 */
export function checkTable(entity: Entity, table: CatalogTable): RowKey {
  if (table.columns.length === 0) {
    refuse('COLUMN_MISSING', `${entity.table} has no columns`, `Set enabled: false for ${entity.name}.`);
  }
  const denied = table.columns.filter((column) => !column.readable).map((column) => column.name);
  if (denied.length > 0) {
    refuse(
      'SOURCE_DENIED',
      `permission denied for ${entity.table}: ${denied.join(', ')}`,
      `Grant it: GRANT SELECT ON ${entity.table} TO the role that Bronze connects as.`,
    );
  }
  for (const { name } of table.columns) {
    if (!(METADATA_COLUMNS as readonly string[]).includes(name)) continue;
    refuse(
      'COLUMN_RESERVED',
      `${entity.table} has a column ${name}, which Bronze adds to every record`,
      'Rename the column, or ingest a view of the table that leaves it out or renames it.',
    );
  }
  checkCase(entity, table);
  checkTyped(entity, table, 'cursor', /^timestamp/);
  checkTyped(entity, table, 'event_date', /^(?:timestamp|date$)/);
  return rowKey(entity, table);
}

/** DuckDB, Athena and Glue can't tell `Name` from `name`. */
function checkCase(entity: Entity, table: CatalogTable): void {
  const seen = new Map<string, string>();
  for (const { name } of table.columns) {
    const folded = name.toLowerCase();
    const twin = seen.get(folded);
    if (twin) {
      refuse(
        'COLUMN_AMBIGUOUS',
        `${entity.table} has columns ${twin} and ${name}, which differ only in case: queries of the bronze tables could not tell them apart`,
        'Ingest a view of the table that renames one of them.',
      );
    }
    seen.set(folded, name);
  }
}

function checkTyped(entity: Entity, table: CatalogTable, role: 'cursor' | 'event_date', expected: RegExp): void {
  const name = entity[role];
  if (name === null) return;
  const { type } = columnOf(entity, table, name, role);
  if (expected.test(type)) return;
  const kinds = role === 'cursor' ? 'a timestamp' : 'a date or timestamp';
  refuse(
    'COLUMN_UNSUPPORTED',
    `${role} ${name} of ${entity.table} is ${type}; it must be ${kinds}`,
    role === 'cursor'
      ? 'Name another column, or set cursor to null: the entity is then loaded in full each time.'
      : 'Name another column, or leave event_date out.',
  );
}

function columnOf(entity: Entity, table: CatalogTable, name: string, role: string): CatalogColumn {
  const found = table.columns.find((column) => column.name === name);
  if (found) return found;
  const known = table.columns.map((column) => column.name).join(', ');
  return refuse(
    'COLUMN_MISSING',
    `${entity.table} has no column ${name}, which ${entity.name} names as its ${role}`,
    `The table has: ${known}. Was it renamed? Then change ${role} of ${entity.name} in bronze.config.ts.`,
  );
}

function rowKey(entity: Entity, table: CatalogTable): RowKey {
  if (entity.primary_key) {
    const columns = entity.primary_key.map((name) => columnOf(entity, table, name, 'primary_key'));
    return { columns, is_unproven: table.has_children || !isProven(table, columns) };
  }
  if (table.has_children && table.kind === 'r') return { columns: [TABLEOID, CTID], is_unproven: false };
  if (table.primary_key.length > 0) {
    const columns = table.primary_key.map((name) => columnOf(entity, table, name, 'primary_key'));
    return { columns, is_unproven: false };
  }
  if (table.kind === 'r' || table.kind === 'm') return { columns: [CTID], is_unproven: false };
  if (table.kind === 'p') return { columns: [TABLEOID, CTID], is_unproven: false };
  return refuse(
    'KEY_MISSING',
    `${entity.table} is a view or a foreign table and has no primary key`,
    `Set primary_key of ${entity.name} to columns that are unique and never NULL.`,
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
