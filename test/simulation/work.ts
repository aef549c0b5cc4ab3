/** The messages between the main thread and a simulation thread. */
import type { Counts, Violation } from './world/facts.ts';

export type Work =
  /** Seeds `from` to `to`, both included. */
  | { readonly kind: 'seeds'; readonly from: number; readonly to: number; readonly mutant?: string }
  /** Every `of`-th case of the exhaustive mode, starting at index `first`. */
  | { readonly kind: 'cases'; readonly first: number; readonly of: number; readonly mutant?: string }
  /** With a planted bug: seeds 1 to `seeds_max`, then the cases of the exhaustive mode, until a law breaks. */
  | { readonly kind: 'mutant'; readonly mutant: string; readonly seeds_max: number };

export interface Broken extends Violation {
  /** The options of `npm run simulate` that replay the world: `--seed 7`. */
  readonly replay: string;
}

export interface Done {
  readonly worlds: number;
  readonly port_calls: number;
  readonly faults: number;
  readonly counts: Counts;
  readonly broken: readonly Broken[];
  /** One per world, in the order played. */
  readonly digests: readonly string[];
}

export type Told =
  | { readonly kind: 'progress'; readonly worlds: number; readonly broken: number }
  | { readonly kind: 'done'; readonly done: Done };
