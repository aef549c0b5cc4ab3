import { setTimeout as sleep } from 'node:timers/promises';
import { startEmbeddedPostgres } from '@bronze/emulators/embedded-postgres';
import pg from 'pg';
import { expect, onTestFinished, test } from 'vitest';
import { connect, execute, newDatabase } from '../../../../../test/database.ts';
import { Loads, plainRole } from './exact-loads.fixtures.ts';

const THINGS = 'CREATE TABLE things (id integer PRIMARY KEY, updated_at timestamptz DEFAULT now())';
/** No margin, so that the bounds alone have to hold. */
const BARE = { clock_margin_seconds: 0 };

test('a crash does not reuse an id that a window has passed: the claim waits until rollbacks are logged', async () => {
  const server = await startEmbeddedPostgres();
  onTestFinished(() => server.stop());
  const url = await server.createDatabase('shop');
  await execute(url, THINGS);
  const loads = new Loads(url, {}, BARE, true);
  const victim = await connect(url);
  for (let round = 0; round < 50; round += 1) await victim.query('BEGIN; INSERT INTO things VALUES (0); ROLLBACK');
  expect(await loads.load()).toEqual([]);
  const { rows } = await victim.query<{ pid: number }>('SELECT pg_backend_pid() AS pid');
  victim.on('error', () => undefined);
  process.kill(rows[0]?.pid ?? 0, 'SIGKILL');
  // A killed backend makes the whole server recover from its log.
  await expect
    .poll(
      () =>
        execute(url, 'INSERT INTO things VALUES (1)').then(
          () => 'up',
          () => 'down',
        ),
      { timeout: 30_000 },
    )
    .toBe('up');
  await execute(url, 'BEGIN; INSERT INTO things VALUES (2); ROLLBACK');
  const load = await loads.claim();
  expect(load.window_fallback).toBeUndefined();
  expect((await loads.rows(load)).map((row) => row['id'])).toEqual(['1']);
});

test('a transaction that hides its start holds the window back, for a role that sees all others', async () => {
  const url = await newDatabase(THINGS);
  const loads = new Loads(await plainRole(url, 'pg_read_all_stats'), {}, BARE);
  expect(await loads.load()).toEqual([]);
  const hidden = await connect(url);
  await hidden.query('BEGIN; SET track_activities = off; SELECT 1; SET track_activities = on');
  await sleep(20);
  expect(await loads.load()).toEqual([]);
  await hidden.query('INSERT INTO things VALUES (1); COMMIT');
  expect(await loads.load()).toEqual(['1']);
});

test('an idle transaction in a replication session holds the window back', async () => {
  const url = await newDatabase(THINGS);
  const loads = new Loads(await plainRole(url, 'pg_read_all_stats'), {}, BARE);
  expect(await loads.load()).toEqual([]);
  const sender = new pg.Client({ connectionString: url, replication: 'database' } as pg.ClientConfig);
  await sender.connect();
  onTestFinished(() => sender.end());
  await sender.query('BEGIN');
  await sender.query('SELECT 1');
  await sleep(20);
  expect(await loads.load()).toEqual([]);
  await sender.query('INSERT INTO things VALUES (1)');
  await sender.query('COMMIT');
  expect(await loads.load()).toEqual(['1']);
});

test.each(['', 'pg_read_all_stats'])(
  'writers that overlap without end don’t hold the lower bound back for ever (granted: %j)',
  async (grant) => {
    const url = await newDatabase(`${THINGS}; CREATE INDEX ON things (updated_at)`);
    const loads = new Loads(await plainRole(url, grant), {}, BARE);
    let writer = await connect(url);
    await writer.query('BEGIN; INSERT INTO things VALUES (0)');
    await loads.load();
    const [first] = [loads.checkpoint?.exact_position?.open_bound];
    for (let id = 1; id < 9; id += 1) {
      // The next writer is open, and has its id, before this one ends; others come and go meanwhile.
      const next = await connect(url);
      await next.query(`BEGIN; INSERT INTO things VALUES (${id})`);
      await execute(url, `INSERT INTO things VALUES (${100 + id})`);
      await loads.load();
      await writer.query('COMMIT');
      writer = next;
    }
    const position = loads.checkpoint?.exact_position;
    expect(position?.lower_bound).not.toBeNull();
    expect((position?.lower_bound ?? '') > (first ?? '')).toBe(true);
    await writer.query('COMMIT');
    expect((await loads.load()).length).toBeGreaterThan(0);
  },
);

test('after the clock is set back, the next load scans without a bound and loses nothing', async () => {
  const url = await newDatabase(THINGS);
  const loads = new Loads(await plainRole(url), {}, BARE);
  await execute(url, 'INSERT INTO things VALUES (1)');
  expect(await loads.load()).toEqual(['1']);
  const { checkpoint } = loads;
  const ahead = '2099-01-01T00:00:00.000000Z';
  const position = { ...checkpoint?.exact_position, at: ahead, looked_at: ahead, lower_bound: ahead, scan_from: ahead };
  loads.checkpoint = { ...checkpoint, last_sync_timestamp: ahead, exact_position: position } as typeof checkpoint;
  await execute(url, 'INSERT INTO things VALUES (2)');
  const load = await loads.claim();
  expect(load).toMatchObject({ window_basis: 'exact_unbounded' });
  expect(load.window_fallback).toBeUndefined();
  expect((await loads.rows(load)).map((row) => row['id'])).toEqual(['2']);
  await loads.finish(load);
  await execute(url, 'INSERT INTO things VALUES (3)');
  expect(await loads.load()).toEqual(['3']);
});

test('a table that a view replaces is loaded in full, and the load says so', async () => {
  const url = await newDatabase(THINGS);
  await execute(url, 'INSERT INTO things VALUES (1)');
  const reading = await plainRole(url);
  const loads = new Loads(reading, { primary_key: ['id'] }, { lookback_seconds: 1, margin_seconds: 0 });
  expect(await loads.load()).toEqual(['1']);
  await execute(
    url,
    'ALTER TABLE things RENAME TO base; CREATE VIEW things AS SELECT * FROM base; GRANT SELECT ON things TO PUBLIC',
  );
  await execute(url, 'INSERT INTO base VALUES (2)');
  const load = await loads.claim();
  expect(load).toMatchObject({ load_type: 'full', window_fallback: 'table_changed', window_basis: 'margin' });
  expect((await loads.rows(load)).map((row) => row['id'])).toEqual(['1', '2']);
  await loads.finish(load);
  const next = await loads.claim();
  expect(next.load_type).toBe('incremental');
  expect(next.window_fallback).toBeUndefined();
});
