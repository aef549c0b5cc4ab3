import { createHash } from 'node:crypto';
import type { ItemTable } from '@bronze/common/ports/item-table';
import { RandomFaults } from './faults/fates.ts';
import { Random } from '../random.ts';
import { playConnections } from './world/connections.ts';
import type { Counts, Violation } from './world/facts.ts';
import { World } from './world/world.ts';
import { drawWorkload } from './world/workload.ts';

export interface SeedResult {
  readonly seed: number;
  readonly violation: Violation | undefined;
  /** Hex SHA-256 of the event log. */
  readonly digest: string;
  readonly port_calls: number;
  readonly faults: number;
  readonly counts: Counts;
  readonly lines: readonly string[];
}

/**
 * Plays the world of a seed, which determines everything in it, and how one process connects to a source. Only its first
 * `faults_max` faults happen.
 *
 * @param table holds the checkpoints, instead of `checkpoints.json`; must be empty
 */
export async function simulateSeed(seed: number, faults_max = Infinity, table?: ItemTable): Promise<SeedResult> {
  const faults = new RandomFaults(new Random(seed * 7), faults_max);
  const workload = drawWorkload(new Random(seed * 7 + 6));
  const played = await simulate(new World({ seed, workload, faults, isInOrder: false, table }), faults);
  const { broken, lines } = await playConnections(new Random(seed * 7 + 5));
  return {
    seed,
    ...played,
    violation: played.violation ?? (broken === undefined ? undefined : { law: 'connections', what: broken }),
    digest: createHash('sha256')
      .update([played.digest, ...lines].join('\n'))
      .digest('hex'),
    lines: [...played.lines, ...lines],
  };
}

async function simulate(world: World, faults: RandomFaults): Promise<Omit<SeedResult, 'seed'>> {
  const violation = await world.run();
  const { digest, lines } = world.trace;
  return { violation, digest, lines, port_calls: world.calls, faults: faults.injected, counts: world.counts };
}

/**
 * Plays a seed with 0, 1, 2, … of its first faults.
 *
 * @returns the first of these worlds that breaks a law; the whole world if none of them does
 */
export async function shrink(seed: number): Promise<SeedResult> {
  const whole = await simulateSeed(seed);
  for (let faults_max = 0; faults_max < whole.faults; faults_max += 1) {
    const shorter = await simulateSeed(seed, faults_max);
    if (shorter.violation) return { ...shorter, faults: faults_max };
  }
  return whole;
}
