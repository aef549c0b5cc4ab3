import { MemoryObjectStore } from '@bronze/emulators/memory-object-store';
import { describe, expect, test } from 'vitest';
import { encodeJson } from '../words/json.ts';
import { timestamp } from '../words/timestamp.ts';
import { CheckpointFile } from './checkpoint-file.ts';
import type { Checkpoint } from './checkpoint.ts';
import type { CheckpointStore } from './checkpoint-store.ts';
import { completeLoad } from './complete-load.ts';
import type { PipelineEvent } from './events.ts';
import { buildLoadRecord, readLoadRecord } from './load-record.ts';
import type { ExtractRequest } from './messages.ts';
import { loadRecordKey, receiptKey, receiptsPrefix, sliceManifestKey } from './object-keys.ts';
import { schemaDigest } from './schema-changes.ts';
import { batch, LOAD_ID, slice } from './slices.fixtures.ts';
import type { SliceManifest } from './slice-manifest.ts';

const KEY = { entity: 'orders', load_id: LOAD_ID };
const NOW = timestamp('2024-01-02');
const LOAD = slice(0, 1, true).load;
const WAITING = ['1', '2'].map((n) => ({ entity: 'orders', load_id: `${n}b0b0b0b-0000-8000-8000-000000000000` }));
const PENDING: Checkpoint = { last_sync_timestamp: timestamp('2023-12-31'), pending_load: LOAD };

/** A slice with one batch of this many rows in each of its tasks; its tasks are the parts from `first_part` on. */
function sliceOf(number: number, tasks: number, changes: Partial<SliceManifest> = {}): SliceManifest {
  const batches = Array.from({ length: tasks }, () => batch(10, 1));
  return { ...slice(number, tasks, true), batches, ...changes };
}

class World {
  readonly objects = new MemoryObjectStore();
  readonly events: PipelineEvent[] = [];
  readonly sent: ExtractRequest[] = [];
  readonly reads: string[] = [];
  checkpoints: CheckpointStore = new CheckpointFile(this.objects);

  async put(key: string, value: object): Promise<void> {
    await this.objects.putIfAbsent(key, encodeJson(value));
  }

  async commit(...slices: readonly SliceManifest[]): Promise<void> {
    for (const one of slices) await this.put(sliceManifestKey(KEY, one.slice), one);
  }

  async write(number: number, task: number, rows = 10): Promise<void> {
    const part = { key: `part-${number}-${task}`, rows, bytes: 1, sha256: 'ab' };
    const engine = { name: 'duckdb', degraded: [] };
    const receipt = { version: 1, task: `${number}-${task}`, engine, parts: [part], quarantine: null };
    await this.put(receiptKey(KEY, number, task), receipt);
  }

  async pend(checkpoint: Checkpoint = PENDING): Promise<this> {
    const { version } = await this.checkpoints.read('orders');
    await this.checkpoints.swap('orders', version, checkpoint);
    return this;
  }

  async complete(): Promise<void> {
    const { events, sent, reads, checkpoints, objects } = this;
    const get = objects.get.bind(objects);
    objects.get = async (key) => {
      reads.push(key);
      return get(key);
    };
    await completeLoad(
      {
        objects,
        checkpoints,
        requests: { send: async (messages) => void sent.push(...messages) },
        clock: { now: () => NOW, sleep: async () => undefined },
        log: { event: (event) => void events.push(event) },
      },
      KEY,
    );
  }

  async found() {
    const record = await readLoadRecord(this.objects, KEY);
    const { checkpoint } = await this.checkpoints.read('orders');
    return { record, checkpoint, events: this.events.map(({ kind }) => kind), sent: this.sent };
  }
}

describe('a load is not complete', () => {
  test.each<[string, readonly SliceManifest[], readonly (readonly [number, number])[]]>([
    ['without a slice', [], []],
    ['while a task has no receipt', [sliceOf(0, 2)], [[0, 0]]],
    ['while its last slice is not committed', [sliceOf(0, 1, { final: false })], [[0, 0]]],
    [
      'while a task of an earlier slice has no receipt',
      [sliceOf(0, 2, { final: false }), sliceOf(1, 1, { first_part: 2 })],
      [
        [0, 1],
        [1, 0],
      ],
    ],
    [
      'if it has as many receipts as tasks, but one is of no task',
      [sliceOf(0, 2)],
      [
        [0, 0],
        [0, 7],
      ],
    ],
    [
      'if it has as many receipts as tasks, but one is of no slice',
      [sliceOf(0, 2)],
      [
        [0, 0],
        [3, 0],
      ],
    ],
  ])('%s', async (_, slices, receipts) => {
    const world = await new World().pend();
    await world.commit(...slices);
    for (const [number, task] of receipts) await world.write(number, task);
    await world.complete();
    expect(await world.found()).toEqual({ record: undefined, checkpoint: PENDING, events: [], sent: [] });
  });

  test('if its rows are not all in bronze or in quarantine', async () => {
    const world = await new World().pend();
    await world.commit(sliceOf(0, 2));
    await world.write(0, 0);
    await world.write(0, 1, 9);
    await expect(world.complete()).rejects.toMatchObject({ code: 'OBJECT_CORRUPT' });
    expect(await world.found()).toMatchObject({ record: undefined, checkpoint: PENDING });
  });
});

describe('a load whose tasks all have a receipt', () => {
  async function written(checkpoint: Checkpoint = PENDING): Promise<World> {
    const world = await new World().pend(checkpoint);
    await world.commit(sliceOf(0, 2, { final: false }), sliceOf(1, 1, { first_part: 2 }));
    for (const [number, task] of [
      [0, 0],
      [0, 1],
      [1, 0],
    ] as const)
      await world.write(number, task);
    return world;
  }

  test('is recorded, and moves the checkpoint', async () => {
    const world = await written();
    await world.complete();
    const { record, checkpoint, events, sent } = await world.found();
    expect(record).toMatchObject({ status: 'completed', rows: 30, slices: 2, write_tasks: 3, completed_at: NOW });
    expect(record?.parts.map(({ key }) => key)).toEqual(['part-0-0', 'part-0-1', 'part-1-0']);
    expect(checkpoint).toEqual({
      last_load_id: LOAD_ID,
      last_sync_timestamp: LOAD.until,
      record_count: 30,
      full_load_at: LOAD.ingested_at,
      updated_at: NOW,
    });
    expect([events, sent]).toEqual([['load_completed'], []]);
  });

  test('says how its columns differ from those of the load before, which it reads only if they do', async () => {
    const previous_load_id = '9b0b0b0b-0000-8000-8000-000000000000';
    const columns = [{ name: 'id', type: 'bigint' }];
    const load = { ...LOAD, previous_load_id, previous_schema: schemaDigest({ columns }) };
    const complete = async (now: Partial<SliceManifest>) => {
      const world = await new World().pend({ ...PENDING, pending_load: load });
      const before = { ...buildLoadRecord([sliceOf(0, 0, { columns })], [], NOW), load_id: previous_load_id };
      await world.put(loadRecordKey({ ...KEY, load_id: previous_load_id }), before);
      await world.commit(sliceOf(0, 1, { ...now, load }));
      await world.write(0, 0);
      await world.complete();
      return world;
    };
    const same = await complete({ columns });
    expect((await same.found()).events).toEqual(['load_completed']);
    expect(same.reads).not.toContain(loadRecordKey({ ...KEY, load_id: previous_load_id }));
    const changes = [{ kind: 'retyped', column: 'id', from: 'bigint', to: 'text' }];
    const other = await complete({ columns: [{ name: 'id', type: 'text' }] });
    expect(await other.found()).toMatchObject({
      record: { schema_changes: changes },
      checkpoint: { schema_change_load_id: LOAD_ID },
      events: ['load_completed', 'schema_changed'],
    });
    expect(other.events.at(-1)).toEqual({ kind: 'schema_changed', ...KEY, changes });
  });

  test('is complete whatever else lies among its receipts', async () => {
    const world = await written();
    await world.put(`${receiptsPrefix(KEY)}.DS_Store`, {});
    await world.write(9, 9);
    await world.complete();
    expect((await world.found()).record?.parts).toHaveLength(3);
  });

  test('is decided once: whoever comes later goes on with the record that is there', async () => {
    const world = await written({ ...PENDING, next_requests: WAITING });
    const { load_type, since, until, ingested_at } = LOAD;
    const window = { load_type, since, until, ingested_at, completed_at: NOW };
    const nothing = { rows: 0, rows_in_bronze: 0, rows_quarantined: 0, slices: 0, write_tasks: 0 };
    const lists = { engines: [], columns: [], parts: [], quarantine: [] };
    await world.put(loadRecordKey(KEY), { version: 1, status: 'abandoned', ...KEY, ...window, ...nothing, ...lists });
    await world.complete();
    const { record, checkpoint, events, sent } = await world.found();
    expect(record?.status).toBe('abandoned');
    expect(checkpoint).toEqual({
      last_load_id: LOAD_ID,
      last_sync_timestamp: PENDING.last_sync_timestamp,
      next_requests: WAITING,
    });
    expect([events, sent]).toEqual([['load_abandoned'], WAITING.slice(0, 1)]);
  });

  test('moves the checkpoint once; a later writer only sends the request that waits', async () => {
    const world = await written({ ...PENDING, next_requests: WAITING });
    await world.complete();
    const { checkpoint } = await world.found();
    await world.complete();
    expect(await world.found()).toMatchObject({ checkpoint, events: ['load_completed'] });
    expect(world.sent).toEqual([WAITING[0], WAITING[0]]);
  });

  test('does not touch the load that is pending since, and sends nothing that waits behind it', async () => {
    const next = { ...LOAD, load_id: '2b0b0b0b-0000-8000-8000-000000000000' };
    const other: Checkpoint = { last_load_id: LOAD_ID, pending_load: next, next_requests: WAITING };
    const world = await written(other);
    await world.complete();
    expect(await world.found()).toMatchObject({ checkpoint: other, events: [], sent: [] });
  });

  test('moves the checkpoint as it is after a swap that another one won', async () => {
    const world = await written();
    const { checkpoints } = world;
    let swaps = 0;
    world.checkpoints = {
      readAll: () => checkpoints.readAll(),
      read: (entity) => checkpoints.read(entity),
      readStored: (entity) => checkpoints.readStored(entity),
      swap: async (entity, version, next) => {
        swaps += 1;
        if (swaps === 1) await checkpoints.swap(entity, version, { ...PENDING, next_requests: WAITING });
        return checkpoints.swap(entity, version, next);
      },
    };
    await world.complete();
    expect(swaps).toBe(2);
    const { checkpoint, events, sent } = await world.found();
    expect(checkpoint).toMatchObject({ last_sync_timestamp: LOAD.until, next_requests: WAITING });
    expect([events, sent]).toEqual([['load_completed'], WAITING.slice(0, 1)]);
  });

  test.each([
    ['another window', { until: timestamp('2024-01-05') }],
    ['another time', { ingested_at: timestamp('2024-01-05') }],
  ])('is not finished if it was claimed again with %s', async (_, changes) => {
    const world = await written({ ...PENDING, pending_load: { ...LOAD, ...changes } });
    await expect(world.complete()).rejects.toMatchObject({ code: 'LOAD_RECLAIMED' });
    expect((await world.found()).checkpoint?.pending_load).toMatchObject(changes);
  });
});

test('a writer that is not the last reads one manifest and no receipt, however many slices there are', async () => {
  const world = await new World().pend();
  const slices = Array.from({ length: 9 }, (_, n) => sliceOf(n, 1, { final: n === 8, first_part: n }));
  await world.commit(...slices);
  for (const number of [0, 1, 2, 4]) await world.write(number, 0);
  await world.complete();
  expect(world.reads).toEqual([sliceManifestKey(KEY, 4)]);
});
