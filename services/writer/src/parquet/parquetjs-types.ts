import type { Column } from '@bronze/common/words/entity';
import { BronzeError } from '@bronze/common/words/failure';
import type { Receipt } from '@bronze/common/load/receipts';
import type { Field } from 'parquetjs-lite';
import { type ParquetType, parquetType, typeName } from './type-mapping.ts';

interface NativeType {
  readonly field: Field['type'];
  /** The staged text as the library wants it. */
  convert(text: string): unknown;
}

/**
 * What parquetjs-lite 0.8.7 keeps exactly for every value of the type; a column of any other type is text as a whole.
 * It sends int64 through a float, knows no decimal, refuses NaN and loses the sign of -0, refuses timestamps before
 * 1970 and writes them without their UTC mark (measured; read back by hyparquet and DuckDB).
 */
const NATIVE: Readonly<Partial<Record<ParquetType['kind'], NativeType>>> = {
  int32: { field: 'INT32', convert: Number },
  // The library takes the truth of the value, and 'f' is true.
  boolean: { field: 'BOOLEAN', convert: (text) => text === 't' },
  // A number of days before 1970 throws, a Date doesn't. Days have no microseconds to lose.
  date: { field: 'DATE', convert: (text) => new Date(`${text}T00:00:00Z`) },
  bytes: { field: 'BYTE_ARRAY', convert: (text) => Buffer.from(text.slice(2), 'hex') },
};

const TEXT: NativeType = { field: 'UTF8', convert: (text) => text };

function nativeType(column: Column): NativeType {
  return NATIVE[parquetType(column.type).kind] ?? TEXT;
}

/** `_ingestion_ts` is text here too, like every timestamp. */
const METADATA_FIELDS = ['_ingestion_ts', '_source_system', '_record_hash', '_ingestion_id'];

/** @throws BronzeError ENGINE_LIMIT for a name that the library can't hold */
export function parquetjsFields(columns: readonly Column[]): Record<string, Field> {
  const field = (name: string, type: Field['type'], optional: boolean): [string, Field] => {
    if (name === '__proto__') throw unnameable(name);
    return [name, { type, optional, compression: 'SNAPPY', statistics: false }];
  };
  return Object.fromEntries([
    ...columns.map((column) => field(column.name, nativeType(column).field, true)),
    ...METADATA_FIELDS.map((name) => field(name, 'UTF8', false)),
  ]);
}

export function convertersOf(columns: readonly Column[]): readonly { name: string; convert: NativeType['convert'] }[] {
  return columns.map((column) => ({ name: column.name, convert: nativeType(column).convert }));
}

/** What a user of this engine should know about the columns. */
export function degradedColumns(columns: readonly Column[]): Receipt['engine']['degraded'] {
  const lost = columns.filter((column) => {
    const { kind } = parquetType(column.type);
    return kind !== 'text' && kind !== 'json' && !(kind in NATIVE);
  });
  return [
    ...lost.map((column) => ({ column: column.name, type: typeName(parquetType(column.type)), written_as: 'text' })),
    { column: '_ingestion_ts', type: 'timestamptz', written_as: 'text' },
  ];
}

function unnameable(name: string): BronzeError {
  return new BronzeError('ENGINE_LIMIT', {
    message: `parquetjs-lite can't write a column named ${name}`,
    hint: 'Use PARQUET_ENGINE=duckdb for this entity, or ingest a view that renames the column.',
  });
}
