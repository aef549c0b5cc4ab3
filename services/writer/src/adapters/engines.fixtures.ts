import { createHash, randomBytes } from 'node:crypto';
import { zstdCompressSync } from 'node:zlib';
import type { Column } from '@bronze/common/words/entity';
import { timestamp } from '@bronze/common/words/timestamp';
import { parquetReadObjects } from 'hyparquet';
import { compressors } from 'hyparquet-compressors';
import { type BronzeRow, readPart } from '../../../../test/bronze-folder.ts';
import type { BatchBytes, Conversion, Converted } from '../parquet/parquet-engine.ts';
import type { Staged } from '../parquet/values.fixtures.ts';
import { createEngine, type ENGINE_NAMES } from './engines.ts';

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

export const PROVENANCE = {
  'bronze.load_id': 'l',
  'bronze.write_task': '00000-00000',
  'bronze.batches_sha256': 'é"\'',
};

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
    provenance: PROVENANCE,
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

/** The rows of a part, read by hyparquet, which has written none of them. */
export async function readBack(part: Part): Promise<Record<string, unknown>[]> {
  const file = Uint8Array.from(part.body).buffer;
  return parquetReadObjects({ file, compressors, utf8: false });
}

/** The rows of all parts, read by hyparquet, as PostgreSQL prints values; floats as JavaScript does. */
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

/** Text that hardly compresses. */
export function noise(bytes: number): string {
  return randomBytes(Math.ceil((bytes * 3) / 4))
    .toString('base64')
    .slice(0, bytes);
}
