import { BronzeError } from '@bronze/common/words/failure';
import type { Source } from '@bronze/common/load/source';
import type { Random } from '../../random.ts';
import type { VirtualClock } from '../world/virtual-clock.ts';

/** A row or record that its source holds now, as the NDJSON line that it is staged as. */
export interface CurrentLine {
  readonly line: string;
  /** Null when it has no cursor value. */
  readonly cursor: string | null;
  /** Its cursor is not of the time when it was written, so no timestamp says whether it has been read. */
  readonly is_backdated?: boolean;
}

/** One version of a row or record, past or present. */
export interface Version extends CurrentLine {
  /** When it appeared in its source, in virtual microseconds. */
  readonly from_us: number;
  /** When it was replaced or deleted; `Infinity` while it is current. */
  readonly to_us: number;
  /** The transaction that wrote it, where rows carry one. */
  readonly written?: { readonly database: string; readonly xid: bigint };
  /** Before that, up to these times, other transactions had: it has been rewritten since. In order. */
  readonly was_written?: readonly { readonly until_us: number; readonly written: NonNullable<Version['written']> }[];
}

/** How a source makes its calls: each one waits for the scheduler and may meet a fault. */
export interface Asks {
  ask<Answer>(name: string, about: string, effect: () => Promise<Answer>, at_us?: number): Promise<Answer>;
}

export interface SourceOptions {
  readonly clock: VirtualClock;
  readonly random: Random;
  /** How many rows or records there are at the start. */
  readonly rows: number;
  /** The chance that something happens in it between two calls: a step of a transaction, a change of a list. */
  readonly stir_chance: number;
  /** Whether it still changes by itself: false once faults have stopped. */
  readonly isTroubled: () => boolean;
}

/** A simulated table or API list that an entity is read from. */
export interface SimSource {
  current(): readonly CurrentLine[];
  /** Every version that it ever held. */
  versions(): readonly Version[];
  /** Whether its clock was set back for good: its checkpoint then stands still. */
  readonly is_clock_wrong: boolean;
  change(): void;
  /** The source port as one invocation sees it. */
  open(asks: Asks): Source;
}

/** The transient failure of a source that was interrupted. */
export function sourceFailure(why: string): BronzeError {
  return new BronzeError('SOURCE_INTERRUPTED', { message: why, hint: 'simulated' });
}
