import { BronzeError } from '@bronze/common/words/failure';
import type { Source } from '@bronze/common/load/source';
import type { Random } from '../../random.ts';
import type { VirtualClock } from '../world/virtual-clock.ts';

/** A row or record as it stands in its source now, as the line that it is staged as. */
export interface CurrentLine {
  readonly line: string;
  /** Null: it has none. */
  readonly cursor: string | null;
}

/** What a row or record was, or is, for some time. */
export interface Version extends CurrentLine {
  /** It stood in its source from here on, in virtual microseconds … */
  readonly from_us: number;
  /** … and up to here. */
  readonly to_us: number;
  /** By which transaction, where rows tell. */
  readonly written?: { readonly database: string; readonly xid: bigint };
}

/** How a source is asked: every such call may meet a fault. */
export interface Asks {
  ask<Answer>(name: string, about: string, effect: () => Promise<Answer>, at_us?: number): Promise<Answer>;
}

export interface SourceOptions {
  readonly clock: VirtualClock;
  readonly random: Random;
  /** At the beginning. */
  readonly rows: number;
  /** How often something happens in it between two questions: a step of a transaction, a change of a list. */
  readonly stir_chance: number;
  /** Whether anything happens in it by itself yet. */
  readonly isTroubled: () => boolean;
}

/** What an entity is read from. */
export interface SimSource {
  current(): readonly CurrentLine[];
  /** All that ever stood there. */
  versions(): readonly Version[];
  change(): void;
  /** As one invocation sees it. */
  open(asks: Asks): Source;
}

export function sourceFailure(why: string): BronzeError {
  return new BronzeError('SOURCE_INTERRUPTED', { message: why, hint: 'simulated' });
}
