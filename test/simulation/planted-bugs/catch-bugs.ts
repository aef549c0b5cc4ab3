import { PLANTED_BUGS } from './planted-bugs.ts';
import { whyNotPlanted } from './planting.ts';
import { runInThreads } from '../pool.ts';

/** After these come the cases of the exhaustive mode. A bug that breaks no law there either has escaped. */
const SEEDS_MAX = 20_000;

/** The `world` of a bug that can't be planted, because the code that it edits has changed. */
export const SKIPPED = 'skipped';

export interface Caught {
  readonly mutant: string;
  /** The first world that breaks a law: `seed 3`, `case 77`. */
  readonly world: string;
  /** Undefined when the bug escaped or was skipped. */
  readonly law: string | undefined;
  readonly what: string;
}

/**
 * Plants each bug in a thread of its own and plays worlds until one breaks a law.
 *
 * @returns one entry per planted bug, in their order
 */
export async function catchMutants(threads: number): Promise<Caught[]> {
  const reasons = new Map(PLANTED_BUGS.map((mutant) => [mutant.name, whyNotPlanted(mutant)]));
  const planted = PLANTED_BUGS.filter(({ name }) => reasons.get(name) === undefined);
  const works = planted.map(({ name }) => ({ kind: 'mutant', mutant: name, seeds_max: SEEDS_MAX }) as const);
  const done = await runInThreads(works, threads);
  return PLANTED_BUGS.map((mutant) => {
    const { name } = mutant;
    const reason = reasons.get(name);
    if (reason !== undefined) return { mutant: name, world: SKIPPED, law: undefined, what: reason };
    const [broken] = done[planted.indexOf(mutant)]?.broken ?? [];
    const world = broken?.replay.slice('--'.length) ?? 'none';
    return { mutant: name, world, law: broken?.law, what: broken?.what ?? 'no law is broken' };
  });
}
