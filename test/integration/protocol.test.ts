import { CheckpointFile } from '@bronze/common/load/checkpoint-file';
import { abandonLoad } from '@bronze/common/load/abandon-load';
import { batchKey, CHECKPOINTS_KEY, receiptsPrefix } from '@bronze/common/load/object-keys';
import { removeStaging } from '@bronze/common/load/remove-staging';
import { describe, expect, test } from 'vitest';
import { timestamp } from '@bronze/common/words/timestamp';
import { messageId, Steps } from './steps.ts';

const SETTINGS = { batch_rows: 4, task_rows: 8, slice_rows: 12 };
const [FIRST, SECOND, THIRD, FOURTH] = [messageId(9001), messageId(9002), messageId(9003), messageId(9004)];

async function loaded(): Promise<Steps> {
  const world = new Steps(SETTINGS);
  await world.ask(FIRST);
  await world.drain();
  return world;
}

const completed = (world: Steps) =>
  world.events.filter((event) => event.kind === 'load_completed').map((event) => event.load_id);
const sent = (world: Steps) => world.events.filter((event) => event.kind === 'task_written').length;

test('a message delivered five more times, weeks apart, changes nothing', async () => {
  const world = await loaded();
  const before = [await world.snapshot('data/'), await world.snapshot('logs/')];
  for (let delivery = 0; delivery < 5; delivery += 1) {
    world.now_ms += 9 * 86_400_000;
    await world.ask(FIRST);
    await world.drain();
  }
  expect([await world.snapshot('data/'), await world.snapshot('logs/')]).toEqual(before);
});

test('requests that wait for a pending load are carried out after it, at most one of each load type', async () => {
  const world = await loaded();
  for (const id of [SECOND, THIRD]) await world.ask(id);
  await world.ask(messageId(9004), 'full');
  await world.drain();
  expect(completed(world).slice(0, 2)).toEqual([FIRST, SECOND]);
  expect(completed(world)).toContain(messageId(9004));
  expect(new Set(completed(world)).size).toBe(completed(world).length);
});

test('a pending full load answers requests for a full load, by hand or waiting, and says so', async () => {
  const world = new Steps(SETTINGS);
  await world.ask(FIRST);
  await world.stepRequest();
  await world.ask(SECOND, 'full');
  await world.ask(THIRD);
  await world.drain();
  expect(completed(world)).toEqual([FIRST, THIRD]);
  const said = world.events.filter((event) => event.kind === 'load_continued');
  expect(said).toMatchObject([{ load_id: FIRST, claimed_at: '2024-01-15T10:35:00.000000Z' }]);
  expect(await world.bronzeLines()).toHaveLength(20);
});

test('L1: losing every message loses no data: the next request resumes from the bucket', async () => {
  const world = new Steps(SETTINGS);
  await world.ask(FIRST);
  await world.stepRequest();
  for (const queue of [world.requests, world.writes]) {
    for (const lost of queue.receive(100, 1)) queue.delete(lost.message_id);
  }
  expect(await world.bronzeLines()).toEqual([]);
  await world.ask(SECOND);
  await world.drain();
  expect(new Set(await world.bronzeLines()).size).toBe(20);
  expect(await world.bronzeLines()).toHaveLength(20);
  expect(completed(world)).toContain(FIRST);
});

test('a load without faults sends each of its write tasks once', async () => {
  expect(sent(await loaded())).toBe(3);
});

test('a load costs in proportion to its size: eight times the slices, less than ten times the port calls', async () => {
  const callsFor = async (rows: number) => {
    const world = new Steps({ batch_rows: 1, task_rows: 1, slice_rows: 2 });
    world.rows = rows;
    await world.ask(FIRST);
    await world.drain();
    expect(completed(world)).toEqual([FIRST]);
    return world.calls;
  };
  expect((await callsFor(160)) / (await callsFor(20))).toBeLessThan(10);
});

test('a request by hand that names a slice of no load does nothing, and no harm', async () => {
  const world = new Steps(SETTINGS);
  await world.requests.send([{ entity: 'things', load_id: FIRST, slice: 7 }]);
  await world.drain();
  expect(completed(world)).toEqual([]);
  await world.ask(FIRST);
  await world.drain();
  expect(completed(world)).toEqual([FIRST]);
  expect(new Set(await world.bronzeLines()).size).toBe(20);
});

test('a load of an empty table completes without a write task and moves the checkpoint', async () => {
  const world = new Steps(SETTINGS);
  world.rows = 0;
  await world.ask(FIRST);
  await world.drain();
  expect(completed(world)).toEqual([FIRST]);
  expect(await world.snapshot('data/bronze/')).toEqual({});
  const { checkpoint } = await new CheckpointFile(world.objects).read('things');
  expect(checkpoint).toMatchObject({ last_sync_timestamp: world.until, record_count: 0 });
});

test('staging is removed only once the load record exists, and late messages then do nothing', async () => {
  const world = new Steps(SETTINGS);
  await world.ask(FIRST);
  await world.stepRequest();
  const load = { entity: 'things', load_id: FIRST };
  expect(await removeStaging(world.objects, load)).toBeUndefined();
  await world.drain();
  const left = await world.objects.list('data/staging/');
  expect(left.filter((key) => key.endsWith('.zst'))).toEqual([]);
  expect(left.map((key) => key.split('/').at(-1)).toSorted()).toEqual([
    '00000-00000.json',
    '00000-00001.json',
    '00001-00000.json',
    'slice-00000.json',
    'slice-00001.json',
  ]);
  const before = await world.snapshot('');
  await world.ask(FIRST);
  await world.writes.send([{ ...load, slice: 0, task: 0 }]);
  await world.drain();
  expect(await world.snapshot('')).toEqual(before);
});

describe('batches that a killed process left', () => {
  const batches = async (world: Steps) =>
    (await world.objects.list('data/staging/')).filter((key) => key.endsWith('.zst'));
  const leave = (world: Steps, load_id: string) =>
    world.objects.putIfAbsent(batchKey({ entity: 'things', load_id }, 0, 'late', 0), Buffer.from('rows'));

  test('are gone before the next load is claimed', async () => {
    const world = await loaded();
    await leave(world, FIRST);
    const { remove } = world.objects;
    world.objects.remove = () => Promise.reject(new Error('killed'));
    await world.ask(SECOND);
    await expect(world.stepRequest()).rejects.toThrow('killed');
    expect((await new CheckpointFile(world.objects).read('things')).checkpoint?.pending_load).toBeUndefined();
    world.objects.remove = remove;
    world.now_ms += 1e9;
    await world.drain();
    expect([await batches(world), completed(world)]).toEqual([[], [FIRST, SECOND]]);
  });

  test('long after its load was decided are gone with the first claim of another day', async () => {
    const world = await loaded();
    await world.ask(SECOND);
    await world.drain();
    await leave(world, FIRST);
    await world.ask(THIRD);
    await world.drain();
    expect(await batches(world)).toHaveLength(1);
    world.now = timestamp('2024-01-16T10:00:00Z');
    await world.ask(FOURTH);
    await world.drain();
    expect([await batches(world), completed(world)]).toEqual([[], [FIRST, SECOND, THIRD, FOURTH]]);
  });

  test('of a load that was decided long ago don’t come back when its messages do', async () => {
    const world = await loaded();
    world.now = timestamp('2024-01-16T10:00:00Z');
    await world.ask(SECOND);
    await world.drain();
    const before = await world.snapshot('');
    await world.ask(FIRST);
    await world.writes.send([{ entity: 'things', load_id: FIRST, slice: 0, task: 0 }]);
    await world.drain();
    expect(await world.snapshot('')).toEqual(before);
    expect(await batches(world)).toEqual([]);
  });

  test('of an abandoned load are gone too, and those of a load that is not decided stay', async () => {
    const world = new Steps(SETTINGS);
    await world.ask(FIRST);
    await world.stepRequest();
    await leave(world, THIRD);
    const { objects, requests } = world;
    const log = { event: () => undefined };
    const clock = { now: () => world.until, sleep: async () => undefined };
    await abandonLoad({ objects, requests, checkpoints: new CheckpointFile(objects), clock, log }, 'things');
    expect((await batches(world)).length).toBeGreaterThan(1);
    for (const lost of [...world.requests.receive(100, 1), ...world.writes.receive(100, 1)]) {
      for (const queue of [world.requests, world.writes]) queue.delete(lost.message_id);
    }
    await world.ask(SECOND);
    await world.drain();
    expect(await batches(world)).toEqual([batchKey({ entity: 'things', load_id: THIRD }, 0, 'late', 0)]);
  });
});

describe('a write task is stopped by', () => {
  async function withWriteWaiting(change: (world: Steps) => Promise<void>): Promise<Steps> {
    const world = new Steps({ batch_rows: 4, task_rows: 8, slice_rows: 100 });
    // The write tasks have been sent and wait in their queue.
    await world.ask(FIRST);
    await world.stepRequest();
    await change(world);
    return world;
  }

  test('a staged batch whose bytes changed', async () => {
    const world = await withWriteWaiting(async ({ objects }) => {
      const key = (await objects.list('data/staging/')).find((one) => one.endsWith('.zst')) ?? '';
      const stored = await objects.get(key);
      await objects.replace(key, Buffer.from('other'), stored?.etag);
    });
    await expect(world.stepWrite()).rejects.toMatchObject({ code: 'OBJECT_CORRUPT' });
    expect(await world.snapshot('data/bronze/')).toEqual({});
  });

  test('a staged batch that is gone', async () => {
    const world = await withWriteWaiting(async ({ objects }) => {
      const key = (await objects.list('data/staging/')).find((one) => one.endsWith('.zst')) ?? '';
      await objects.remove(key);
    });
    await expect(world.stepWrite()).rejects.toMatchObject({ code: 'OBJECT_MISSING' });
  });

  test('a foreign object with the name of its part, which is not replaced', async () => {
    const world = await withWriteWaiting(async ({ objects }) => {
      await objects.putIfAbsent(
        `data/bronze/things/ingestion_date=2024-01-15/load_type=full/part-00000-${FIRST}.parquet`,
        Buffer.from('foreign'),
      );
    });
    await expect(world.stepWrite()).rejects.toMatchObject({ code: 'PART_FOREIGN' });
    expect(Object.values(await world.snapshot('data/bronze/'))).toEqual(['foreign']);
  });

  test('a manifest that newer code wrote', async () => {
    const world = await withWriteWaiting(async ({ objects }) => {
      const key = (await objects.list('data/staging/')).find((one) => one.endsWith('slice-00000.json')) ?? '';
      const stored = await objects.get(key);
      await objects.replace(
        key,
        Buffer.from(
          Buffer.from(stored?.body ?? [])
            .toString()
            .replace('"version": 1', '"version": 2'),
        ),
        stored?.etag,
      );
    });
    await expect(world.stepWrite()).rejects.toMatchObject({ code: 'OBJECT_INVALID' });
  });
});

describe('checkpoints.json', () => {
  test('may be written by hand: timestamps without zone or fraction are read, unknown fields and entities are kept', async () => {
    const world = new Steps(SETTINGS);
    await world.objects.putIfAbsent(
      CHECKPOINTS_KEY,
      Buffer.from('{"things":{"last_sync_timestamp":"2024-01-10 08:00","owner":"ana"},"others":{"x":[1]}}'),
    );
    await world.ask(FIRST);
    await world.drain();
    const claimed = world.events.find((event) => event.kind === 'load_claimed');
    expect(claimed).toMatchObject({ load_type: 'incremental', since: '2024-01-10T08:00:00.000000Z' });
    const text = (await world.snapshot(CHECKPOINTS_KEY))[CHECKPOINTS_KEY] ?? '';
    expect(JSON.parse(text)).toMatchObject({
      things: { owner: 'ana', last_sync_timestamp: world.until },
      others: { x: [1] },
    });
  });

  test.each([
    ['invalid JSON', '{"things": '],
    ['a wrong timestamp', '{"things":{"last_sync_timestamp":"yesterday"}}'],
    ['a wrong count', '{"things":{"record_count":-1}}'],
  ])('with %s stops the load and is left as it is', async (_, text) => {
    const world = new Steps(SETTINGS);
    await world.objects.putIfAbsent(CHECKPOINTS_KEY, Buffer.from(text));
    await world.ask(FIRST);
    await expect(world.stepRequest()).rejects.toMatchObject({ code: 'CHECKPOINTS_UNREADABLE' });
    expect(await world.snapshot('')).toEqual({ [CHECKPOINTS_KEY]: text });
  });

  test('keeps the checkpoints of fifty entities that are swapped at the same time', async () => {
    const { objects } = new Steps(SETTINGS);
    const names = Array.from({ length: 50 }, (_, index) => `entity_${index}`);
    await Promise.all(
      names.map(async (name) => {
        const checkpoints = new CheckpointFile(objects);
        const { version } = await checkpoints.read(name);
        expect(await checkpoints.swap(name, version, { record_count: 1 })).toBe(true);
        expect(await checkpoints.swap(name, version, { record_count: 2 })).toBe(false);
      }),
    );
    expect((await new CheckpointFile(objects).readAll()).size).toBe(50);
  });
});

test('L5: objects that are no receipts don’t keep a load from completing, and are named once', async () => {
  const world = new Steps(SETTINGS);
  await world.ask(FIRST);
  await world.stepRequest();
  const prefix = receiptsPrefix({ entity: 'things', load_id: FIRST });
  const strays = ['', '.DS_Store', '00000-00000 (1).json', '00000-00000.json~', '00099-00000.json'];
  for (const stray of strays) await world.objects.putIfAbsent(`${prefix}${stray}`, Buffer.from('stray'));
  await world.drain();
  await world.ask(FIRST);
  await world.drain();
  expect(completed(world)).toEqual([FIRST]);
  expect(sent(world)).toBe(3);
  expect(world.events.filter((event) => event.kind === 'strays_ignored')).toEqual([
    { kind: 'strays_ignored', entity: 'things', load_id: FIRST, prefix, objects: 5, names: strays.slice(0, 3) },
  ]);
  expect(await world.objects.list(prefix)).toHaveLength(8);
});
