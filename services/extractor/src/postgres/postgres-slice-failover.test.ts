import type { PendingLoad } from '@bronze/common/load/checkpoint';
import { defineConfig, entityOf, isTable } from '@bronze/common/config';
import { timestamp } from '@bronze/common/words/timestamp';
import { describe, expect, test } from 'vitest';
import type { Database, Row, Session } from './database.ts';
import { PostgresSlice, type SliceToRead } from './postgres-slice.ts';
import { CATALOG_SQL } from './table/catalog-sql.ts';
import { SNAPSHOT_SQL } from './window/observe-sql.ts';

const config = defineConfig({
  sources: { db: { type: 'postgres', reconnects: 2 } },
  entities: { things: { source: 'db', table: 'public.things', batch_rows: 1 } },
});

const CLAIMED = 'a/00000001/5';
const PROMOTED = 'a/00000002/5';

const LOAD: PendingLoad = {
  load_id: '00000000-0000-8000-8000-000000000001',
  load_type: 'incremental',
  since: timestamp('2024-01-14'),
  until: timestamp('2024-01-15'),
  ingested_at: timestamp('2024-01-15'),
  exact_window: {
    database: CLAIMED,
    table_oid: '1',
    file_nodes: { '1': '7' },
    from_xid: '90',
    until_xid: '100',
    scan_from: timestamp('2024-01-14'),
    next_scan_from: timestamp('2024-01-15'),
  },
};

/** What a connection reaches. */
interface Server {
  readonly database: string;
  readonly file_node?: string;
  readonly extra_column?: string;
  readonly has_key?: boolean;
}

const ORDER = 'public.things (updated_at timestamp with time zone, id integer)';
const BUILTIN: Readonly<Record<string, string>> = { 'timestamp with time zone': 'timestamptz', integer: 'int4' };
const COLUMNS = { updated_at: 'timestamp with time zone', id: 'integer' };

function describedBy({ file_node = '7', extra_column, has_key = true }: Server): string {
  const columns = Object.entries({ ...COLUMNS, ...(extra_column && { [extra_column]: 'text' }) });
  return JSON.stringify({
    kind: 'r',
    oid: '1',
    file_nodes: { '1': file_node },
    attached: [],
    has_xids: true,
    is_empty: false,
    rows_estimated: null,
    has_children: false,
    role: 'reader',
    is_schema_usable: true,
    encoding: 'UTF8',
    zone: 'UTC',
    columns: columns.map(([name, type], index) => {
      return {
        name,
        id: `1.${index + 1}`,
        type,
        builtin_type: BUILTIN[type] ?? 'text',
        not_null: name === 'id',
        readable: true,
      };
    }),
    keys: has_key ? [{ is_primary: true, columns: ['id'] }] : [],
  });
}

/** Each connection reaches the next of the servers, sends one row, and is lost; that to the last one ends well. */
function reaching(servers: readonly Server[]) {
  const copied: string[] = [];
  const counted: string[] = [];
  let opened = 0;
  const open = async (): Promise<Session> => {
    const number = opened++;
    const server = servers[Math.min(number, servers.length - 1)] ?? { database: CLAIMED };
    const at = '2024-01-15T00:00:00.000000Z';
    const snapshot = { at, snapshot_xmin: '100', snapshot_xmax: '100', wal_position: null, wal_writer_delay_ms: '200' };
    const rows = async (sql: string): Promise<Row[]> => {
      if (sql === CATALOG_SQL) return [{ described: describedBy(server) }];
      if (sql === SNAPSHOT_SQL) return [{ ...snapshot, database: server.database }];
      if (sql.includes('count(*)')) counted.push(sql);
      return [{ rows: '7' }];
    };
    return {
      quoting: { identifier: (name) => `"${name}"`, literal: (text) => `'${text}'` },
      rows,
      copy: (sql) => {
        copied.push(sql);
        return {
          chunks: (async function* () {
            const extra = server.extra_column ? 'x\t' : '';
            yield Buffer.from(`${extra}${number}\t2024-01-14 00:00:00+00\n`);
            if (number < servers.length - 1) throw Object.assign(new Error('reset'), { code: 'ECONNRESET' });
          })(),
          rowCount: async () => 1,
        };
      },
      close: async () => undefined,
    };
  };
  const database: Database = { open };
  return { database, copied, counted };
}

async function read(servers: readonly Server[], changes: Partial<SliceToRead> = {}) {
  const { database, copied, counted } = reaching(servers);
  const source = config.sources['db'];
  const entity = entityOf(config, 'things');
  if (source?.type !== 'postgres' || !isTable(entity)) throw new Error('the source is not PostgreSQL');
  const clock = { now: () => timestamp('2024-01-15'), sleep: async () => undefined };
  const ports = { database, config: source, clock, log: { event: () => undefined } };
  const slice = new PostgresSlice(ports, { entity, load: LOAD, position: undefined, ...changes });
  let rows = 0;
  const failure = await (async () => {
    for await (const batch of slice.batches) rows += batch.rows;
    return undefined;
  })().catch((thrown: unknown) => thrown);
  return { slice, rows, copied, counted, failure };
}

const isExact = (sql: string | undefined) => sql?.includes('xmin') ?? false;

describe('a slice whose connection is lost', () => {
  test('resumes by transaction ids on the server of the claim', async () => {
    const { slice, rows, copied, failure } = await read([{ database: CLAIMED }, { database: CLAIMED }]);
    expect(failure).toBeUndefined();
    expect(rows).toBe(2);
    expect(copied.map(isExact)).toEqual([true, true]);
    expect(slice.window_fallback).toBeUndefined();
  });

  test('resumes without them if it was read without them from the start, and says so', async () => {
    const { slice, rows, copied, failure } = await read([{ database: PROMOTED }, { database: PROMOTED }]);
    expect(failure).toBeUndefined();
    expect(rows).toBe(2);
    expect(copied.map(isExact)).toEqual([false, false]);
    expect(slice.window_fallback).toBe('database_changed');
  });

  test.each<[string, Server, Server]>([
    ['after a failover', { database: CLAIMED }, { database: PROMOTED }],
    ['after a failover back', { database: PROMOTED }, { database: CLAIMED }],
    ['after a rewrite', { database: CLAIMED }, { database: CLAIMED, file_node: '8' }],
  ])('is never resumed %s: the rows of both would be taken for one window', async (_, before, after) => {
    const { rows, copied, failure } = await read([before, after, after, after]);
    expect(failure).toMatchObject({ code: 'SOURCE_INTERRUPTED', message: expect.stringContaining('replaced') });
    expect(rows).toBe(1);
    expect(copied).toHaveLength(1);
  });

  test('resumes if the server of the claim is back', async () => {
    const { rows, copied, failure } = await read([
      { database: CLAIMED },
      { database: PROMOTED },
      { database: CLAIMED },
    ]);
    expect(failure).toBeUndefined();
    expect(rows).toBe(2);
    expect(copied.map(isExact)).toEqual([true, true]);
  });

  test('is read again from its start if the table has other columns now', async () => {
    const { rows, failure } = await read([{ database: CLAIMED }, { database: CLAIMED, extra_column: 'extra' }]);
    expect(failure).toMatchObject({ code: 'SOURCE_TIMEOUT', message: expect.stringContaining('columns') });
    expect(rows).toBe(1);
  });
});

describe('a slice that is read in two sessions', () => {
  const SERVERS = [{ database: CLAIMED }, { database: CLAIMED }];

  test('goes on behind the last row of the first', async () => {
    const { copied } = await read(SERVERS);
    expect(copied[0]).not.toContain("'0'");
    expect(copied[1]).toMatch(/"id".*'0'/);
  });

  test('is not resumed after a batch if its rows have no key, so no order', async () => {
    const keyless = SERVERS.map((server) => ({ ...server, has_key: false }));
    const { rows, copied, failure } = await read(keyless);
    expect(failure).toMatchObject({ code: 'SOURCE_INTERRUPTED' });
    expect([rows, copied.length]).toEqual([1, 1]);
  });

  test('counts the rows without a cursor once, within the window that it reads', async () => {
    const { slice, counted } = await read(SERVERS);
    expect(slice.left_out).toEqual({ without_cursor: 7, outside_window: 0, repeated: 0 });
    expect(counted.map(isExact)).toEqual([true]);
    const fallen = await read(SERVERS.map(() => ({ database: PROMOTED })));
    expect(fallen.counted.map(isExact)).toEqual([false]);
  });

  test.each<[string, Partial<SliceToRead>]>([
    ['of a full load', { load: { ...LOAD, load_type: 'full' } }],
    ['behind the first of its load', { position: { order: ORDER, values: ['2024-01-14 00:00:00+00', '0'] } }],
  ])('counts none if it is %s', async (_, changes) => {
    const { slice, counted, failure } = await read(SERVERS, changes);
    expect(failure).toBeUndefined();
    expect([slice.left_out, counted]).toEqual([undefined, []]);
  });
});
