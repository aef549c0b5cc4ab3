import { MUTANTS } from './mutants.ts';
import { runInThreads } from './pool.ts';

/** A bug that this many worlds don't show has escaped. */
const SEEDS_MAX = 5000;

export interface Caught {
  readonly mutant: string;
  /** The first that breaks a law; the last one tried when none does. */
  readonly seed: number;
  /** Undefined: it escaped. */
  readonly law: string | undefined;
  readonly what: string;
}

export async function catchMutants(threads: number): Promise<Caught[]> {
  const works = MUTANTS.map(({ name }) => ({ kind: 'mutant', mutant: name, seeds_max: SEEDS_MAX }) as const);
  const done = await runInThreads(works, threads);
  return MUTANTS.map(({ name }, index) => {
    const [broken] = done[index]?.broken ?? [];
    return { mutant: name, seed: done[index]?.worlds ?? 0, law: broken?.law, what: broken?.what ?? 'no law is broken' };
  });
}
