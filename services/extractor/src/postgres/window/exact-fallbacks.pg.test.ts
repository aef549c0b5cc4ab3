import type { ExactPosition } from '@bronze/common/words/exact-position';
import { timestamp } from '@bronze/common/words/timestamp';
import { describe, expect, test } from 'vitest';
import { connect, execute, newDatabase } from '../../../../../test/database.ts';
import { Loads, plainRole } from './exact-loads.fixtures.ts';
import { begun, startAt } from '../postgres-source.fixtures.ts';

const THINGS = 'CREATE TABLE things (id integer PRIMARY KEY, updated_at timestamptz DEFAULT now(), note text)';

describe('a load whose position does not count', () => {
  /** Loads of a table with two old rows and a new one, all of which have been loaded. */
  async function loaded() {
    const url = await newDatabase(
      `${THINGS}; INSERT INTO things VALUES (1, '2024-01-01'), (2, '2024-01-02'), (3, now())`,
    );
    const loads = new Loads(url);
    expect(await loads.load()).toEqual(['1', '2', '3']);
    return { url, loads };
  }

  function change(loads: Loads, changes: Partial<ExactPosition>): void {
    const { exact_position, ...checkpoint } = loads.checkpoint ?? {};
    if (!exact_position) throw new Error('the checkpoint has no exact position');
    loads.checkpoint = { ...checkpoint, exact_position: { ...exact_position, ...changes } };
  }

  test.each([
    ['checkpoint_edited', { at: timestamp('2024-01-01') }],
    ['database_changed', { database: '1/00000001/5' }],
    ['database_restored', { xid: '99999999999', next_xid: '99999999999' }],
    ['database_restored', { next_xid: '99999999999' }],
  ] as const)(
    'because of %s reads from the timestamp less the lookback, and the next one is exact again',
    async (why, changes) => {
      const { url, loads } = await loaded();
      change(loads, changes);
      await execute(url, 'INSERT INTO things VALUES (4)');
      const load = await loads.claim();
      expect(load).toMatchObject({ window_basis: 'lookback', window_fallback: why });
      expect((await loads.rows(load)).map((row) => row['id'])).toEqual(['3', '4']);
      await loads.finish(load);
      await execute(url, 'INSERT INTO things VALUES (5)');
      const next = await loads.claim();
      expect(next.window_fallback).toBeUndefined();
      expect((await loads.rows(next)).map((row) => row['id'])).toEqual(['5']);
    },
  );

  test('table_changed: nothing of that table was ever read, so the load is full, and exact again after it', async () => {
    const { url, loads } = await loaded();
    change(loads, { table_oid: '1' });
    await execute(url, 'INSERT INTO things VALUES (4)');
    const load = await loads.claim();
    expect(load).toMatchObject({ load_type: 'full', window_fallback: 'table_changed' });
    expect((await loads.rows(load)).map((row) => row['id'])).toEqual(['1', '2', '3', '4']);
    await loads.finish(load);
    await execute(url, 'INSERT INTO things VALUES (5)');
    expect(await loads.load()).toEqual(['5']);
  });

  test('after an edited timestamp brings rows above it again, and leaves later commits to the next load', async () => {
    const { url, loads } = await loaded();
    loads.checkpoint = { ...loads.checkpoint, last_sync_timestamp: timestamp('2024-01-01T12:00:00Z') };
    const late = await connect(url);
    await late.query('BEGIN; INSERT INTO things VALUES (4)');
    const load = await loads.claim();
    expect(load.window_fallback).toBe('checkpoint_edited');
    await late.query('COMMIT');
    expect((await loads.rows(load)).map((row) => row['id'])).toEqual(['2', '3']);
    await loads.finish(load);
    expect(await loads.load()).toEqual(['4']);
  });

  test('because a checkpoint of an earlier version has none falls back with no_position', async () => {
    const { loads } = await loaded();
    const { exact_position: _, ...checkpoint } = loads.checkpoint ?? {};
    loads.checkpoint = checkpoint;
    expect((await loads.claim()).window_fallback).toBe('no_position');
  });

  test('an abandoned load does not move the position: the next load takes its rows', async () => {
    const { url, loads } = await loaded();
    await execute(url, 'INSERT INTO things VALUES (4)');
    await loads.finish(await loads.claim(), 'abandoned');
    await execute(url, 'INSERT INTO things VALUES (5)');
    expect(await loads.load()).toEqual(['4', '5']);
  });
});

test('a load whose database is replaced while it is read continues by the timestamp, and says so', async () => {
  const url = await newDatabase(`${THINGS}; INSERT INTO things VALUES (1, '2024-01-01')`);
  const loads = new Loads(url);
  await loads.load();
  await execute(url, 'INSERT INTO things VALUES (2)');
  const load = await loads.claim();
  const window = load.exact_window;
  if (!window) throw new Error('the load has no exact window');
  const moved = { ...load, exact_window: { ...window, database: '1/00000001/5' } };
  expect((await begun(loads.reading, moved)).window_fallback).toBe('database_changed');
  expect((await loads.rows(moved)).map((row) => row['id'])).toEqual(['2']);
  const behind = { ...load, exact_window: { ...window, until_xid: '99999999999' } };
  // A server that is no standby can be behind the claim only if an older copy was restored.
  expect((await begun(loads.reading, behind)).window_fallback).toBe('database_restored');
  expect((await loads.rows(behind)).map((row) => row['id'])).toEqual(['2']);
});

describe('the xmin of rows', () => {
  test.each([
    [
      'partitioned',
      'CREATE TABLE things (id integer PRIMARY KEY, updated_at timestamptz DEFAULT now()) PARTITION BY RANGE (id); CREATE TABLE p0 PARTITION OF things FOR VALUES FROM (0) TO (100); CREATE TABLE p1 PARTITION OF things DEFAULT',
    ],
    [
      'with inheriting tables',
      'CREATE TABLE things (id integer PRIMARY KEY, updated_at timestamptz DEFAULT now()); CREATE TABLE more (CHECK (id > 99)) INHERITS (things)',
    ],
    ['without a key', 'CREATE TABLE things (id integer, updated_at timestamptz DEFAULT now())'],
  ])('makes loads of a table %s exact', async (kind, sql) => {
    const url = await newDatabase(sql);
    const other = kind === 'with inheriting tables' ? 'more' : 'things';
    const loads = new Loads(await plainRole(url));
    await execute(url, `INSERT INTO things VALUES (1); INSERT INTO ${other} VALUES (101)`);
    const read = async () => (await loadInOne(loads)).toSorted();
    expect(await read()).toEqual(['1', '101']);
    const late = await connect(url);
    await late.query(`BEGIN; INSERT INTO ${other} VALUES (102)`);
    await execute(url, 'INSERT INTO things VALUES (2)');
    expect(await read()).toEqual([]);
    await late.query('COMMIT');
    expect(await read()).toEqual(['102', '2']);
  });

  test.each([
    [
      'a view',
      'CREATE TABLE base (id integer, updated_at timestamptz DEFAULT now()); CREATE VIEW things AS SELECT * FROM base',
    ],
    [
      'a table with a foreign partition',
      `CREATE EXTENSION file_fdw; CREATE SERVER there FOREIGN DATA WRAPPER file_fdw;
       CREATE TABLE things (id integer, updated_at timestamptz DEFAULT now()) PARTITION BY RANGE (id);
       CREATE FOREIGN TABLE p0 PARTITION OF things FOR VALUES FROM (0) TO (100) SERVER there OPTIONS (program 'true')`,
    ],
  ])('does not exist in %s: its windows are of time, and say so', async (_, sql) => {
    const settings = sql.includes('VIEW') ? { primary_key: ['id'] } : {};
    const { source, entity } = new Loads(await newDatabase(sql), settings).reading;
    const watermark = await source.readHighWatermark(entity);
    expect(watermark).toMatchObject({ basis: 'oldest_transaction' });
    expect(watermark.exact).toBeUndefined();
  });

  test('needs a grant of its own for a role with grants on columns: without it, windows are of time', async () => {
    const url = await newDatabase(THINGS);
    const login = await plainRole(url);
    const role = new URL(login).username;
    await execute(
      url,
      `REVOKE SELECT ON things FROM ${role}; GRANT SELECT (id, updated_at, note) ON things TO ${role}`,
    );
    const { source, entity } = new Loads(login).reading;
    expect((await source.readHighWatermark(entity)).exact).toBeUndefined();
    await execute(url, `GRANT SELECT (xmin) ON things TO ${role}`);
    expect((await source.readHighWatermark(entity)).exact).toBeDefined();
  });
});

test('windows are of time on a server that does not let the role observe transactions', async () => {
  const url = await newDatabase(`${THINGS}; REVOKE EXECUTE ON FUNCTION pg_control_system() FROM PUBLIC`);
  const { source, entity } = new Loads(await plainRole(url)).reading;
  expect(await source.readHighWatermark(entity)).toEqual({
    until: expect.any(String),
    basis: 'margin',
    rows_estimated: 0,
    storage: { table_oid: expect.any(String), file_nodes: expect.any(Object), is_empty: true },
  });
});

async function loadInOne(loads: Loads): Promise<string[]> {
  const load = await loads.claim();
  const { source, entity } = loads.reading;
  const reader = await source.openSlice(entity, load, startAt());
  const ids: string[] = [];
  for await (const { ndjson } of reader.batches)
    ids.push(
      ...[
        ...Buffer.from(ndjson)
          .toString()
          .matchAll(/"id":"(\d+)"/g),
      ].map(([, id = '']) => id),
    );
  await loads.finish(load);
  return ids;
}

test('a row whose cursor is rounded, or has no zone, is in the next load and not below its bound', async () => {
  for (const type of ['timestamptz(0)', 'timestamp(0)', 'timestamp']) {
    const url = await newDatabase(`CREATE TABLE things (id serial PRIMARY KEY, updated_at ${type} DEFAULT now())`);
    await execute(url, `ALTER DATABASE ${new URL(url).pathname.slice(1)} SET timezone = 'America/New_York'`);
    const loads = new Loads(url, {}, { clock_margin_seconds: 0 });
    for (const id of ['1', '2', '3']) {
      await execute(url, 'INSERT INTO things DEFAULT VALUES');
      expect(await loads.load()).toEqual([id]);
    }
  }
});
