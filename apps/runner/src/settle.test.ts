import { CheckpointFile } from '@bronze/common/load/checkpoint-file';
import type { ExtractRequest } from '@bronze/common/load/messages';
import { loadRecordKey } from '@bronze/common/load/object-keys';
import { encodeJson } from '@bronze/common/words/json';
import { EPOCH, timestamp } from '@bronze/common/words/timestamp';
import { MemoryObjectStore } from '@bronze/emulators/memory-object-store';
import { expect, test } from 'vitest';
import { type Run, settle } from './settle.ts';

const NOW = timestamp('2024-01-16');
const idOf = (n: number) => `${n}0000000-0000-8000-8000-000000000000`;
const PLANNED = ['customers', 'orders', 'items'].map((entity, n) => ({
  entity,
  load_id: idOf(n + 1),
  load_type: 'full' as const,
  since: EPOCH,
}));

/** A run of `items` after `orders` after `customers`, before whose first delivery another run does what `others` says. */
async function runBeside(others: (load: (entity: string, load_id: string) => Promise<void>) => Promise<void>) {
  const objects = new MemoryObjectStore();
  const checkpoints = new CheckpointFile(objects);
  const asked: ExtractRequest[] = [{ entity: 'customers', load_id: idOf(1) }];
  const loaded: string[] = [];
  const load = async (entity: string, load_id: string) => {
    const window = { since: EPOCH, until: NOW, ingested_at: NOW, completed_at: NOW };
    const counts = { rows: 0, rows_in_bronze: 0, rows_quarantined: 0, slices: 1, write_tasks: 0 };
    const lists = { engines: [], columns: [], parts: [], quarantine: [] };
    const status = { version: 1, status: 'completed', entity, load_id, load_type: 'full' };
    await objects.putIfAbsent(
      loadRecordKey({ entity, load_id }),
      encodeJson({ ...status, ...window, ...counts, ...lists }),
    );
    const { version } = await checkpoints.read(entity);
    await checkpoints.swap(entity, version, { last_sync_timestamp: NOW, last_load_id: load_id });
  };
  let drains = 0;
  const run: Run = {
    pipeline: {
      objects,
      checkpoints,
      requests: { send: async (requests) => void asked.push(...requests) },
      clock: { now: () => NOW, sleep: async () => undefined },
      takeOver: async () => undefined,
      drain: async () => {
        if (drains++ === 0) return others(load);
        for (const { entity, load_id } of asked.splice(0)) {
          if (await objects.get(loadRecordKey({ entity, load_id }))) continue;
          await load(entity, load_id);
          loaded.push(entity);
        }
      },
      hasMessages: () => false,
    },
    plan: { run_id: idOf(9), load_type: 'incremental', planned: PLANNED, skipped: [] },
    load_type: undefined,
    before: new Map(await checkpoints.readAll()),
    begun: new Set(),
    dependencies: new Map([
      ['customers', []],
      ['orders', ['customers']],
      ['items', ['orders']],
    ]),
    failures: () => new Map(),
  };
  await settle(run, new AbortController().signal);
  return loaded;
}

test('each entity is requested once what it is loaded after is decided', async () => {
  expect(await runBeside(async () => undefined)).toEqual(['customers', 'orders', 'items']);
});

test.each([
  ['last one', ['items']],
  ['one in between', ['orders']],
  ['ones behind the first', ['items', 'orders']],
])('another run’s load of the %s before its turn has come does not count', async (_, names) => {
  const loaded = await runBeside(async (load) => {
    for (const [n, name] of names.entries()) await load(name, idOf(7 + n));
  });
  expect(loaded).toEqual(['customers', 'orders', 'items']);
});

test('an entity whose own load is decided when its turn comes is not loaded again, and holds nothing up', async () => {
  expect(await runBeside(async (load) => load('orders', idOf(2)))).toEqual(['customers', 'items']);
});
