/** What a thread of the simulation is asked to do, and what it tells. */
import type { Counts, Violation } from './world/facts.ts';

export type Work =
  /** Seeds `from` to `to`, both included. */
  | { readonly kind: 'seeds'; readonly from: number; readonly to: number; readonly mutant?: string }
  /** Every `of`-th case of the exhaustive mode, beginning with `first`. */
  | { readonly kind: 'cases'; readonly first: number; readonly of: number; readonly mutant?: string }
  /** Seeds from 1 on with a planted bug, then the cases of the exhaustive mode, until a law catches it. */
  | { readonly kind: 'mutant'; readonly mutant: string; readonly seeds_max: number };

export interface Broken extends Violation {
  /** The command line that shows it again. */
  readonly replay: string;
}

export interface Done {
  readonly worlds: number;
  readonly port_calls: number;
  readonly faults: number;
  readonly counts: Counts;
  readonly broken: readonly Broken[];
  /** Of each world, in order. */
  readonly digests: readonly string[];
}

export type Told =
  | { readonly kind: 'progress'; readonly worlds: number; readonly broken: number }
  | { readonly kind: 'done'; readonly done: Done };
