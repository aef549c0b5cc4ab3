import { createHash } from 'node:crypto';
import { type Column, METADATA_COLUMNS } from '@bronze/common/words/entity';
import { BronzeError } from '@bronze/common/words/failure';
import type { Receipt } from '@bronze/common/load/receipts';
import parquet, { type Field, type ParquetSchema, type ParquetWriter } from 'parquetjs-lite';
import type { Conversion, Converted, ParquetEngine } from '../parquet/parquet-engine.ts';
import { rowCountIfOurs } from '../parquet/provenance.ts';
import { quarantineLine } from '@bronze/common/load/quarantine-lines';
import { type ParquetType, parquetType, typeName } from '../parquet/type-mapping.ts';
import { assertKnownKeys, eachLine, eventDateOf, typeMismatch, parseLine } from '../parquet/staged-lines.ts';
import { unpack } from './unpack.ts';

/** Measured: larger row groups are no faster and cost memory; smaller pages make files a third larger. */
const ROW_GROUP_ROWS = 16_384;
const ROW_GROUP_BYTES = 64 * 1024 * 1024;
const PAGE_ROWS = 8192;

/**
 * Writes Parquet in pure JavaScript, where no native module may run. It takes many times as long as DuckDB (measured in
 * docs/how-we-know/performance.md), and columns of types that it can't write become text. One file is open at a time.
 */
export class ParquetjsEngine implements ParquetEngine {
  readonly rowCountIfOurs = rowCountIfOurs;
  readonly name = 'parquetjs-lite';

  degraded(columns: readonly Column[]): Receipt['engine']['degraded'] {
    return degradedColumns(columns);
  }

  async *convert(conversion: Conversion): AsyncGenerator<Converted> {
    const schema = new parquet.ParquetSchema(parquetjsFields(conversion.columns));
    const rejected: Uint8Array[] = [];
    const byDate = new Map<string | null, Uint8Array[]>();
    for (const batch of conversion.batches) {
      sortLines(await unpack(batch), conversion, { byDate, rejected });
    }
    if (rejected.length > 0) yield { kind: 'quarantine', rows: rejected.length, body: Buffer.concat(rejected) };
    for (const event_date of [...byDate.keys()].toSorted()) {
      const lines = byDate.get(event_date) ?? [];
      yield { kind: 'part', event_date, rows: lines.length, body: await writePart(schema, conversion, lines) };
    }
  }
}

interface SortedLines {
  readonly byDate: Map<string | null, Uint8Array[]>;
  readonly rejected: Uint8Array[];
}

function sortLines(ndjson: Uint8Array, conversion: Conversion, sorted: SortedLines): void {
  eachLine(ndjson, (line) => {
    const row = parseLine(line);
    assertKnownKeys(row, conversion.columns);
    const reason = typeMismatch(row, conversion);
    if (reason !== undefined) {
      sorted.rejected.push(quarantineLine(reason, line));
      return;
    }
    const event_date = eventDateOf(row, conversion.event_date_column);
    const lines = sorted.byDate.get(event_date);
    if (lines) lines.push(line);
    else sorted.byDate.set(event_date, [line]);
  });
}

async function writePart(schema: ParquetSchema, conversion: Conversion, lines: readonly Uint8Array[]): Promise<Buffer> {
  const chunks: Buffer[] = [];
  const writer = await openWriter(schema, chunks, lines);
  for (const [key, value] of Object.entries(conversion.provenance)) writer.setMetadata(key, value);
  const converters = convertersOf(conversion.columns);
  const metadata = {
    _ingestion_ts: conversion.ingested_at,
    _source_system: conversion.source_system,
    _ingestion_id: conversion.load_id,
  };
  for (const line of lines) {
    const staged = parseLine(line);
    const _record_hash = createHash('md5').update(line).digest('hex');
    // Without a prototype: a column may be called `constructor`, and be null.
    const row: Record<string, unknown> = Object.assign(Object.create(null), metadata, { _record_hash });
    for (const { name, convert } of converters) {
      const text = staged[name];
      if (typeof text === 'string') row[name] = convert(text);
    }
    // Without await, the library writes rows several times.
    await writer.appendRow(row);
  }
  await writer.close();
  return Buffer.concat(chunks);
}

function openWriter(schema: ParquetSchema, chunks: Buffer[], lines: readonly Uint8Array[]): Promise<ParquetWriter> {
  const longest = lines.reduce((bytes, line) => Math.max(bytes, line.length), 1);
  const rowsWithin = Math.max(1, Math.floor(ROW_GROUP_BYTES / longest));
  const sink = {
    write: (bytes: Buffer, done: () => void) => {
      chunks.push(bytes);
      done();
    },
    end: (done: () => void) => done(),
  };
  return parquet.ParquetWriter.openStream(schema, sink, {
    rowGroupSize: Math.min(ROW_GROUP_ROWS, rowsWithin),
    pageSize: Math.min(PAGE_ROWS, rowsWithin),
    pageIndex: false,
  });
}

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

/** The library's schema for a part. @throws BronzeError ENGINE_LIMIT for a name that the library can't write */
export function parquetjsFields(columns: readonly Column[]): Record<string, Field> {
  const field = (name: string, type: Field['type'], optional: boolean): [string, Field] => {
    if (name === '__proto__') throw unnameable(name);
    return [name, { type, optional, compression: 'SNAPPY', statistics: false }];
  };
  return Object.fromEntries([
    ...columns.map((column) => field(column.name, nativeType(column).field, true)),
    ...METADATA_COLUMNS.map((name) => field(name, 'UTF8', false)),
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
