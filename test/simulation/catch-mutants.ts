import { MUTANTS } from './mutants.ts';
import { runInThreads } from './pool.ts';

/** Then come the cases of the exhaustive mode: a bug that those don't show either has escaped. */
const SEEDS_MAX = 20_000;

export interface Caught {
  readonly mutant: string;
  /** The first world that breaks a law: `seed 3`, `case 77`. */
  readonly world: string;
  /** Undefined: it escaped. */
  readonly law: string | undefined;
  readonly what: string;
}

export async function catchMutants(threads: number): Promise<Caught[]> {
  const works = MUTANTS.map(({ name }) => ({ kind: 'mutant', mutant: name, seeds_max: SEEDS_MAX }) as const);
  const done = await runInThreads(works, threads);
  return MUTANTS.map(({ name }, index) => {
    const [broken] = done[index]?.broken ?? [];
    const world = broken?.replay.slice('--'.length) ?? 'none';
    return { mutant: name, world, law: broken?.law, what: broken?.what ?? 'no law is broken' };
  });
}
