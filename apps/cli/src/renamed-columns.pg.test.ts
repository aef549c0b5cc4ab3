import { join } from 'node:path';
import { defineConfig } from '@bronze/common/config';
import { type EntityResult, runLocally } from '@bronze/runner/run-locally';
import type { EngineName } from '@bronze/writer/adapters/engines';
import { DuckDBInstance } from '@duckdb/node-api';
import { describe, expect, test } from 'vitest';
import { execute, newDatabase, newFolder } from '../../../test/database.ts';
import { RestWorld } from '../../../test/integration/rest-world.ts';

/** The tables of a user whose columns are named like the folders and like what Bronze adds. */
const TABLES = `
  CREATE TABLE bookings (id integer PRIMARY KEY, event_date date NOT NULL, load_type text, _record_hash text,
    updated_at timestamptz DEFAULT now());
  INSERT INTO bookings VALUES (1, '2024-01-15', 'pallet', 'x'), (2, '2024-01-16', 'bulk', NULL);
  CREATE TABLE deliveries (ingestion_date date, load_type text, "Event_Date" timestamptz, _is_deleted timestamptz,
    "Id" integer PRIMARY KEY);
  INSERT INTO deliveries VALUES ('2020-02-02', 'pallet', '2024-01-15 10:00Z', NULL, 1), ('2020-02-03', 'bulk', NULL, now(), 2)`;

const BOOKINGS = {
  source: 'db',
  table: 'public.bookings',
  event_date: 'event_date',
  columns: {
    event_date: { as: 'event_at' },
    load_type: { as: 'freight' },
    _record_hash: { as: 'hash' },
    updated_at: { as: 'changed_at' },
    id: { as: 'zz_id' },
  },
};
const DELIVERIES = {
  source: 'db',
  table: 'public.deliveries',
  cursor: 'Event_Date',
  event_date: 'Event_Date',
  deleted_at: '_is_deleted',
  columns: {
    ingestion_date: { as: 'arrived' },
    load_type: { as: 'freight' },
    Event_Date: { as: 'event_at' },
    _is_deleted: { as: 'gone_at' },
  },
};

/** Reads as people do: no options, so that DuckDB takes the folders for columns. */
async function readAsPeopleDo(out: string, entity: string, columns: string): Promise<unknown[]> {
  const connection = await (await DuckDBInstance.create(':memory:')).connect();
  const files = join(out, 'data/bronze', entity, '**/*.parquet');
  const reader = await connection.runAndReadAll(`SELECT ${columns} FROM read_parquet('${files}') ORDER BY ALL`);
  connection.closeSync();
  return reader.getRowsJson();
}

async function load(url: string, out: string, engine: EngineName = 'duckdb'): Promise<readonly EntityResult[]> {
  const config = defineConfig({
    sources: { db: { type: 'postgres', url } },
    entities: { bookings: { ...BOOKINGS, slice_rows: 1, batch_rows: 1 }, deliveries: DELIVERIES },
  });
  const options = { config, out_dir: out, engine, environment: {}, log: { event: () => undefined } };
  const { results } = await runLocally(options, { stop: new AbortController().signal });
  expect(results.map(({ entity, status, failure }) => [entity, status, failure])).toEqual([
    ['bookings', 'completed', undefined],
    ['deliveries', 'completed', undefined],
  ]);
  return results;
}

describe.each(['duckdb', 'parquetjs-lite'] as const)('columns that are renamed on the way, written by %s', (engine) => {
  test('have their own values under their new names, next to the folders', async () => {
    const [url, out] = [await newDatabase(TABLES), await newFolder()];
    await load(url, out, engine);
    const bookings = 'zz_id, event_at, event_date, freight, load_type, hash';
    expect(await readAsPeopleDo(out, 'bookings', bookings)).toEqual([
      [1, '2024-01-15', '2024-01-15', 'pallet', 'full', 'x'],
      [2, '2024-01-16', '2024-01-16', 'bulk', 'full', null],
    ]);
    const deliveries = `"Id", arrived, freight, load_type, left(event_at::text, 19), event_date, gone_at IS NULL, _is_deleted`;
    expect(await readAsPeopleDo(out, 'deliveries', deliveries)).toEqual([
      [1, '2020-02-02', 'pallet', 'full', '2024-01-15 10:00:00', '2024-01-15', true, false],
      [2, '2020-02-03', 'bulk', 'full', null, null, false, true],
    ]);
  });
});

test('incremental loads go by the cursor and key of the table, in slices, and manifests name columns as Bronze does', async () => {
  const [url, out] = [await newDatabase(TABLES), await newFolder()];
  await load(url, out);
  await execute(
    url,
    "UPDATE bookings SET load_type = 'express', updated_at = now(); INSERT INTO bookings VALUES (3, '2024-01-17')",
  );
  const [bookings] = await load(url, out);
  const record = bookings?.loads.at(-1);
  expect(record).toMatchObject({ load_type: 'incremental', rows: 3, window_basis: 'exact_activity' });
  expect(record?.columns.map(({ name }) => name)).toEqual(['zz_id', 'event_at', 'freight', 'hash', 'changed_at']);
  expect(await readAsPeopleDo(out, 'bookings', 'load_type, zz_id, freight, event_at')).toEqual([
    ['full', 1, 'pallet', '2024-01-15'],
    ['full', 2, 'bulk', '2024-01-16'],
    ['incremental', 1, 'express', '2024-01-15'],
    ['incremental', 2, 'express', '2024-01-16'],
    ['incremental', 3, null, '2024-01-17'],
  ]);
});

test('fields of an API are renamed on the way too, with declared and inferred types, in slices and after them', async () => {
  const record = (id: string, updated_at: string) => ({
    id,
    updated_at,
    json: `{"id":"${id}","updated_at":"${updated_at}","event_date":"2024-01-15","Load_Type":"pallet","_record_hash":{"a":1},"ingestion_date":"2020-02-02","note":"x"}`,
  });
  await using world = await RestWorld.open({
    records: [record('a', '2024-01-15T10:00:00Z'), record('b', '2024-01-16T10:00:00Z')],
    entity: {
      event_date: 'event_date',
      exclude: ['note'],
      columns: {
        id: { as: 'zz_id' },
        event_date: { as: 'event_at' },
        Load_Type: { as: 'freight' },
        _record_hash: { type: 'json', as: 'hash' },
        ingestion_date: { type: 'date', as: 'arrived' },
        updated_at: { as: 'changed_at' },
      },
      paging: { style: 'cursor', cursor_path: 'meta.next_cursor', size: 1 },
      slice_rows: 1,
      batch_rows: 1,
    },
  });
  expect(await world.failingRun({ columns: { event_date: 'date' } })).toMatchObject({
    code: 'COLUMN_RESERVED',
    hint: expect.stringContaining(
      `set event_date: { type: 'date', as: 'source_event_date' } in columns of things`,
    ) as string,
  });
  const first = await world.load();
  const names = first.columns.map(({ name, type }) => `${name} ${type}`).toSorted();
  expect(names).toEqual([
    'arrived date',
    'changed_at timestamp with time zone',
    'event_at date',
    'freight text',
    'hash json',
    'zz_id text',
  ]);
  world.list.add(record('c', new Date().toISOString()));
  await world.nextSecond();
  expect(await world.load()).toMatchObject({ load_type: 'incremental', rows: 1, columns: first.columns });
  const columns = 'zz_id, event_at, event_date, freight, load_type, arrived, hash';
  expect(await readAsPeopleDo(world.out, 'things', columns)).toEqual([
    ['a', '2024-01-15', '2024-01-15', 'pallet', 'full', '2020-02-02', '{"a":1}'],
    ['b', '2024-01-15', '2024-01-15', 'pallet', 'full', '2020-02-02', '{"a":1}'],
    ['c', '2024-01-15', '2024-01-15', 'pallet', 'incremental', '2020-02-02', '{"a":1}'],
  ]);
});
