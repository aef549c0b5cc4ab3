import type { Failure, FailureCode } from '@bronze/common/words/failure';
import type { Invocation } from './invocation.ts';
import type { Change, Ledger, PlanFacts } from './ledger.ts';
import type { CurrentLine, Version } from '../model/sim-source.ts';

/** What makes an entity fail for ever, until a person helps. */
export type Poison = 'source denied' | 'checkpoint unreadable' | 'part foreign' | 'batch corrupt';

/** What an entity then fails with. */
export const POISON_CODES: Record<Poison, FailureCode> = {
  'source denied': 'SOURCE_DENIED',
  'checkpoint unreadable': 'CHECKPOINTS_UNREADABLE',
  'part foreign': 'PART_FOREIGN',
  'batch corrupt': 'OBJECT_CORRUPT',
};

export interface EntityFacts {
  readonly name: string;
  /** From when on it is poisoned. */
  readonly poison: Poison | undefined;
  current(): readonly CurrentLine[];
  versions(): readonly Version[];
}

/** All that a law may look at. */
export interface Facts {
  readonly ledger: Ledger;
  readonly entities: ReadonlyMap<string, EntityFacts>;
  /** Entities of which a message vanished, died, or was not sent by a command that was interrupted. */
  readonly gone: ReadonlySet<string>;
  /** When the last request for each entity was sent, after the faults; undefined before. */
  readonly asked_at: string | undefined;
}

export interface Violation {
  readonly law: string;
  readonly what: string;
}

/** How often what is rare happened. */
export interface Counts {
  redriven: number;
  redriven_weeks_later: number;
  tampered: number;
  /** Healthy entities that came to rest by themselves, and had to be whole then. */
  strictly_live: number;
}

export const NO_COUNTS: Readonly<Counts> = { redriven: 0, redriven_weeks_later: 0, tampered: 0, strictly_live: 0 };

/** Messages on their way to a queue. */
export interface Sent {
  readonly queue: 'requests' | 'writes';
  readonly bodies: readonly object[];
  readonly by: Invocation;
}

/** A promise of Bronze. Each check says what breaks it, or nothing. */
export interface Law {
  readonly name: string;
  /** After each durable write. */
  onChange?(facts: Facts, change: Change): string | undefined;
  /** Before messages are sent for a load. */
  onSent?(facts: Facts, sent: Sent): string | undefined;
  /** Before a planner sends its requests. */
  onPlanSent?(facts: Facts, sent: Sent): string | undefined;
  /** When a plan says that it is made. */
  onPlanned?(facts: Facts, plan: PlanFacts): string | undefined;
  /** When a message or a command failed. */
  onFailure?(facts: Facts, entity: string, failure: Failure): string | undefined;
  /** When faults have stopped and nothing is under way any more. */
  atRest?(facts: Facts): string | undefined;
  /** When every entity was asked for once more after that, and nothing is under way any more. */
  afterOneMoreRequest?(facts: Facts): string | undefined;
}

/** Those that nothing keeps from completing. */
export function healthy({ entities }: Facts): EntityFacts[] {
  return [...entities.values()].filter(({ poison }) => poison === undefined);
}

export function isHealthy({ entities }: Facts, name: string): boolean {
  return entities.get(name)?.poison === undefined;
}
