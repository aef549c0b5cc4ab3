import type { WindowFallback } from '@bronze/common/words/exact-position';

/**
 * One transaction, as its client saw it: the truth that loads are compared with. It contains no transaction ids.
 *
 * Ticks number the events in which a client sent something or got an answer, across all connections.
 */
export interface Written {
  readonly began: number;
  /** Tick at which the first statement was sent that may have taken a transaction id. */
  wrote: number | undefined;
  /** Tick at which the end was acknowledged. */
  ended: number | undefined;
  outcome: 'open' | 'committed' | 'rolled_back';
  versions: Version[];
}

export interface Version {
  readonly version: number;
  /** Its cursor is NULL, so only full loads bring it. */
  readonly is_null: boolean;
  /** Its cursor was read from the database's clock, at or after the start of its transaction. */
  readonly is_true: boolean;
}

/** One load, with the versions that an observer saw in the table before the claim and after the last slice. */
export interface LoadSeen {
  readonly load_type: 'full' | 'incremental';
  readonly is_abandoned: boolean;
  readonly began: number;
  readonly claimed: number;
  /** Versions, in the order in which they were read. */
  readonly brought: readonly number[];
  readonly before: ReadonlySet<number>;
  readonly after: ReadonlySet<number>;
  /** Rows with a NULL cursor that it counted and skipped; undefined: it does not count them. */
  readonly without_cursor: number | undefined;
  /** The `last_sync_timestamp` after the load. */
  readonly synced: string;
  readonly window_basis: string | undefined;
  readonly window_fallback: WindowFallback | undefined;
}

/** A row that is in the table at the end. */
export interface Standing {
  readonly version: number;
  /** In the format of `Timestamp`. */
  readonly cursor: string | null;
}

export class History {
  #tick = 0;
  #version = 0;
  readonly transactions: Written[] = [];
  readonly loads: LoadSeen[] = [];
  /** Those of the transactions that gave rows a new transaction id without changing them, or showed them in a view. */
  readonly remakes: (Written & { readonly wrote: number; readonly ended: number })[] = [];
  /** Whether rows may come again without having changed. */
  isRemade = false;
  /** Whether rows show later than they are written, with cursors of then. */
  isView = false;
  standing: readonly Standing[] = [];
  /** The database's clock when the last writer was done. */
  stopped_at = '';

  tick(): number {
    this.#tick += 1;
    return this.#tick;
  }

  /** Reserves `count` consecutive version numbers. @returns the first of them */
  reserve(count: number): number {
    const first = this.#version + 1;
    this.#version += count;
    return first;
  }

  begin(): Written {
    const began: Written = { began: this.tick(), wrote: undefined, ended: undefined, outcome: 'open', versions: [] };
    this.transactions.push(began);
    return began;
  }

  end(written: Written, outcome: 'committed' | 'rolled_back'): void {
    written.ended = this.tick();
    written.outcome = outcome;
  }
}
