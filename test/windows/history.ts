/**
 * What the writers did, as their clients saw it: the truth that loads are compared with. It knows no transaction ids.
 *
 * Ticks number the moments at which a client sent something or got an answer, over all connections.
 */
export interface Written {
  readonly began: number;
  /** When the first statement that may have taken a transaction id was sent. */
  wrote: number | undefined;
  /** When the end was acknowledged. */
  ended: number | undefined;
  outcome: 'open' | 'committed' | 'rolled_back';
  versions: Version[];
}

export interface Version {
  readonly version: number;
  /** Its cursor is NULL: only full loads bring it. */
  readonly is_null: boolean;
  /** Its cursor was read from the database's clock, at or after the beginning of its transaction. */
  readonly is_true: boolean;
}

/** One load, with what an observer saw in the table before the claim and after the last slice. */
export interface LoadSeen {
  readonly load_type: 'full' | 'incremental';
  readonly is_abandoned: boolean;
  readonly began: number;
  readonly claimed: number;
  /** Versions, in the order of reading. */
  readonly brought: readonly number[];
  readonly before: ReadonlySet<number>;
  readonly after: ReadonlySet<number>;
  /** Rows with a NULL cursor that it counted and left out; undefined: it does not count. */
  readonly without_cursor: number | undefined;
  /** The `last_sync_timestamp` that it led to. */
  readonly synced: string;
  readonly window_basis: string | undefined;
  readonly window_fallback: string | undefined;
}

/** A row as it stands in the table at the end. */
export interface Standing {
  readonly version: number;
  /** As `Timestamp` is written. */
  readonly cursor: string | null;
}

export class History {
  #tick = 0;
  #version = 0;
  readonly transactions: Written[] = [];
  readonly loads: LoadSeen[] = [];
  standing: readonly Standing[] = [];
  /** The database's clock when the last writer was done. */
  stopped_at = '';

  tick(): number {
    this.#tick += 1;
    return this.#tick;
  }

  /** The first of `count` version numbers that nobody else gets. */
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
