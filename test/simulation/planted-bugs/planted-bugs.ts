import { COMMIT_MUTANTS } from './commit-bugs.ts';
import { DATA_MUTANTS } from './data-bugs.ts';
import { HAND_OVER_MUTANTS } from './hand-over-bugs.ts';
import type { Mutant } from './planted-bug.ts';
import { WINDOW_MUTANTS } from './window-bugs.ts';

export const MUTANTS: readonly Mutant[] = [...COMMIT_MUTANTS, ...HAND_OVER_MUTANTS, ...DATA_MUTANTS, ...WINDOW_MUTANTS];
