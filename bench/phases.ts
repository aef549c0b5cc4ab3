import { randomUUID } from 'node:crypto';
import type { PendingLoad } from '@bronze/common/load/checkpoint';
import { CheckpointFile } from '@bronze/common/load/checkpoint-file';
import { defineConfig, entityOf } from '@bronze/common/config';
import type { WriteMessage } from '@bronze/common/load/messages';
import { readSlices } from '@bronze/common/load/slice-manifest';
import { timestamp } from '@bronze/common/words/timestamp';
import { PgDatabase } from '@bronze/extractor/adapters/pg-database';
import { PostgresSource } from '@bronze/extractor/postgres/postgres-source';
import { stageSlice } from '@bronze/extractor/stage-slice';
import { ZSTD_CODEC } from '@bronze/extractor/zstd-codec';
import { FolderObjectStore } from '@bronze/common/adapters/local/folder-object-store';
import { runLocally } from '@bronze/runner/run-locally';
import { SystemClock } from '@bronze/common/adapters/system-clock';
import { createEngine, type EngineName } from '@bronze/writer/adapters/engines';
import { writeTask } from '@bronze/writer/write-task';
import pg from 'pg';
import { to as copyTo } from 'pg-copy-streams';

export const PHASES = ['floor', 'extract', 'write-duckdb', 'write-parquetjs-lite', 'pipeline'] as const;
export type Phase = (typeof PHASES)[number];

export interface PhaseInput {
  readonly url: string;
  readonly folder: string;
}

const config = (url: string) =>
  defineConfig({
    sources: { bench: { type: 'postgres', url } },
    entities: { orders: { source: 'bench', table: 'public.bench_orders', event_date: 'ordered_at' } },
  });

const LOAD: PendingLoad = {
  load_id: '00000000-0000-8000-8000-000000000000',
  load_type: 'full',
  since: timestamp('1970-01-01'),
  until: timestamp('9999-12-31'),
  ingested_at: timestamp('2026-01-01'),
};

const log = { event: () => undefined };

/** The work of each phase, which is all that is measured. */
export const RUN: Readonly<Record<Phase, (input: PhaseInput) => Promise<void>>> = {
  floor,
  extract,
  'write-duckdb': (input) => write(input, 'duckdb'),
  'write-parquetjs-lite': (input) => write(input, 'parquetjs-lite'),
  pipeline,
};

/** The floor: a plain COPY through the same library, whose bytes are discarded. */
async function floor({ url }: PhaseInput): Promise<void> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  const stream = client.query(copyTo('COPY bench_orders TO STDOUT'));
  for await (const _ of stream);
  await client.end();
}

async function extract({ url, folder }: PhaseInput): Promise<void> {
  const objects = await FolderObjectStore.open(folder);
  const sourceConfig = config(url).sources['bench'];
  if (sourceConfig?.type !== 'postgres') throw new Error('the bench has a source');
  const source = new PostgresSource({
    database: new PgDatabase({ url: async () => url, config: sourceConfig }),
    config: sourceConfig,
    clock: new SystemClock(),
    log,
  });
  const ports = {
    objects,
    source,
    log,
    attempts: { next: randomUUID },
    codec: ZSTD_CODEC,
    deadline: { isNear: () => false, remainingMs: () => Infinity },
  };
  const entity = entityOf(config(url), 'orders');
  let last = (await readSlices(objects, { entity: 'orders', ...LOAD })).at(-1);
  while (!last?.final) last = await stageSlice(ports, entity, LOAD, last);
}

/** Writes what the extract phase staged, two tasks at a time like the local pipeline. */
async function write({ folder }: PhaseInput, engine: EngineName): Promise<void> {
  const objects = await FolderObjectStore.open(folder);
  const ports = {
    objects,
    engine: createEngine(engine),
    checkpoints: new CheckpointFile(objects),
    requests: { send: async () => undefined },
    clock: new SystemClock(),
    log,
  };
  const slices = await readSlices(objects, { entity: 'orders', ...LOAD });
  const messages = slices.flatMap((slice) =>
    slice.tasks.map((_, task): WriteMessage => ({ entity: 'orders', load_id: LOAD.load_id, slice: slice.slice, task })),
  );
  const worker = async () => {
    for (let next = messages.shift(); next; next = messages.shift()) await writeTask(ports, next);
  };
  await Promise.all([worker(), worker()]);
}

async function pipeline({ url, folder }: PhaseInput): Promise<void> {
  const stop = new AbortController().signal;
  const options = { config: config(url), out_dir: folder, engine: 'duckdb', environment: {}, log } as const;
  const { results } = await runLocally(options, { stop });
  if (results.some(({ status }) => status !== 'completed')) throw new Error('the pipeline did not complete');
}
