import { abandonLoad } from '@bronze/common/load/abandon-load';
import { CheckpointFile } from '@bronze/common/load/checkpoint-file';
import { CHECKPOINTS_KEY } from '@bronze/common/load/object-keys';
import { timestamp } from '@bronze/common/words/timestamp';
import { describe, expect, test } from 'vitest';
import { messageId, Steps } from './steps.ts';

const SETTINGS = { batch_rows: 4, task_rows: 8, slice_rows: 12 };
const [FIRST, SECOND, THIRD] = [messageId(9001), messageId(9002), messageId(9003)];

/** A world whose load has committed its first slice. */
async function begun(settings: object = SETTINGS): Promise<Steps> {
  const world = new Steps({ ...SETTINGS, ...settings });
  await world.ask(FIRST);
  await world.stepRequest();
  return world;
}

function operator({ objects, requests }: Steps) {
  return {
    objects,
    checkpoints: new CheckpointFile(objects),
    requests,
    clock: { now: () => timestamp('2024-01-16'), sleep: async () => undefined },
    log: { event: () => undefined },
  };
}

const completed = (world: Steps) =>
  world.events.filter((event) => event.kind === 'load_completed').map((event) => event.load_id);

describe('abandoning a load', () => {
  test('frees the entity and moves no checkpoint; its late write tasks do nothing', async () => {
    const world = await begun();
    const ports = operator(world);
    expect(await abandonLoad(ports, 'things')).toMatchObject({ status: 'abandoned', load_id: FIRST });
    const { checkpoint } = await ports.checkpoints.read('things');
    expect(checkpoint).toEqual({ last_load_id: FIRST });
    await world.drain();
    expect(completed(world)).toEqual([]);
    await world.ask(SECOND);
    await world.drain();
    expect(completed(world)).toEqual([SECOND]);
    expect(await abandonLoad(ports, 'things')).toBeUndefined();
  });

  test('records its columns, and how they differ from the load before, so that the next load says only its own', async () => {
    const world = await begun();
    await world.drain();
    world.columns = [...world.columns, { name: 'vip', type: 'boolean' }];
    await world.ask(SECOND, 'full');
    await world.stepRequest();
    const { columns } = world;
    const schema_changes = [{ kind: 'added', column: 'vip', to: 'boolean' }];
    expect(await abandonLoad(operator(world), 'things')).toMatchObject({ columns, schema_changes });
    await world.ask(THIRD);
    await world.drain();
    expect(completed(world)).toEqual([FIRST, THIRD]);
    expect(world.events.filter(({ kind }) => kind === 'schema_changed')).toEqual([]);
  });

  test('remembers which load was decided before it', async () => {
    const world = await begun();
    const ports = operator(world);
    expect(await abandonLoad(ports, 'things')).not.toHaveProperty('previous_load_id');
    await world.drain();
    await world.ask(SECOND);
    await world.stepRequest();
    expect(await abandonLoad(ports, 'things')).toMatchObject({ load_id: SECOND, previous_load_id: FIRST });
  });

  test('that completes in that moment is not abandoned: whoever puts the record first decides', async () => {
    const world = await begun({ slice_rows: 100 });
    const ports = operator(world);
    const { objects } = world;
    const put = objects.putIfAbsent.bind(objects);
    objects.putIfAbsent = async (key, body) => {
      objects.putIfAbsent = put;
      await world.drain();
      return put(key, body);
    };
    expect(await abandonLoad(ports, 'things')).toMatchObject({ status: 'completed', load_id: FIRST });
    expect(completed(world)).toEqual([FIRST]);
    const { checkpoint } = await ports.checkpoints.read('things');
    expect(checkpoint).toMatchObject({ last_load_id: FIRST, last_sync_timestamp: expect.any(String) as string });
    expect(checkpoint).not.toHaveProperty('pending_load');
  });

  test('works even if a manifest of the load can’t be read', async () => {
    const world = await begun();
    const keys = await world.objects.list('data/staging/');
    const manifest = keys.find((key) => key.endsWith('slice-00000.json')) ?? '';
    const stored = await world.objects.get(manifest);
    await world.objects.replace(manifest, Buffer.from('{"version":2}'), stored?.etag);
    await expect(world.stepRequest()).rejects.toMatchObject({ code: 'OBJECT_INVALID' });
    expect(await abandonLoad(operator(world), 'things')).toMatchObject({ status: 'abandoned', slices: 0 });
    await world.ask(SECOND);
    await world.drain();
    expect(completed(world)).toEqual([SECOND]);
  });
});

/** Somebody removes the pending load from the file after some of its slices were committed, and time passes. */
async function withoutPending(world: Steps): Promise<void> {
  const stored = await world.objects.get(CHECKPOINTS_KEY);
  const file = JSON.parse(Buffer.from(stored?.body ?? []).toString()) as Record<string, { pending_load?: unknown }>;
  delete file['things']?.pending_load;
  await world.objects.replace(CHECKPOINTS_KEY, Buffer.from(JSON.stringify(file)), stored?.etag);
  world.until = timestamp('2024-01-16T12:00:00Z');
}

describe('a load that is claimed again under its id, with another window', () => {
  test('does not continue after the slices of its first claim', async () => {
    const world = await begun();
    await withoutPending(world);
    // What would have continued it claims nothing: only the request itself can claim it again.
    await world.stepRequest();
    await world.ask(FIRST);
    await expect(world.stepRequest()).rejects.toMatchObject({ code: 'LOAD_RECLAIMED' });
    expect(completed(world)).toEqual([]);
  });

  test('does not move the checkpoint by the record of its first claim', async () => {
    const world = await begun({ slice_rows: 100 });
    await withoutPending(world);
    await world.ask(FIRST);
    await expect(world.stepRequest()).rejects.toMatchObject({ code: 'LOAD_RECLAIMED' });
    for (let task = 0; task < 2; task += 1) await world.stepWrite();
    await expect(world.stepWrite()).rejects.toMatchObject({ code: 'LOAD_RECLAIMED' });
    const { checkpoint } = await new CheckpointFile(world.objects).read('things');
    expect(checkpoint?.last_sync_timestamp).toBeUndefined();
  });
});
