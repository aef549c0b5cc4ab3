import type { Timestamp } from '@bronze/common/words/timestamp';
import type { Random } from '../../random.ts';
import { RESTORED, type Row, SimRows, withXmin } from './sim-rows.ts';
import { drawUpheavals, isRemake, type Remake, SimStorage, type Upheaval } from './sim-storage.ts';
import { FIRST_XIDS, type Transaction, Transactions } from './sim-transactions.ts';
import { timestampOf, type VirtualClock } from '../world/virtual-clock.ts';

export interface DatabaseOptions {
  readonly clock: VirtualClock;
  readonly random: Random;
  readonly rows: number;
  /** Whether loads go by transaction ids. If so, transactions may be prepared. */
  readonly hasXids: boolean;
  /** Whether readers see the rows of the last refresh. */
  readonly isMaterialized: boolean;
}

/** Null deletes the row. */
type Write = Row | null;
type Open = Transaction<Write>;

/** A transaction that holds the table's ACCESS EXCLUSIVE lock. */
interface Exclusive {
  readonly kind: Remake;
  readonly one: Open;
  /** The id that rows will carry. A table that is swapped in may have been filled before. */
  readonly xid: bigint;
}

const OPEN_MAX = 3;
const HALF_OF_ALL_IDS = 2n ** 31n;
/** 200 days: longer than any world lasts, so that each claim notices it. */
const SET_BACK_US = 200 * 24 * 3600 * 1_000_000;
const UPHEAVAL_CHANCE = 0.4;

/** One table whose rows come, change and go, by single statements or in transactions that stay open for long. */
export class SimDatabase {
  readonly storage = new SimStorage();
  readonly #rows = new SimRows();
  /** What readers see: the rows, or a materialized view of them. */
  readonly #shown: SimRows;
  readonly #options: DatabaseOptions;
  readonly #mayPrepare: boolean;
  #transactions: Transactions<Write>;
  #upheavals: readonly Upheaval[];
  #exclusive: Exclusive | undefined;
  #behind_us = 0;
  #ids = 0;
  #versions = 0;
  /** Whether the role may read `xmin`, and there is one. */
  has_xids: boolean;
  /** `system identifier/timeline/database oid` */
  identity = '7001/00000001/16384';
  /** Counts the databases that have answered: sessions don't outlive theirs. */
  epoch = 0;

  constructor(options: DatabaseOptions) {
    this.#options = options;
    const { random, rows, hasXids, isMaterialized } = options;
    this.#shown = isMaterialized ? new SimRows() : this.#rows;
    this.#transactions = new Transactions(random.pick(FIRST_XIDS));
    this.#upheavals = isMaterialized ? [] : drawUpheavals(random, hasXids);
    const [first] = this.#upheavals;
    this.has_xids = hasXids && first !== 'privilege granted';
    // Windows of time go by margins where transactions are prepared, and margins are 0 here.
    this.#mayPrepare = hasXids && !this.#upheavals.includes('privilege granted');
    if (rows > 0) this.#writeTogether(Array.from({ length: rows }, () => (this.#ids += 1)));
    if (isMaterialized) this.#inOne((one) => this.#showAll(this.#transactions.xidOf(one)));
  }

  get rows(): Iterable<Row> {
    return this.#shown.current;
  }

  /** Every row version that was ever committed. */
  get versions(): readonly Row[] {
    return this.#shown.versions;
  }

  get open(): readonly Open[] {
    return this.#transactions.open;
  }

  /** Whether a transaction holds the table's ACCESS EXCLUSIVE lock. */
  get isLocked(): boolean {
    return this.#exclusive !== undefined;
  }

  get is_clock_wrong(): boolean {
    return this.#behind_us > 0;
  }

  snapshot() {
    return this.#transactions.snapshot();
  }

  now(): Timestamp {
    this.#options.clock.tick(1);
    return timestampOf(this.#options.clock.now_us - this.#behind_us);
  }

  /** Statements that write and commit at once. */
  change(): void {
    this.waitForLock();
    const { random, isMaterialized } = this.#options;
    const kind = random.between(0, 3);
    if (kind === 0) this.#writeTogether([(this.#ids += 1), ...this.#some(0.1)]);
    if (kind === 1) this.#writeTogether(this.#some(0.5));
    if (kind === 2) for (const id of this.#some(0.2)) this.#writeTogether([id]);
    if (kind === 3) this.#inOne((one) => this.#delete(one, this.#some(0.1)));
    if (isMaterialized && random.chance(0.5)) this.#refresh();
  }

  /** One action of a random session: it begins, writes, sets a savepoint, prepares or ends its transaction. */
  step(): void {
    const { random, isMaterialized } = this.#options;
    const { open } = this;
    if (this.#exclusive) return this.#stepWhileLocked(this.#exclusive);
    if (this.#upheavals.length > 0 && random.chance(UPHEAVAL_CHANCE)) return this.#upheave();
    if (isMaterialized && random.chance(0.25)) return this.#refresh();
    if (open.length === 0 || (open.length < OPEN_MAX && random.chance(0.35))) {
      return this.#begin();
    }
    if (random.chance(0.15)) return this.#writeTogether(this.#fewAndNew());
    this.#goOn(random.pick(open));
  }

  /** Ends every open transaction. */
  settle(): void {
    this.waitForLock();
    for (const one of this.open) this.#end(one, this.#options.random.chance(0.85));
  }

  /**
   * Lets the transaction end that holds the table's lock.
   *
   * @returns the id that its rows carry; undefined if it wrote none or rolled back, or the table is not locked
   */
  waitForLock(): bigint | undefined {
    if (!this.#exclusive) return undefined;
    const { kind, one, xid } = this.#exclusive;
    this.#exclusive = undefined;
    const isCommitted = this.#options.random.chance(0.9);
    if (isCommitted) this.#remade(kind, xid);
    this.#transactions.end(one);
    return isCommitted && kind !== 'compacted' ? xid : undefined;
  }

  #goOn(one: Open): void {
    const { random } = this.#options;
    const kind = random.between(0, 10);
    if (one.is_prepared || (kind >= 7 && kind < 10)) return this.#end(one, random.chance(0.85));
    if (kind <= 3) return this.#write(one, this.#fewAndNew(), this.#transactions.xidOf(one));
    if (kind === 4) return this.#delete(one, this.#few());
    if (kind === 5) this.#useSavepoint(one);
    if (kind === 6 && one.xid !== undefined && this.#mayPrepare) one.is_prepared = true;
    // It writes to another table.
    if (kind === 10) this.#transactions.xidOf(one);
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
    return this.#rows.ids.filter((id) => random.chance(share) && !locked.has(id));
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
    for (const id of ids) one.writes.set(id, this.#version(id, random.chance(0.03) ? null : written_at, xid));
  }

  #version(id: number, updated_at: string | null, xid: bigint): Row {
    const { random } = this.#options;
    const version = String((this.#versions += 1));
    const day = random.chance(0.1) ? null : `2024-01-0${1 + (id % 3)}`;
    const fits = random.chance(0.05) ? 'no' : 'yes';
    return this.#row(id, { day, fits, id: String(id).padStart(6, '0'), updated_at, version }, xid);
  }

  #row(id: number, values: Row['columns'], xid: bigint): Row {
    const line = JSON.stringify(values);
    const cursor = values['updated_at'] ?? null;
    const written = { database: this.#ledgerName, xid };
    const columns = withXmin(values, xid);
    const is_backdated = this.is_clock_wrong || this.#options.isMaterialized;
    return { id, line, cursor, written, from_us: 0, to_us: Infinity, columns, is_backdated };
  }

  /** Ids that were given out again are not those that a load's window means. */
  get #ledgerName(): string {
    return this.epoch > 0 && this.identity.startsWith('7001') ? `${this.identity}${RESTORED}` : this.identity;
  }

  #delete(one: Open, ids: readonly number[]): void {
    if (ids.length > 0) this.#transactions.xidOf(one);
    for (const id of ids) one.writes.set(id, null);
  }

  #end(one: Open, isCommitted: boolean): void {
    const at_us = this.#options.clock.tick(1);
    if (isCommitted) for (const [id, write] of one.writes) this.#rows.replace(id, write, at_us);
    this.#transactions.end(one);
  }

  /** What befalls the table next, unless something stands in its way. */
  #upheave(): void {
    const [next, ...later] = this.#upheavals;
    if (next === undefined) return;
    const hasBegun = isRemake(next) ? this.#lockExclusively(next) : this.#befall(next);
    if (hasBegun) this.#upheavals = later;
  }

  /** Writers keep the table from being locked. Readers do too, unless they are terminated. */
  #lockExclusively(kind: Remake): boolean {
    const { random } = this.#options;
    if (kind !== 'refreshed' && this.open.some(({ writes }) => writes.size > 0)) return false;
    if (this.storage.isRead && random.chance(0.5)) return false;
    this.storage.terminateReaders();
    // An older transaction, which writes to another table, holds back what the new file gets.
    if (random.chance(0.4)) this.#transactions.xidOf(this.#transactions.begin(this.now(), random.chance(0.2)));
    const filled = kind === 'swapped' && random.chance(0.5) ? this.#idOfEnded() : undefined;
    const one = this.#transactions.begin(this.now(), random.chance(0.2));
    const xid = this.#transactions.xidOf(one);
    this.#exclusive = { kind, one, xid: filled ?? xid };
    return true;
  }

  #idOfEnded(): bigint {
    const one = this.#transactions.begin(this.now(), true);
    const xid = this.#transactions.xidOf(one);
    this.#transactions.end(one);
    return xid;
  }

  /** Whoever wants to write to the table waits. Other transactions begin, take ids and end. */
  #stepWhileLocked({ one }: Exclusive): void {
    const { random } = this.#options;
    if (random.chance(0.4)) return void this.waitForLock();
    const other = this.open.find((open) => open !== one);
    if (!other) this.#transactions.begin(this.now(), random.chance(0.2));
    else if (other.xid === undefined) this.#transactions.xidOf(other);
    else this.#end(other, true);
  }

  #remade(kind: Remake, xid: bigint): void {
    const { clock } = this.#options;
    this.storage.file_node += 1;
    if (kind === 'rewritten' || kind === 'swapped')
      this.#rows.rewrite({ database: this.#ledgerName, xid }, clock.tick(1));
    if (kind === 'swapped') this.storage.oid += 1;
    if (kind === 'reloaded') this.#reload(xid);
    if (kind === 'refreshed') this.#showAll(xid);
  }

  /** Other rows under the same keys, some with the cursors that the rows before them had. */
  #reload(xid: bigint): void {
    const { random, clock } = this.#options;
    const at_us = clock.tick(1);
    for (const id of this.#rows.ids) {
      const isKept = random.chance(0.5);
      const updated_at = isKept ? (this.#rows.get(id)?.cursor ?? null) : this.now();
      const row = { ...this.#version(id, updated_at, xid), is_backdated: true };
      this.#rows.replace(id, random.chance(0.9) ? row : null, at_us);
    }
  }

  /** `REFRESH MATERIALIZED VIEW`, half of them CONCURRENTLY, which locks nobody out. */
  #refresh(): void {
    if (this.#options.random.chance(0.5)) return void this.#lockExclusively('refreshed');
    this.#inOne((one) => this.#showChanges(this.#transactions.xidOf(one)));
  }

  #showAll(xid: bigint): void {
    this.#shown.rewrite({ database: this.#ledgerName, xid }, this.#options.clock.tick(1));
    this.#showChanges(xid);
  }

  #showChanges(xid: bigint): void {
    const at_us = this.#options.clock.tick(1);
    const written = { database: this.#ledgerName, xid };
    for (const row of this.#rows.current) {
      if (row.line === this.#shown.get(row.id)?.line) continue;
      this.#shown.replace(row.id, { ...row, written, columns: withXmin(row.columns, xid) }, at_us);
    }
    for (const id of this.#shown.ids) if (!this.#rows.get(id)) this.#shown.replace(id, null, at_us);
  }

  #befall(upheaval: Exclude<Upheaval, Remake>): boolean {
    const hasIds = this.open.some(({ xid }) => xid !== undefined);
    switch (upheaval) {
      case 'replaced':
        this.#replaceBy('7002/00000001/16384', this.#options.random.pick([this.#laterXid(), ...FIRST_XIDS]));
        return true;
      case 'restored':
        // Otherwise its ids would soon be above those of a position, and nobody could tell.
        if (this.snapshot().next_xid > HALF_OF_ALL_IDS) this.#replaceBy(this.identity, FIRST_XIDS[0]);
        return true;
      case 'ids spent':
        if (!hasIds) this.#transactions.spend(HALF_OF_ALL_IDS);
        return !hasIds;
      case 'clock set back':
        this.#behind_us = SET_BACK_US;
        return true;
      case 'privilege revoked':
        this.has_xids = false;
        return true;
      case 'privilege granted':
        this.has_xids = true;
        return true;
      default:
        return upheaval satisfies never;
    }
  }

  #laterXid(): bigint {
    return this.snapshot().next_xid + BigInt(this.#options.random.between(0, 40));
  }

  /** Moves the rows to a database with transaction ids of its own. Open transactions are rolled back. */
  #replaceBy(identity: string, first_xid: bigint): void {
    this.identity = identity;
    this.epoch += 1;
    this.storage.terminateReaders();
    this.#transactions = new Transactions(first_xid);
    const one = this.#transactions.begin(this.now(), true);
    const xid = this.#transactions.xidOf(one);
    const at_us = this.#options.clock.tick(1);
    for (const id of this.#rows.ids) {
      const row = this.#rows.get(id);
      const { xmin: _, ...values } = row?.columns ?? {};
      this.#rows.replace(id, { ...this.#row(id, values, xid), is_backdated: row?.is_backdated === true }, at_us);
    }
    this.#transactions.end(one);
  }
}
