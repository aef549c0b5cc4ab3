import type { Column } from '@bronze/common/words/entity';
import { BronzeError } from '@bronze/common/words/failure';
import type { Receipt } from '@bronze/common/load/receipts';
import type { Field } from 'parquetjs-lite';
import { type ParquetType, parquetType, typeName } from './type-mapping.ts';

interface NativeType {
  readonly field: Field['type'];
  /** Converts the staged text to what the library expects. */
  convert(text: string): unknown;
}

/**
 * The types whose every value parquetjs-lite 0.8.7 writes exactly; a column of any other type is written as text. The
 * library sends int64 through a float, has no decimals, refuses NaN, refuses timestamps before 1970, and writes
 * timestamps without the flag that they are UTC (measured; read back by hyparquet and DuckDB).
 */
const NATIVE: Readonly<Partial<Record<ParquetType['kind'], NativeType>>> = {
  int32: { field: 'INT32', convert: Number },
  // The library writes whether the value is truthy, and 'f' is truthy.
  boolean: { field: 'BOOLEAN', convert: (text) => text === 't' },
  // The library refuses a negative number of days, but takes a Date before 1970. Dates have no microseconds to lose.
  date: { field: 'DATE', convert: (text) => new Date(`${text}T00:00:00Z`) },
  bytes: { field: 'BYTE_ARRAY', convert: (text) => Buffer.from(text.slice(2), 'hex') },
};

const TEXT: NativeType = { field: 'UTF8', convert: (text) => text };

function nativeType(column: Column): NativeType {
  return NATIVE[parquetType(column.type).kind] ?? TEXT;
}

/** `_ingestion_ts` is text here too, like every timestamp. */
const METADATA_FIELDS = ['_ingestion_ts', '_source_system', '_record_hash', '_ingestion_id'];

/** The library's schema for a part. @throws BronzeError ENGINE_LIMIT for a name that the library can't write */
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

/** The columns that this engine writes as text though Parquet has a type for them. */
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
