import { COMMIT_MUTANTS } from './commit-mutants.ts';
import { DATA_MUTANTS } from './data-mutants.ts';
import { HAND_OVER_MUTANTS } from './hand-over-mutants.ts';
import type { Mutant } from './mutant.ts';
import { WINDOW_MUTANTS } from './window-mutants.ts';

export const MUTANTS: readonly Mutant[] = [...COMMIT_MUTANTS, ...HAND_OVER_MUTANTS, ...DATA_MUTANTS, ...WINDOW_MUTANTS];
