import type { Timestamp } from '@bronze/common/words/timestamp';
import type { Random } from '../../random.ts';
import type { Version } from './sim-source.ts';
import { FIRST_XIDS, type Transaction, Transactions } from './sim-transactions.ts';
import { timestampOf, type VirtualClock } from '../world/virtual-clock.ts';

/** One version of a row, as its transaction wrote it. */
export interface Row extends Version {
  readonly id: number;
  readonly written: { readonly database: string; readonly xid: bigint };
  /** Every column, and `xmin`, as text: what the shipping statements read. */
  readonly columns: Readonly<Record<string, string | null>>;
}

export interface DatabaseOptions {
  readonly clock: VirtualClock;
  readonly random: Random;
  readonly rows: number;
  /** Whether loads go by transaction ids. If so, transactions may be prepared, and the database may be restored. */
  readonly hasXids: boolean;
}

/** Null deletes the row. */
type Write = Row | null;
type Open = Transaction<Write>;

const OPEN_MAX = 3;
const LOW_BITS = 2n ** 32n;
const RESTORED_SHARE = 0.06;

/** One table whose rows come, change and go, by single statements or in transactions that stay open for long. */
export class SimDatabase {
  readonly #rows = new Map<number, Row>();
  readonly #past: Row[] = [];
  readonly #options: DatabaseOptions;
  #transactions: Transactions<Write>;
  #restores: number;
  #ids = 0;
  #versions = 0;
  /** `system identifier/timeline/database oid` */
  identity = '7001/00000001/16384';

  constructor(options: DatabaseOptions) {
    this.#options = options;
    const { random, rows, hasXids } = options;
    this.#transactions = new Transactions(random.pick(FIRST_XIDS));
    this.#restores = hasXids && random.chance(RESTORED_SHARE) ? 1 : 0;
    if (rows > 0) this.#writeTogether(Array.from({ length: rows }, () => (this.#ids += 1)));
  }

  get rows(): Iterable<Row> {
    return this.#rows.values();
  }

  /** Every row version that was ever committed. */
  get versions(): readonly Row[] {
    return [...this.#past, ...this.#rows.values()];
  }

  get open(): readonly Open[] {
    return this.#transactions.open;
  }

  snapshot() {
    return this.#transactions.snapshot();
  }

  now(): Timestamp {
    return timestampOf(this.#options.clock.tick(1));
  }

  /** Statements that write and commit at once. */
  change(): void {
    const { random } = this.#options;
    const kind = random.between(0, 3);
    if (kind === 0) this.#writeTogether([(this.#ids += 1), ...this.#some(0.1)]);
    if (kind === 1) this.#writeTogether(this.#some(0.5));
    if (kind === 2) for (const id of this.#some(0.2)) this.#writeTogether([id]);
    if (kind === 3) this.#inOne((one) => this.#delete(one, this.#some(0.1)));
  }

  /** One action of a random session: it begins, writes, sets a savepoint, prepares or ends its transaction. */
  step(): void {
    const { random } = this.#options;
    const { open } = this;
    if (this.#restores > 0 && random.chance(0.1)) return this.#restore();
    if (open.length === 0 || (open.length < OPEN_MAX && random.chance(0.35))) {
      return this.#begin();
    }
    if (random.chance(0.15)) return this.#writeTogether(this.#fewAndNew());
    const one = random.pick(open);
    const kind = random.between(0, 9);
    if (one.is_prepared || kind >= 7) return this.#end(one, random.chance(0.85));
    if (kind <= 3) return this.#write(one, this.#fewAndNew(), this.#transactions.xidOf(one));
    if (kind === 4) return this.#delete(one, this.#few());
    if (kind === 5) this.#useSavepoint(one);
    if (kind === 6 && one.xid !== undefined && this.#options.hasXids) one.is_prepared = true;
  }

  /** Ends every open transaction. */
  settle(): void {
    for (const one of this.open) this.#end(one, this.#options.random.chance(0.85));
  }

  /** Mostly begins an idle transaction. Else one that takes its id after a later-begun one, and commits before it. */
  #begin(): void {
    const { random } = this.#options;
    const one = this.#transactions.begin(this.now(), random.chance(0.2));
    if (random.chance(0.8)) return;
    const later = this.#transactions.begin(this.now(), random.chance(0.2));
    this.#write(later, this.#few(), this.#transactions.xidOf(later));
    this.#write(one, this.#fewAndNew(), this.#transactions.xidOf(one));
    this.#end(one, true);
  }

  #useSavepoint(one: Open): void {
    const xid = this.#transactions.savepoint(one);
    if (this.#options.random.chance(0.3)) this.#transactions.rollBackTo(xid);
    else this.#write(one, this.#few(), xid);
  }

  /** A random share of the rows that no open transaction has written. */
  #some(share: number): number[] {
    const { random } = this.#options;
    const locked = new Set(this.open.flatMap(({ writes }) => [...writes.keys()]));
    return [...this.#rows.keys()].filter((id) => random.chance(share) && !locked.has(id));
  }

  #few(): number[] {
    return this.#some(Math.min(0.2, 1.5 / Math.max(1, this.#rows.size)));
  }

  #fewAndNew(): number[] {
    const few = this.#few();
    return few.length === 0 || this.#options.random.chance(0.1) ? [...few, (this.#ids += 1)] : few;
  }

  /** One statement in a transaction of its own: all rows get the same cursor value. */
  #writeTogether(ids: readonly number[]): void {
    if (ids.length > 0) this.#inOne((one) => this.#write(one, ids, this.#transactions.xidOf(one)));
  }

  #inOne(act: (one: Open) => void): void {
    const one = this.#transactions.begin(this.now(), true);
    act(one);
    this.#end(one, true);
  }

  /** The cursor value is mostly the transaction's start, as with `now()`, sometimes the statement's. */
  #write(one: Open, ids: readonly number[], xid: bigint): void {
    const { random } = this.#options;
    const written_at = random.chance(0.8) ? one.since : this.now();
    for (const id of ids) {
      const updated_at = random.chance(0.03) ? null : written_at;
      const version = String((this.#versions += 1));
      const day = random.chance(0.1) ? null : `2024-01-0${1 + (id % 3)}`;
      const fits = random.chance(0.05) ? 'no' : 'yes';
      const values = { day, fits, id: String(id).padStart(6, '0'), updated_at, version };
      one.writes.set(id, this.#row(id, values, xid));
    }
  }

  #row(id: number, values: Omit<Row['columns'], 'xmin'>, xid: bigint): Row {
    const line = JSON.stringify(values);
    const cursor = values['updated_at'] ?? null;
    const written = { database: this.identity, xid };
    return {
      id,
      line,
      cursor,
      written,
      from_us: 0,
      to_us: Infinity,
      columns: { ...values, xmin: `${xid % LOW_BITS}` },
    };
  }

  #delete(one: Open, ids: readonly number[]): void {
    if (ids.length > 0) this.#transactions.xidOf(one);
    for (const id of ids) one.writes.set(id, null);
  }

  #end(one: Open, isCommitted: boolean): void {
    const at_us = this.#options.clock.tick(1);
    if (isCommitted) for (const [id, write] of one.writes) this.#replace(id, write, at_us);
    this.#transactions.end(one);
  }

  #replace(id: number, write: Write, at_us: number): void {
    const before = this.#rows.get(id);
    if (before) this.#past.push({ ...before, to_us: at_us });
    if (write) this.#rows.set(id, { ...write, from_us: at_us });
    else this.#rows.delete(id);
  }

  /** Moves the rows to another database with transaction ids of its own. Open transactions are rolled back. */
  #restore(): void {
    const { random, clock } = this.#options;
    this.#restores -= 1;
    this.identity = '7002/00000001/16384';
    const later_xid = this.snapshot().next_xid + BigInt(random.between(0, 40));
    this.#transactions = new Transactions(random.chance(0.5) ? later_xid : random.pick(FIRST_XIDS));
    const one = this.#transactions.begin(this.now(), true);
    const xid = this.#transactions.xidOf(one);
    const at_us = clock.tick(1);
    for (const { id, columns } of this.#rows.values()) {
      const { xmin: _, ...values } = columns;
      this.#replace(id, this.#row(id, values, xid), at_us);
    }
    this.#transactions.end(one);
  }
}
