import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Checkpoint } from '@bronze/common/load/checkpoint';
import type { PipelineEvent } from '@bronze/common/load/events';
import { timestamp } from '@bronze/common/words/timestamp';
import { type EntityResult, runLocally, type RunRequest } from '@bronze/runner/run-locally';
import { expect, test } from 'vitest';
import { rowsInBronze } from '../bronze-folder.ts';
import { bronze, ended, start } from '../command.ts';
import { execute, newDatabase, newFolder } from '../database.ts';
import config from './interrupted.config.ts';

const CONFIG = join(import.meta.dirname, 'interrupted.config.ts');
const JANUARY = { from: timestamp('2024-01-01'), to: timestamp('2024-02-01') };
const WINDOW = ['--from', '2024-01-01', '--to', '2024-02-01'];
/** More than two slices. */
const LATE = 250;

interface Shop {
  readonly url: string;
  readonly out: string;
}

/** Ten rows that are loaded, then rows of January, and one on each side of it, that come years too late. */
async function shopWithLateRows(): Promise<Shop> {
  const url = await newDatabase(`CREATE TABLE things (id integer PRIMARY KEY, updated_at timestamptz DEFAULT now());
    INSERT INTO things SELECT generate_series(1, 10)`);
  const shop = { url, out: await newFolder() };
  expect((await run(shop)).loads).toMatchObject([{ load_type: 'full', rows: 10 }]);
  await execute(
    url,
    `INSERT INTO things SELECT 1000 + n, '2024-01-01Z'::timestamptz + n * interval '1 hour' FROM generate_series(0, ${LATE - 2}) n;
     INSERT INTO things VALUES (3000, '2024-01-31 23:59:59.999999Z'), (4000, '2023-12-31 23:59:59.999999Z'), (4001, '2024-02-01Z')`,
  );
  return shop;
}

async function run(
  { url, out }: Shop,
  request: Omit<RunRequest, 'stop' | 'entities'> & { readonly until?: PipelineEvent['kind'] } = {},
): Promise<EntityResult> {
  const stop = new AbortController();
  const { until, ...asked } = request;
  const log = { event: ({ kind }: PipelineEvent) => void (kind === until && stop.abort()) };
  const options = { config, out_dir: out, engine: 'duckdb', environment: { DATABASE_URL: url }, log } as const;
  const { results } = await runLocally(options, { stop: stop.signal, entities: ['things'], ...asked });
  const [result] = results;
  if (!result) throw new RangeError('no result');
  return result;
}

async function checkpointIn({ out }: Shop): Promise<Checkpoint> {
  const text = await readFile(join(out, 'logs/pipeline/ingestion/checkpoints.json'), 'utf8');
  return (JSON.parse(text) as Record<string, Checkpoint>)['things'] ?? {};
}

/** How often each row of January is in bronze, and how often others that came late are. */
async function lateRows({ out }: Shop): Promise<{ january: readonly number[]; others: number }> {
  const ids = (await rowsInBronze(out, 'things')).map(({ id }) => Number(id));
  const times = (id: number) => ids.filter((one) => one === id).length;
  const january = [...Array.from({ length: LATE - 1 }, (_, n) => 1000 + n), 3000];
  return { january: [...new Set(january.map(times))], others: times(4000) + times(4001) };
}

const ONCE = { january: [1], others: 0 };

test('rows that were inserted with old cursors come by a backfill, once, and no daily load knows of it', async () => {
  const shop = await shopWithLateRows();
  const daily = await run(shop);
  expect(daily.loads).toMatchObject([{ load_type: 'incremental', rows: 0 }]);
  const before = await checkpointIn(shop);

  const given = ['backfill', 'things', ...WINDOW, '--config', CONFIG, '--out', shop.out];
  const ran = await bronze([...given, '-o', 'json'], { DATABASE_URL: shop.url });
  expect(ran.code, ran.stderr).toBe(0);
  const [said] = JSON.parse(ran.stdout).entities;
  expect(said).toMatchObject({ status: 'completed', backfill: JANUARY, since: JANUARY.from, until: JANUARY.to });
  expect(said).toMatchObject({ rows: LATE, left_out: null, window_fallback: null, loads: [{ backfill: JANUARY }] });
  expect(ran.stderr).toContain(`Starting: Processing things (backfill from ${JANUARY.from} to ${JANUARY.to})`);
  expect(await lateRows(shop)).toEqual(ONCE);
  expect(await checkpointIn(shop)).toEqual({ ...before, last_backfill_id: said.load_id });

  // The status is that of the daily loads.
  const status = await bronze(['status', 'things', '--config', CONFIG, '--out', shop.out, '-o', 'json']);
  expect(JSON.parse(status.stdout).entities[0]).toMatchObject({
    entity: 'things',
    state: 'idle',
    record_count: 0,
    updated_at: before.updated_at,
    last_completed_at: daily.loads[0]?.completed_at,
    guarantee: expect.stringContaining('exact') as unknown,
  });

  await execute(shop.url, 'INSERT INTO things VALUES (5000)');
  const next = await run(shop);
  expect(next.loads).toMatchObject([{ load_type: 'incremental', rows: 1, since: before.last_sync_timestamp }]);
  expect(next.loads[0]).not.toHaveProperty('window_fallback');
  expect(await lateRows(shop)).toEqual(ONCE);
  expect(await checkpointIn(shop)).not.toHaveProperty('last_backfill_id');
});

test('a backfill that is killed, and one that is stopped, go on where they were', async () => {
  const shop = await shopWithLateRows();
  const asked = JSON.stringify({ entity: 'things', backfill: JANUARY });
  const killed = start(process.execPath, [join(import.meta.dirname, 'killed-run.ts'), shop.out, asked], {
    DATABASE_URL: shop.url,
  });
  await ended(killed);
  expect(killed.signalCode).toBe('SIGKILL');
  const { pending_load } = await checkpointIn(shop);
  expect(pending_load).toMatchObject({ backfill: JANUARY });
  const stopped = await run(shop, { backfill: JANUARY, until: 'batch_staged' });
  expect([stopped.status, stopped.continued_from]).toEqual(['interrupted', pending_load?.ingested_at]);
  const given = ['backfill', 'things', ...WINDOW, '--config', CONFIG, '--out', shop.out];
  const { stdout, stderr } = await bronze(given, { DATABASE_URL: shop.url });
  expect(stderr + stdout).toContain(`this is the backfill that was claimed at ${pending_load?.ingested_at}`);
  expect(await lateRows(shop)).toEqual(ONCE);
  expect(await checkpointIn(shop)).toMatchObject({ last_backfill_id: pending_load?.load_id });
});

test('a daily load waits behind a pending backfill, and a backfill behind a pending daily load', async () => {
  const shop = await shopWithLateRows();
  expect((await run(shop, { backfill: JANUARY, until: 'batch_staged' })).status).toBe('interrupted');
  await execute(shop.url, 'INSERT INTO things SELECT generate_series(5001, 5250)');
  const daily = await run(shop, { until: 'batch_staged' });
  expect(daily.status).toBe('interrupted');
  const waiting = await checkpointIn(shop);
  expect([waiting.pending_load?.backfill, waiting.next_requests?.length]).toEqual([JANUARY, 1]);

  const next = await run(shop);
  expect(next.loads.map(({ backfill, rows }) => [backfill, rows])).toEqual([
    [JANUARY, LATE],
    [undefined, 250],
  ]);

  await execute(shop.url, 'INSERT INTO things SELECT generate_series(6001, 6250)');
  expect((await run(shop, { until: 'batch_staged' })).status).toBe('interrupted');
  const again = await run(shop, { backfill: JANUARY });
  expect(again.loads.map(({ backfill, rows }) => [backfill, rows])).toEqual([
    [undefined, 250],
    [JANUARY, LATE],
  ]);
  expect(again.load?.backfill).toEqual(JANUARY);
  expect(await lateRows(shop)).toEqual({ january: [2], others: 0 });
});

test('a window that can’t be loaded again is a usage error that says what can be done', async () => {
  const shop = await shopWithLateRows();
  const refused = async (entity: string, from: string, to: string) => {
    const given = ['backfill', entity, '--from', from, '--to', to, '--config', CONFIG, '--out', shop.out];
    const { code, stderr } = await bronze(given, { DATABASE_URL: shop.url });
    return [code, stderr];
  };
  const { last_sync_timestamp } = await checkpointIn(shop);
  expect(await refused('things', '2024-01-01', '9999-01-01')).toEqual([
    2,
    expect.stringContaining(`end the window at ${last_sync_timestamp} or before`),
  ]);
  expect(await refused('things', 'yesterday', '2024-02-01')).toEqual([2, expect.stringContaining('a date or a time')]);
  expect(await checkpointIn(shop)).not.toHaveProperty('next_requests');
});
