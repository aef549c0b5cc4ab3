import { createHash, randomBytes } from 'node:crypto';
import { zstdCompressSync } from 'node:zlib';
import type { Column } from '@bronze/common/entity';
import { timestamp } from '@bronze/common/timestamp';
import { parquetReadObjects } from 'hyparquet';
import { compressors } from 'hyparquet-compressors';
import { type BronzeRow, readPart } from '../../../../test/bronze-folder.ts';
import type { BatchBytes, Conversion, Converted } from '../parquet/parquet-engine.ts';
import { createEngine, type ENGINE_NAMES } from './engines.ts';

export type Staged = Readonly<Record<string, string | null>>;
export type Part = Extract<Converted, { kind: 'part' }>;

export function lineOf(row: Staged): string {
  const sorted = Object.entries(row).toSorted(([a], [b]) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
  return `{${sorted.map(([key, value]) => `${JSON.stringify(key)}:${JSON.stringify(value)}`).join(',')}}`;
}

export function batchOf(rows: readonly Staged[], name = 'batch'): BatchBytes {
  const ndjson = Buffer.from(rows.map((row) => `${lineOf(row)}\n`).join(''));
  const body = zstdCompressSync(ndjson);
  return {
    key: name,
    body,
    rows: rows.length,
    bytes: body.length,
    ndjson_bytes: ndjson.length,
    row_bytes_max: Math.max(1, ...rows.map((row) => Buffer.byteLength(lineOf(row)) + 1)),
    sha256: createHash('sha256').update(body).digest('hex'),
  };
}

export const MARK = { 'bronze.load_id': 'l', 'bronze.write_task': '00000-00000', 'bronze.batches_sha256': 'é"\'' };

export function conversionOf(
  columns: readonly Column[],
  batches: readonly BatchBytes[],
  event_date_column: string | null = null,
): Conversion {
  return {
    batches,
    columns,
    event_date_column,
    ingested_at: timestamp('2024-01-15T10:35:00.000001Z'),
    source_system: 'rds',
    load_id: '0b0b0b0b-0000-8000-8000-000000000000',
    mark: MARK,
  };
}

export async function convert(name: (typeof ENGINE_NAMES)[number], conversion: Conversion) {
  const converted: Converted[] = [];
  for await (const one of createEngine(name).convert(conversion)) converted.push(one);
  const parts = converted.filter((one): one is Part => one.kind === 'part');
  const quarantine = converted.filter((one) => one.kind === 'quarantine');
  return {
    parts,
    quarantine,
    rejected: quarantine.flatMap(({ body }) => Buffer.from(body).toString().split('\n').slice(0, -1)),
  };
}

/** By the reader that wrote neither. */
export async function readBack(part: Part): Promise<Record<string, unknown>[]> {
  const file = Uint8Array.from(part.body).buffer;
  return parquetReadObjects({ file, compressors, utf8: false });
}

export const COLUMNS: readonly Column[] = [
  { name: 'id', type: 'bigint' },
  { name: 'small', type: 'integer' },
  { name: 'price', type: 'numeric(12,2)' },
  { name: 'ratio', type: 'double precision' },
  { name: 'thin', type: 'real' },
  { name: 'flag', type: 'boolean' },
  { name: 'at', type: 'timestamp with time zone' },
  { name: 'local_at', type: 'timestamp without time zone' },
  { name: 'day', type: 'date' },
  { name: 'doc', type: 'jsonb' },
  { name: 'raw', type: 'bytea' },
  { name: 'note', type: 'text' },
];

export const GOOD: Staged = {
  id: '9223372036854775807',
  small: '-2147483648',
  price: '9999999999.99',
  ratio: '0.1',
  thin: '3.4028235e+38',
  flag: 't',
  at: '2024-01-15 10:32:00.123456+00',
  local_at: '0001-01-01 00:00:00',
  day: '9999-12-31',
  doc: '{"a": [1, 2.50]}',
  raw: '\\xdeadbeef00',
  note: 'say "hi" \\ 🎁\n',
};

export const NULLS: Staged = Object.fromEntries(COLUMNS.map(({ name }) => [name, null]));

/** Values of each type that fit exactly, and values that must go to the quarantine. */
export const FITTING: Readonly<Record<string, readonly string[]>> = {
  id: ['0', '-9223372036854775808', '9007199254740993'],
  small: ['0', '2147483647'],
  price: ['0.00', '-0.29', '0.29', '12.30'],
  ratio: ['NaN', 'Infinity', '-Infinity', '1e+300', '5e-324', '123456789.12345679', '9.999999999999999e+22', '-0'],
  thin: ['NaN', '1e-45', '16777216', '0.1'],
  flag: ['f'],
  at: [
    '1969-12-31 23:59:59.999999+00',
    '0001-01-01 00:00:00+00',
    '9999-12-31 23:59:59.999999+00',
    '2024-02-29 00:00:00.5+00',
  ],
  local_at: ['2255-06-05 23:47:34.740993', '9999-12-31 23:59:59.999999'],
  day: ['0001-01-01', '1969-12-31', '2000-02-29'],
  doc: ['[]', 'null', '12345678901234567890.10', '{"b":1,"a":1}'],
  raw: ['\\x', '\\x00'],
  note: ['', ' ', 'null', 'NaN', '\\N', '\u0001', "'; DROP TABLE x; --"],
};
export const UNFIT: Readonly<Record<string, readonly string[]>> = {
  id: ['9223372036854775808', '1.5', ' 1', '0x1F', '1e3', '', '1_000', '-0', '+1', '01'],
  small: ['2147483648', '1.0'],
  price: ['NaN', '12.345', '10000000000.00', 'Infinity', '1e2', '', '.5', '007.00'],
  ratio: ['1e400', '1e-400', '', 'nan', '0.123456789012345678'],
  thin: ['1e39', '0.1234567891'],
  flag: ['true', '1', ''],
  at: [
    'infinity',
    '-infinity',
    '0044-03-15 12:00:00+00 BC',
    '10000-01-01 00:00:00+00',
    '2024-01-15 10:32:00.1234567+00',
    '2024-01-15 10:32:00',
    '2024-01-15 10:32:00+02',
    'epoch',
    '2024-02-30 00:00:00+00',
  ],
  local_at: ['infinity', '2024-01-15 24:00:00', '2024-01-15T10:32:00'],
  day: ['infinity', '0044-03-15 BC', '2023-02-29', '20240115', '10000-01-01'],
  raw: ['\\xa', 'deadbeef', '\\xDEADBEEF', '\\xzz'],
};

export const cases = (table: Readonly<Record<string, readonly string[]>>) =>
  Object.entries(table).flatMap(([name, values]) => values.map((value): [string, string] => [name, value]));

/** The rows of all parts by a reader that wrote none of them, as PostgreSQL's text; floats in JavaScript's. */
export async function textOf(parts: readonly Part[]): Promise<BronzeRow[]> {
  const rows = (await Promise.all(parts.map((part) => readPart(part.body)))).flat();
  for (const row of rows) {
    delete row['_ingestion_ts'];
    for (const [name, round] of [
      ['ratio', Number],
      ['thin', (text: string) => Math.fround(Number(text))],
    ] as const) {
      const text = row[name];
      if (typeof text === 'string') row[name] = Object.is(round(text), -0) ? '-0' : String(round(text));
    }
  }
  return rows;
}

/** Text that doesn't compress. */
export function noise(bytes: number): string {
  return randomBytes(Math.ceil((bytes * 3) / 4))
    .toString('base64')
    .slice(0, bytes);
}
