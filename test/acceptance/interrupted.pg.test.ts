import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { LoadType } from '@bronze/common/words/entity';
import { readFolderState } from '@bronze/runner/folder-state';
import { type EntityResult, runLocally } from '@bronze/runner/run-locally';
import { expect, test } from 'vitest';
import { rowsInBronze } from '../bronze-folder.ts';
import { bronze, ended, start } from '../command.ts';
import { newDatabase, newFolder } from '../database.ts';
import config from './interrupted.config.ts';

const ROWS = 500;
const CONFIG = join(import.meta.dirname, 'interrupted.config.ts');

interface Given {
  readonly url: string;
  readonly out: string;
  readonly entity: string;
  readonly load_type?: LoadType;
}

async function newShop(entity: string): Promise<Given> {
  const sql = `CREATE TABLE things (id integer PRIMARY KEY, updated_at timestamptz DEFAULT now());
    INSERT INTO things SELECT generate_series(1, ${ROWS})`;
  return { url: await newDatabase(sql), out: await newFolder(), entity };
}

/** Runs until its end, or until the first batch is staged. @param running gets what the folder says is running then */
async function run(
  given: Given,
  end: 'first batch' | 'its end' = 'its end',
  running: string[] = [],
): Promise<EntityResult | undefined> {
  const stop = new AbortController();
  const log = {
    event: ({ kind }: { readonly kind: string }) => {
      if (kind === 'batch_staged' && end === 'first batch') stop.abort();
      if (kind === 'batch_staged') running.push(...readFolderState(given.out).running);
    },
  };
  const environment = { DATABASE_URL: given.url };
  const options = { config, out_dir: given.out, engine: 'duckdb', environment, log } as const;
  const { entity, load_type } = given;
  const { results } = await runLocally(options, { stop: stop.signal, entities: [entity], load_type });
  return results[0];
}

/** A run that is killed when it has committed a slice, before it sends what comes next. */
async function killedRun({ url, out, entity, load_type }: Given): Promise<void> {
  const given = [join(import.meta.dirname, 'killed-run.ts'), out, JSON.stringify({ entity, load_type })];
  const child = start(process.execPath, given, { DATABASE_URL: url });
  const { stderr } = await ended(child);
  expect(child.signalCode, stderr).toBe('SIGKILL');
}

async function interruptThrice(given: Given): Promise<void> {
  const running: string[] = [];
  expect((await run(given, 'first batch', running))?.status).toBe('interrupted');
  expect(new Set(running)).toEqual(new Set([given.entity]));
  await killedRun(given);
  expect((await run(given, 'first batch'))?.status).toBe('interrupted');
}

async function idsIn({ out, entity }: Given): Promise<number[]> {
  return (await rowsInBronze(out, entity)).map(({ id }) => Number(id)).toSorted((a, b) => a - b);
}

async function pendingLoad({ out, entity }: Given): Promise<{ load_id: string; ingested_at: string } | undefined> {
  const text = await readFile(join(out, 'logs/pipeline/ingestion/checkpoints.json'), 'utf8');
  return JSON.parse(text)[entity].pending_load;
}

const ALL = Array.from({ length: ROWS }, (_, index) => index + 1);

test('three interrupted runs of a table without a cursor and one that ends are one load', async () => {
  const given = await newShop('plain');
  await interruptThrice(given);
  // What was interrupted is pending, but nothing runs: a message of it in the queue does not tell.
  expect(readFolderState(given.out).running).toEqual(new Set());
  const pending = await pendingLoad(given);
  const given_again = ['run', 'plain', '--config', CONFIG, '--out', given.out, '-o', 'json'];
  const { stdout, stderr } = await bronze(given_again, { DATABASE_URL: given.url });
  const { load_id, ingested_at } = pending ?? {};
  expect(JSON.parse(stdout).entities).toMatchObject([
    { status: 'completed', load_id, load_type: 'full', rows: ROWS, continued_from: ingested_at },
  ]);
  expect(stderr).toContain(`Continuing: Processing plain, the full load that was claimed at ${ingested_at}`);
  expect(await idsIn(given)).toEqual(ALL);
  const next = await run(given);
  expect([next?.continued_from, next?.loads[0]?.rows]).toEqual([undefined, ROWS]);
});

test('three interrupted full loads of a table with a cursor are one load, also if a run without --full ends it', async () => {
  const given = await newShop('things');
  await run(given);
  const full: Given = { ...given, load_type: 'full' };
  await interruptThrice(full);
  const pending = await pendingLoad(given);
  const result = await run(given);
  expect(result?.loads.map(({ load_id, load_type, rows }) => [load_id === pending?.load_id, load_type, rows])).toEqual([
    [true, 'full', ROWS],
    [false, 'incremental', 0],
  ]);
  expect(result?.continued_from).toBeUndefined();
  expect(await idsIn(given)).toEqual(ALL.flatMap((id) => [id, id]));
});
