import type { LoadRecord } from '@bronze/common/load/load-record';
import type { Column } from '@bronze/common/words/entity';
import { writtenType } from '../parquet/type-mapping.ts';
import { glueType } from './column-types.ts';

/** What the catalog needs of a load record. */
export type CatalogLoad = Pick<LoadRecord, 'load_id' | 'completed_at' | 'columns' | 'schema_changes'> & {
  readonly engines: readonly { readonly name: string }[];
  readonly parts: readonly { readonly key: string }[];
};

/** The columns that Bronze adds to every record, as a source would type them. */
export const METADATA: readonly Column[] = [
  { name: '_ingestion_ts', type: 'timestamp with time zone' },
  { name: '_source_system', type: 'text' },
  { name: '_record_hash', type: 'text' },
  { name: '_ingestion_id', type: 'text' },
];

/** By name in lower case, the types that the files of one load may hold the column in: one for each engine. */
export type LoadTypes = ReadonlyMap<string, ReadonlySet<string>>;

export function typesOf({ columns, engines }: CatalogLoad): LoadTypes {
  const names = engines.length > 0 ? engines.map(({ name }) => name) : ['duckdb'];
  return new Map(
    [...columns, ...METADATA].map(({ name, type }) => [
      catalogName(name),
      new Set(names.map((engine) => glueType(writtenType(type, engine)))),
    ]),
  );
}

/** Athena knows names in lower case only. */
export function catalogName(column: string): string {
  return column.toLowerCase();
}

/** Why a column can't be in the table, whatever its type; undefined if it can. */
export function unnameableBecause(
  name: string,
  loads: readonly CatalogLoad[],
  partition_keys: readonly string[],
): string | undefined {
  if (partition_keys.includes(name)) return 'a folder of the files has this name';
  if (/\p{Cc}/u.test(name)) return 'its name has control characters';
  const isTwice = loads.some(({ columns }) => columns.filter((one) => catalogName(one.name) === name).length > 1);
  return isTwice ? 'two columns differ in nothing but the case of their names' : undefined;
}

/** What became of a column that the last load no longer had. */
export function goneBecause(name: string, loads: readonly CatalogLoad[]): string {
  for (const { schema_changes = [], completed_at } of loads.toReversed()) {
    const renamed = schema_changes.find(({ kind, from = '' }) => kind === 'renamed' && catalogName(from) === name);
    const day = completed_at.slice(0, 10);
    if (renamed) return `renamed to ${catalogName(renamed.column)} on ${day}`;
    if (schema_changes.some(({ kind, column }) => kind === 'dropped' && catalogName(column) === name))
      return `dropped on ${day}`;
  }
  return 'no longer in the source';
}
