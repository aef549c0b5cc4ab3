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
  /** When each entity was requested once more after the faults; undefined before that. */
  readonly asked_at: string | undefined;
}

export interface Violation {
  readonly law: string;
  readonly what: string;
}

/** How often rare things happened. */
export interface Counts {
  redriven: number;
  redriven_weeks_later: number;
  tampered: number;
  /** Healthy entities that lost no message, and so had to complete without another request. */
  strictly_live: number;
}

export const NO_COUNTS: Readonly<Counts> = { redriven: 0, redriven_weeks_later: 0, tampered: 0, strictly_live: 0 };

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
