import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { bronze } from '../command.ts';
import { execute, newDatabase, newFolder } from '../database.ts';

const CONFIG = 'test/acceptance/three.config.ts';
const THREE = ['one', 'two', 'three']
  .map((name) => `CREATE TABLE ${name} (id integer PRIMARY KEY, updated_at timestamptz DEFAULT now())`)
  .join('; ');

interface Status {
  readonly entities: readonly {
    readonly entity: string;
    readonly guarantee: string | null;
    readonly watermark_lag_seconds: number | null;
  }[];
}

test('the run, the status and the load record say what a window guarantees, and why it falls back', async () => {
  const url = await newDatabase(`${THREE}; INSERT INTO one VALUES (1), (2)`);
  const out = await newFolder();
  const run = () => bronze(['run', 'one', '--config', CONFIG, '--out', out, '-o', 'json'], { DATABASE_URL: url });
  const loadOf = (stdout: string) =>
    (JSON.parse(stdout) as { entities: readonly Record<string, unknown>[] }).entities[0];
  const guarantee = async () =>
    (JSON.parse((await bronze(['status', '--out', out, '-o', 'json'])).stdout) as Status).entities[0]?.guarantee;
  expect(loadOf((await run()).stdout)).toMatchObject({
    rows: 2,
    window_basis: 'exact_activity',
    window_fallback: null,
  });
  expect(await guarantee()).toBe('exact (activity)');

  await execute(url, 'INSERT INTO one VALUES (3)');
  const path = join(out, 'logs/pipeline/ingestion/checkpoints.json');
  const checkpoints = await readFile(path, 'utf8');
  await writeFile(path, checkpoints.replace(/"last_sync_timestamp": *"[^"]*"/, '"last_sync_timestamp": "2024-01-15"'));
  const edited = await run();
  expect(edited.stderr).toContain('At least once: one uses its timestamp this time');
  expect(loadOf(edited.stdout)).toMatchObject({ rows: 3, window_fallback: 'checkpoint_edited' });
  expect(await guarantee()).toBe('at least once, limited by lookback (checkpoint_edited)');
  expect((await bronze(['status', '--out', out])).stdout).toContain('checkpoint_edited');

  await execute(url, 'INSERT INTO one VALUES (4)');
  expect(loadOf((await run()).stdout)).toMatchObject({ rows: 1, window_fallback: null });
  expect(await guarantee()).toBe('exact (activity)');
});

test('after an abandoned load, the status shows the guarantee of the checkpoint, which has not moved', async () => {
  const url = await newDatabase(`${THREE}; INSERT INTO one VALUES (1), (2)`);
  const out = await newFolder();
  const run = () => bronze(['run', 'one', '--config', CONFIG, '--out', out], { DATABASE_URL: url });
  const status = async () =>
    (JSON.parse((await bronze(['status', '--out', out, '-o', 'json'])).stdout) as Status).entities[0];
  expect((await run()).code).toBe(0);
  const before = await status();
  expect(before?.guarantee).toBe('exact (activity)');

  const path = join(out, 'logs/pipeline/ingestion/checkpoints.json');
  const checkpoints = await readFile(path, 'utf8');
  const at = '2024-01-15T00:00:00.000000Z';
  const load_id = '00000000-0000-8000-8000-000000000001';
  const pending_load = { load_id, load_type: 'incremental', since: at, until: at, ingested_at: at };
  const loading = checkpoints.replace('"exact_position"', `"pending_load": ${JSON.stringify(pending_load)}, $&`);
  await writeFile(path, loading);
  expect((await status())?.guarantee).toBe('timestamps only');
  expect((await bronze(['abandon', 'one', '--out', out])).stderr).toContain('is abandoned');
  const { guarantee, watermark_lag_seconds } = before ?? {};
  expect(await status()).toMatchObject({ guarantee, watermark_lag_seconds });
  expect(watermark_lag_seconds).toBeGreaterThanOrEqual(0);

  await execute(url, 'INSERT INTO one VALUES (3)');
  expect((await run()).code).toBe(0);
  expect((await status())?.guarantee).toBe('exact (activity)');
});
