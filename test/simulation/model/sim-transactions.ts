import type { Timestamp } from '@bronze/common/words/timestamp';

/** An open transaction of a simulated database. */
export interface Transaction<Write> {
  /** Virtual transaction id: `3/17`. */
  readonly id: string;
  readonly since: Timestamp;
  /** Whether every role sees its start. */
  readonly is_own: boolean;
  /** Undefined until it writes. */
  xid: bigint | undefined;
  /** The greatest id of it and its savepoints. */
  last_xid: bigint;
  is_prepared: boolean;
  /** What it has written, by the row's key. Until it ends, no other transaction writes these rows. */
  readonly writes: Map<number, Write>;
}

/** First ids: two of the three are shortly before the low 32 bits wrap around. */
export const FIRST_XIDS = [700n, 2n ** 32n - 12n, 5n * 2n ** 32n - 40n] as const;

/** Assigns transaction ids as PostgreSQL does: to a transaction at its first write, and to savepoints that write. */
export class Transactions<Write> {
  readonly #open = new Set<Transaction<Write>>();
  #next_xid: bigint;
  /** The greatest id of a transaction or savepoint that has ended. */
  #latest: bigint;
  #virtual = 0;

  constructor(first_xid: bigint) {
    this.#next_xid = first_xid;
    this.#latest = this.#next_xid - 1n;
  }

  get open(): readonly Transaction<Write>[] {
    return [...this.#open];
  }

  begin(since: Timestamp, is_own: boolean): Transaction<Write> {
    this.#virtual += 1;
    const id = `${2 + (this.#virtual % 3)}/${this.#virtual}`;
    const begun = { id, since, is_own, xid: undefined, last_xid: 0n, is_prepared: false, writes: new Map() };
    this.#open.add(begun);
    return begun;
  }

  /** The transaction's own id, assigned now if it has none. */
  xidOf(one: Transaction<Write>): bigint {
    if (one.xid === undefined) {
      one.xid = this.#next_xid++;
      one.last_xid = one.xid;
    }
    return one.xid;
  }

  /** Other tables use up ids. None of the open transactions may have one. */
  spend(ids: bigint): void {
    this.#next_xid += ids;
    this.#latest = this.#next_xid - 1n;
  }

  /** The id of a new savepoint, above that of its transaction. */
  savepoint(one: Transaction<Write>): bigint {
    this.xidOf(one);
    one.last_xid = this.#next_xid++;
    return one.last_xid;
  }

  /** A savepoint that is rolled back ends before its transaction does. */
  rollBackTo(savepoint: bigint): void {
    if (savepoint > this.#latest) this.#latest = savepoint;
  }

  end(one: Transaction<Write>): void {
    this.#open.delete(one);
    if (one.last_xid > this.#latest) this.#latest = one.last_xid;
  }

  /** `pg_current_snapshot()`: its xmin and xmax. xmin considers ids of open transactions, not those of savepoints. */
  snapshot(): { readonly xid: bigint; readonly next_xid: bigint } {
    const next_xid = this.#latest + 1n;
    let xid = next_xid;
    for (const one of this.#open) if (one.xid !== undefined && one.xid < xid) xid = one.xid;
    return { xid, next_xid };
  }
}
