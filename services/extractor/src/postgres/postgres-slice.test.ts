import { defineConfig, entityOf, isTable } from '@bronze/common/config';
import type { PipelineEvent } from '@bronze/common/load/events';
import type { Deadline } from '@bronze/common/ports/clock';
import { timestamp } from '@bronze/common/words/timestamp';
import { expect, test } from 'vitest';
import { Connections } from './connections.ts';
import type { Database, Session } from './database.ts';
import { PostgresSlice } from './postgres-slice.ts';
import { CATALOG_SQL } from './table/catalog-sql.ts';

const config = defineConfig({
  sources: { db: { type: 'postgres', reconnects: 2 } },
  entities: { things: { source: 'db', table: 'public.things', cursor: null, batch_rows: 1 } },
});
const entity = entityOf(config, 'things');
if (!isTable(entity)) throw new Error('the entity is not a table');

const LOAD = {
  load_id: '00000000-0000-8000-8000-000000000001',
  load_type: 'full',
  since: timestamp('1970-01-01'),
  until: timestamp('2024-01-15'),
  ingested_at: timestamp('2024-01-15'),
} as const;

const DESCRIBED = JSON.stringify({
  kind: 'r',
  oid: '1',
  file_nodes: { '1': '1' },
  attached: [],
  has_xids: true,
  is_empty: false,
  rows_estimated: null,
  has_children: false,
  role: 'reader',
  is_schema_usable: true,
  encoding: 'UTF8',
  zone: 'UTC',
  columns: [{ name: 'id', id: '1.1', type: 'integer', builtin_type: 'int4', not_null: true, readable: true }],
  keys: [{ is_primary: true, columns: ['id'] }],
});

/** A database whose n-th connection sends `rowsOf(n)` rows, numbered on from the one before, and is then lost. */
function losing(rowsOf: (session: number) => number) {
  const opened: Session[] = [];
  const closed: Session[] = [];
  let next = 1;
  const database: Database = {
    open: async () => {
      const rows = rowsOf(opened.length);
      const session: Session = {
        quoting: { identifier: (name) => `"${name}"`, literal: (text) => `'${text}'` },
        rows: async (sql) => (sql === CATALOG_SQL ? [{ described: DESCRIBED }] : [{ replayed: 'true' }]),
        copy: () => ({
          chunks: (async function* () {
            for (let sent = 0; sent < rows; sent += 1) yield Buffer.from(`${next++}\n`);
            throw Object.assign(new Error('read ECONNRESET'), { code: 'ECONNRESET' });
          })(),
          rowCount: async () => rows,
        }),
        close: async () => void closed.push(session),
      };
      opened.push(session);
      return session;
    },
  };
  return { database, opened, closed };
}

function sliceOf(database: Database, deadline?: Deadline) {
  const events: PipelineEvent[] = [];
  const waits: number[] = [];
  const clock = { now: () => timestamp('2024-01-15'), sleep: async (ms: number) => void waits.push(ms) };
  const log = { event: (event: PipelineEvent) => void events.push(event) };
  const source = config.sources['db'];
  if (source?.type !== 'postgres' || !isTable(entity)) throw new Error('the source is not PostgreSQL');
  const slice = new PostgresSlice(
    { database, config: source, clock, log },
    { entity, load: LOAD, position: undefined, deadline },
  );
  return { slice, events, waits };
}

test('a slice whose connection is lost repeatedly without progress fails as SOURCE_INTERRUPTED', async () => {
  const { database, opened, closed } = losing((session) => (session === 0 ? 3 : 0));
  const { slice, events, waits } = sliceOf(database);
  const rows: number[] = [];
  await expect(async () => {
    for await (const batch of slice.batches) rows.push(batch.rows);
  }).rejects.toMatchObject({ code: 'SOURCE_INTERRUPTED', kind: 'transient' });
  expect(rows).toEqual([1, 1, 1]);
  expect(events.map((event) => 'attempt' in event && event.attempt)).toEqual([1, 2]);
  expect(waits).toEqual([500, 1000]);
  expect(closed).toEqual(opened);
});

test('a slice that makes progress on each connection is never given up', async () => {
  const { database, opened } = losing(() => 1);
  const { slice } = sliceOf(database);
  let rows = 0;
  for await (const batch of slice.batches) if ((rows += batch.rows) === 20) break;
  expect(rows).toBe(20);
  expect(opened).toHaveLength(20);
});

test('a slice under a limit of one connection gives its lost one back before it asks for another', async () => {
  const { database, opened, closed } = losing((session) => (session < 3 ? 2 : 5));
  const clock = { now: () => timestamp('2024-01-15'), sleep: () => new Promise<void>(setImmediate) };
  const policy = { retry_for_ms: 0, remembers_refusals: true };
  const log = { event: () => undefined };
  const limited = new Connections({ source: 'db', database, config: { max_connections: 1 }, policy, clock, log });
  let rows = 0;
  for await (const batch of sliceOf(limited).slice.batches) if ((rows += batch.rows) === 10) break;
  expect([opened.length, closed.length]).toEqual([4, 4]);
});

test('a slice does not reconnect when its invocation is about to end', async () => {
  const { database, opened } = losing(() => 1);
  const { slice } = sliceOf(database, { isNear: () => true, remainingMs: () => 0 });
  await expect(async () => {
    for await (const _ of slice.batches) continue;
  }).rejects.toMatchObject({ code: 'SOURCE_INTERRUPTED' });
  expect(opened).toHaveLength(1);
});

test('a slice connects, and knows its columns, only when its first batch is asked for', () => {
  const { database, opened } = losing(() => 1);
  const { slice } = sliceOf(database);
  expect(() => slice.columns).toThrow(RangeError);
  expect(opened).toEqual([]);
});
