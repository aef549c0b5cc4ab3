import { startEmbeddedPostgres } from '@bronze/emulators/embedded-postgres';
import { Loads } from '@bronze/extractor/postgres/window/exact-loads.fixtures';
import { expect, onTestFinished, test } from 'vitest';
import { connect, execute } from '../database.ts';
import { startStandby } from '../standby.ts';

const THINGS = 'CREATE TABLE things (id integer PRIMARY KEY, updated_at timestamptz DEFAULT now())';

test('a standby is read exactly with a bounded scan, fails while it lags, and falls back once promoted', async () => {
  const primary = await startEmbeddedPostgres({ max_prepared_transactions: '4', max_connections: '60' });
  onTestFinished(() => primary.stop());
  await execute(primary.url(), THINGS);
  const standby = await startStandby(primary.url());
  onTestFinished(() => standby.stop());
  const loads = new Loads(standby.url, {}, { lookback_seconds: 5 });
  const client = await connect(standby.url);
  const replayed = async (rows: number) =>
    expect
      .poll(async () => Number((await client.query('SELECT count(*) AS rows FROM things')).rows[0].rows))
      .toBe(rows);

  await execute(primary.url(), 'INSERT INTO things VALUES (1)');
  await replayed(1);
  expect(await loads.load()).toEqual(['1']);
  const late = await connect(primary.url());
  await late.query('BEGIN; INSERT INTO things VALUES (2)');
  await execute(primary.url(), 'INSERT INTO things VALUES (3)');
  await replayed(2);
  const held = await loads.claim();
  expect(held.window_basis).toBe('lookback');
  expect(held.window_fallback).toBeUndefined();
  const first = (await loads.rows(held)).map((row) => row['id']);
  await loads.finish(held);
  await late.query('COMMIT');
  await replayed(3);
  expect([...first, ...(await loads.load())].toSorted()).toEqual(['2', '3']);

  await client.query('SELECT pg_wal_replay_pause()');
  const onPrimary = new Loads(primary.url());
  onPrimary.checkpoint = loads.checkpoint;
  await execute(primary.url(), 'INSERT INTO things VALUES (4)');
  expect(await onPrimary.load()).toEqual(['4']);
  loads.checkpoint = onPrimary.checkpoint;
  await expect(loads.claim()).rejects.toMatchObject({ code: 'SOURCE_INTERRUPTED' });
  await client.query('SELECT pg_wal_replay_resume()');
  await replayed(4);
  expect(await loads.load()).toEqual([]);

  await client.query('SELECT pg_promote()');
  await execute(standby.url, 'INSERT INTO things VALUES (5)');
  const promoted = await loads.claim();
  expect(promoted.window_fallback).toBe('database_changed');
  expect((await loads.rows(promoted)).map((row) => row['id'])).toContain('5');
  await loads.finish(promoted);
  expect((await loads.claim()).window_basis).toBe('exact_activity');
});
