import { expect, test } from 'vitest';
import { type Fate, messageId, World } from './world.ts';

const FATES: readonly Fate[] = ['kill before', 'kill after', 'error before', 'error after'];
/** 20 rows: 5 batches of 4, tasks of 8, slices of 12: two slices, three write tasks. */
const SETTINGS = { batch_rows: 4, task_rows: 8, slice_rows: 12 };
const LOAD = messageId(9000);

async function play(fates: ReadonlyMap<number, Fate>): Promise<World> {
  const world = new World(SETTINGS);
  world.fates = new Map(fates);
  await world.ask(LOAD);
  await world.drain();
  return world;
}

/** L5 Always live: once faults stop, one more request per entity completes every pending load. */
async function heal(world: World): Promise<void> {
  world.fates.clear();
  await world.ask(messageId(9001));
  await world.drain();
}

async function assertLaws(world: World, expected: Record<string, string>): Promise<void> {
  const parts = await world.snapshot(`data/bronze/`);
  const own = Object.fromEntries(Object.entries(parts).filter(([key]) => key.includes(LOAD)));
  expect(own).toEqual(expected);
  const [checkpoint] = [
    JSON.parse(
      (await world.snapshot('logs/pipeline/ingestion/checkpoints.json'))['logs/pipeline/ingestion/checkpoints.json'] ??
        '{}',
    ) as { things?: object },
  ];
  expect(checkpoint.things).toMatchObject({ last_sync_timestamp: world.until });
  expect(checkpoint.things).not.toHaveProperty('pending_load');
  expect(checkpoint.things).not.toHaveProperty('next_requests');
}

test('L1, L2, L3, L5, L6: one fault at each port call, of every kind, and the same bytes are in bronze', async () => {
  const calm = await play(new Map());
  const expected = await calm.snapshot('data/bronze/');
  expect((await calm.bronzeLines()).length).toBe(20);
  expect(Object.keys(expected)).toHaveLength(3);
  let cases = 0;
  for (let at = 0; at < calm.calls; at += 1) {
    for (const fate of FATES) {
      const world = await play(new Map([[at, fate]]));
      await heal(world);
      await assertLaws(world, expected);
      cases += 1;
    }
  }
  expect(cases).toBeGreaterThan(200);
});
