import { windowFallbackSchema } from '@bronze/common/words/exact-position';
import type { Checkpoint } from '@bronze/common/load/checkpoint';
import type { Failure, FailureCode } from '@bronze/common/words/failure';
import type { Invocation } from './invocation.ts';
import type { Change, Ledger, PlanFacts } from './ledger.ts';
import type { CurrentLine, Version } from '../model/sim-source.ts';

/** What makes an entity fail until a person steps in. */
export type Poison = 'source denied' | 'checkpoint unreadable' | 'part foreign' | 'batch corrupt';

/** The failure code of an entity with this poison. */
export const POISON_CODES: Record<Poison, FailureCode> = {
  'source denied': 'SOURCE_DENIED',
  'checkpoint unreadable': 'CHECKPOINTS_UNREADABLE',
  'part foreign': 'PART_FOREIGN',
  'batch corrupt': 'OBJECT_CORRUPT',
};

export interface EntityFacts {
  readonly name: string;
  /** Undefined while the entity is healthy. Tampering with the bucket counts only once it has happened. */
  readonly poison: Poison | undefined;
  current(): readonly CurrentLine[];
  versions(): readonly Version[];
  /** Its database's clock was set back for good: its checkpoint then stands still. */
  readonly is_clock_wrong: boolean;
}

/** Everything that a law may use. */
export interface Facts {
  readonly ledger: Ledger;
  readonly entities: ReadonlyMap<string, EntityFacts>;
  /** Entities with a message that vanished, died, or was never sent because a command was interrupted. */
  readonly gone: ReadonlySet<string>;
  /** Entities whose checkpoint somebody has removed, and nobody has restored yet. */
  readonly lost: ReadonlySet<string>;
  /** Entities whose checkpoint was ever removed: invocations of that time may still run. */
  readonly ever_lost: ReadonlySet<string>;
  /** When each entity was requested once more after the faults; undefined before that. */
  readonly asked_at: string | undefined;
  /** Counts that a law had something to judge. */
  count(what: Counted, times?: number): void;
}

export interface Violation {
  readonly law: string;
  readonly what: string;
}

/** What is counted: rare things, why loads fell back, and how often each law had something to judge. */
export const COUNTED = [
  'redriven',
  'redriven_weeks_later',
  'tampered',
  'checkpoints_edited',
  'checkpoints_lost',
  'lost_checkpoints_refused',
  /** Healthy entities that lost no message, and so had to complete without another request. */
  'strictly_live',
  'healthy',
  ...windowFallbackSchema.options.map((reason) => `fallback_${reason}` as const),
  'l1_versions_due',
  'l1_superseded_versions_due',
  'l2_lines_compared',
  'l3_rows_passed',
  'l4_checkpoints_moved',
  'l6_parts_put_again',
  'l7_failures_beside_others',
  'create_once_batches_removed',
  'owned_receipts',
  'once_per_request_claims',
  'exact_positions_moved',
  'exact_lines_compared',
  'backfills_ended',
  'planned_loads',
  'linear_sends',
  'known_failures',
] as const;
export type Counted = (typeof COUNTED)[number];
export type Counts = Record<Counted, number>;

export function noCounts(): Counts {
  return Object.fromEntries(COUNTED.map((name) => [name, 0])) as Counts;
}

/** Messages on their way to a queue. */
export interface Sent {
  readonly queue: 'requests' | 'writes';
  readonly bodies: readonly object[];
  readonly by: Invocation;
}

/** A promise of Bronze. Each check returns what breaks it, or undefined. */
export interface Law {
  readonly name: string;
  /** After each durable write. */
  onChange?(facts: Facts, change: Change): string | undefined;
  /** Before messages are sent for a load. */
  onSent?(facts: Facts, sent: Sent): string | undefined;
  /** Before a planner sends its requests. */
  onPlanSent?(facts: Facts, sent: Sent): string | undefined;
  /** When a planner has returned its plan. */
  onPlanned?(facts: Facts, plan: PlanFacts): string | undefined;
  /** When a checkpoint that was removed has been restored from the load records. */
  onRestored?(
    facts: Facts,
    entity: string,
    restored: { readonly before: Checkpoint; readonly after: Checkpoint },
  ): string | undefined;
  /** When a message or a command has failed. */
  onFailure?(facts: Facts, entity: string, failure: Failure): string | undefined;
  /** When faults have stopped and everything is at rest. */
  atRest?(facts: Facts): string | undefined;
  /** When every entity was requested once more after that, and everything is at rest again. */
  afterOneMoreRequest?(facts: Facts): string | undefined;
}

/** The entities that are not poisoned. */
export function healthy({ entities }: Facts): EntityFacts[] {
  return [...entities.values()].filter(({ poison }) => poison === undefined);
}

export function isHealthy({ entities }: Facts, name: string): boolean {
  return entities.get(name)?.poison === undefined;
}
