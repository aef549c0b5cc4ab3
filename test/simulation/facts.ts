import type { Failure } from '@bronze/common/failure';
import type { Change, Ledger } from './ledger.ts';
import type { CurrentLine, Version } from './sim-source.ts';

/** What makes an entity fail for ever, until a person helps. */
export type Poison = 'source denied' | 'checkpoint unreadable' | 'part foreign' | 'batch corrupt';

export interface EntityFacts {
  readonly name: string;
  readonly poison: Poison | undefined;
  current(): readonly CurrentLine[];
  versions(): readonly Version[];
}

/** All that a law may look at. */
export interface Facts {
  readonly ledger: Ledger;
  readonly entities: ReadonlyMap<string, EntityFacts>;
  /** Messages that faults made vanish, that died, or that an operator's interrupted command did not send. */
  readonly messages_gone: number;
  /** When the last request for each entity was sent, after the faults; undefined before. */
  readonly asked_at: string | undefined;
}

/** A promise of Bronze. Each check says what breaks it, or nothing. */
export interface Law {
  readonly name: string;
  /** After each durable write. */
  onChange?(facts: Facts, change: Change): string | undefined;
  /** When a message failed. */
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
