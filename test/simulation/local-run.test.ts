import { expect, test } from 'vitest';
import { Random } from '../random.ts';
import { type FaultPlan, NO_FAULTS, RandomFaults } from './faults/fates.ts';
import { runInWorld } from './world/local-run.ts';
import { drawWorkload } from './world/workload.ts';
import { World } from './world/world.ts';

const SEEDS = 60;

/** A world as a seed leaves it: loads of every kind behind it, dead letters in its queues. */
async function played(seed: number): Promise<World> {
  const faults = new RandomFaults(new Random(seed * 7));
  const world = new World({ seed, workload: drawWorkload(new Random(seed * 7 + 6)), faults, isInOrder: false });
  expect(await world.run(), `seed ${seed}`).toBeUndefined();
  for (const source of world.sources.values()) for (let change = 0; change < 4; change += 1) source.change();
  return world;
}

/** Faults of every kind, and one message in four that is sent and never arrives. */
function losing(random: Random): FaultPlan {
  const faults = new RandomFaults(random);
  return {
    fateOf: (fated) => (fated.is_send && random.chance(0.25) ? 'lost' : faults.fateOf(fated)),
    isDoubled: () => faults.isDoubled(),
    isUnacknowledged: () => faults.isUnacknowledged(),
    isHit: (mishap) => faults.isHit(mishap),
    lateUs: (one) => faults.lateUs(one),
  };
}

test('a run on one machine ends among faults, and each load it asked for is decided or its message dead', async () => {
  let [rounds, dead] = [0, 0];
  for (let seed = 1; seed <= SEEDS; seed += 1) {
    const world = await played(seed);
    const run = await runInWorld(world, losing(new Random(seed * 13)));
    expect({ seed, undecided: run.undecided, violation: world.violation }).toEqual({
      seed,
      undecided: [],
      violation: undefined,
    });
    rounds += run.rounds;
    dead += run.dead.length;
  }
  // It has to have been asked again, and to have met what it can't heal: else this shows little.
  expect(rounds).toBeGreaterThan(10);
  expect(dead).toBeGreaterThan(0);
});

test('a run that clears away the messages and half-done work of others keeps to the laws', async () => {
  let left = 0;
  for (let seed = 1; seed <= 25; seed += 1) {
    const random = new Random(seed * 17);
    const world = await played(seed);
    for (const entity of world.sources.keys()) {
      for (let asked = 0; asked < 2; asked += 1) await world.ask({ entity, load_type: 'full' });
      await world.ask({ entity });
    }
    await world.play(random.between(0, 120), losing(random));
    left += world.backing.requests.bodies().length + world.backing.writes.bodies().length;
    const run = await runInWorld(world, NO_FAULTS);
    expect({ seed, undecided: run.undecided, violation: world.violation }).toEqual({
      seed,
      undecided: [],
      violation: undefined,
    });
  }
  expect(left).toBeGreaterThan(50);
});

test('a run without faults leaves no healthy entity behind', async () => {
  for (let seed = 1; seed <= 30; seed += 1) {
    const run = await runInWorld(await played(seed), NO_FAULTS);
    expect({ seed, ...run }).toMatchObject({ undecided: [], dead: [] });
  }
});
