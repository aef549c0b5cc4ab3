import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DuckDBInstance } from '@duckdb/node-api';
import { parquetMetadata } from 'hyparquet';
import { expect, test } from 'vitest';
import { batchOf, conversionOf, convert, PROVENANCE } from '../adapters/engines.fixtures.ts';
import { rowCountIfOurs } from './provenance.ts';

const COLUMNS = [{ name: 'id', type: 'integer' }];

async function part(rows: number): Promise<Uint8Array> {
  const staged = Array.from({ length: rows }, (_, id) => ({ id: String(id) }));
  const { parts } = await convert('parquetjs-lite', conversionOf(COLUMNS, [batchOf(staged)]));
  return parts[0]?.body ?? new Uint8Array();
}

test('a part with exactly this provenance has as many rows as its file says', async () => {
  expect(rowCountIfOurs(await part(3), PROVENANCE)).toBe(3);
});

test('a part with any other value in its provenance is not ours', async () => {
  const body = await part(1);
  for (const key of Object.keys(PROVENANCE)) {
    expect(rowCountIfOurs(body, { ...PROVENANCE, [key]: 'other' }), key).toBeUndefined();
  }
  expect(rowCountIfOurs(body, { ...PROVENANCE, 'bronze.more': 'x' } as typeof PROVENANCE)).toBeUndefined();
});

test('a Parquet file without provenance is not ours', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'bronze-test-'));
  const instance = await DuckDBInstance.create(':memory:');
  try {
    const file = join(folder, 'theirs.parquet');
    await (await instance.connect()).run(`COPY (SELECT 1 AS id) TO '${file}' (FORMAT parquet)`);
    const body = await readFile(file);
    expect(parquetMetadata(Uint8Array.from(body).buffer).key_value_metadata).toBeUndefined();
    expect(rowCountIfOurs(body, PROVENANCE)).toBeUndefined();
  } finally {
    instance.closeSync();
    await rm(folder, { recursive: true });
  }
});

test('bytes that are not a Parquet file are not ours', async () => {
  const body = await part(1);
  for (const bytes of [new Uint8Array(), Buffer.from('soon to be Parquet'), body.subarray(0, body.length - 1)]) {
    expect(rowCountIfOurs(bytes, PROVENANCE)).toBeUndefined();
  }
});
