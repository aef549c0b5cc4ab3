import { POISON_CODES, type Poison } from '../world/facts.ts';
import { ListedFaults } from './fates.ts';
import { type Action, smallWorkload } from '../world/workload.ts';
import { World } from '../world/world.ts';

/** Everything that a world did for one entity. */
export interface Course {
  readonly deliveries: number;
  readonly requests: number;
  readonly write_tasks: number;
  /** From claim to load record, for its slowest load, in virtual seconds, rounded up. */
  readonly slowest_s: number;
  /** Its completed loads, and its lines in bronze, sorted and without `updated_at`. */
  readonly loads: number;
  readonly lines: readonly string[];
}

/** Every kind of poison. */
export const POISONS = Object.keys(POISON_CODES) as readonly Poison[];

/** One request at a time: with two at once, the faster one decides who helps, and so what is sent again. */
const ACTIONS: readonly Action[] = ['plan', 'rest', 'change', 'rest', 'ask'];

/**
 * Plays the small world without randomness, with at most one poisoned entity.
 *
 * @param entity the one whose course is returned; it need not be the poisoned one
 * @throws Error when the world breaks a law
 */
export async function courseOf(entity: string, poisoned?: { name: string; poison: Poison }): Promise<Course> {
  const workload = { ...smallWorkload(), actions: ACTIONS };
  const entities = workload.entities.map((one) =>
    one.name === poisoned?.name ? { ...one, poison: poisoned.poison } : one,
  );
  const faults = new ListedFaults({ fates: [], doubled: [], unacknowledged: [], late_us: 0 });
  const world = new World({ seed: 0, workload: { ...workload, entities }, faults, isInOrder: true });
  const violation = await world.run();
  if (violation) throw new Error(`${violation.law} is broken: ${violation.what}`);
  const deliveries = world.trace.lines.filter((line) => / delivery \d+ of /.test(line) && line.includes(`"${entity}"`));
  const loads = [...world.ledger.loads.values()].filter((load) => load.entity === entity);
  const sum = (of: (sends: (typeof loads)[number]['sends']) => number) =>
    loads.reduce((total, { sends }) => total + of(sends), 0);
  return {
    deliveries: deliveries.length,
    requests: sum(({ continuations }) => continuations),
    write_tasks: sum(({ writes }) => writes),
    slowest_s: Math.ceil(Math.max(0, ...loads.map(({ claimed_us, decided_us }) => decided_us - claimed_us)) / 1e6),
    loads: loads.filter(({ record }) => record?.status === 'completed').length,
    lines: [...world.ledger.linesOf(entity)].map(([line]) => line.replace(/"updated_at":"[^"]+"/, '')).toSorted(),
  };
}
