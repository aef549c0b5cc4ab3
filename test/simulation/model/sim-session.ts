import { QUOTING } from '@bronze/extractor/adapters/pg-database';
import type { Copy, Row as Answer, Session } from '@bronze/extractor/postgres/database';
import {
  CATALOG_SQL,
  FILLED_SQL,
  REPLAYED_SQL,
  TIME_WATERMARK_SQL,
} from '@bronze/extractor/postgres/table/catalog-sql';
import { OWN_SEARCH_PATH_SQL, ROLE_SEARCH_PATH_SQL } from '@bronze/extractor/postgres/table/search-path';
import {
  CLOCK_SQL,
  FLUSHED_SQL,
  OPEN_SQL,
  PREPARED_SQL,
  SNAPSHOT_SQL,
} from '@bronze/extractor/postgres/window/observe-sql';
import { STATEMENT_XMAX_SQL } from '@bronze/extractor/postgres/window/xid-range';
import type { SimDatabase } from './sim-database.ts';
import type { Row } from './sim-rows.ts';
import type { Reader } from './sim-storage.ts';
import { sourceFailure } from './sim-source.ts';
import { compileCondition } from './sql-condition.ts';

export interface SessionOptions {
  readonly database: SimDatabase;
  /** The catalog's JSON text about the table, as it is now. */
  readonly describe: () => string;
  /** Whether the role sees when other sessions' transactions began. */
  readonly seesAll: boolean;
  /** Called before each statement: other sessions work. */
  readonly before: () => void;
  /** Whether a lock that is not free now is waited for in vain. */
  readonly isTimedOut: () => boolean;
  /** Waits for the next chunk of a COPY. Rejects when the connection is lost. */
  readonly nextChunk: () => Promise<void>;
  readonly chunk_rows: number;
}

const COPY = /^COPY \(SELECT (.+?) FROM "public"\."\w+"(?: WHERE (.+))? ORDER BY ("\w+"(?:, "\w+")*)\) TO STDOUT$/;
const COUNT = /^SELECT count\(\*\)::text AS rows FROM "public"\."\w+" WHERE (.+)$/;
/** Statements that return no rows and change nothing in the model. */
const SILENT = /^(?:SAVEPOINT \w+|ROLLBACK TO SAVEPOINT \w+)$/;
const LOCK = /^SELECT FROM "public"\."\w+" LIMIT 0$/;
/** Of the model's functions none depends on the path. */
const PATHS: ReadonlySet<string> = new Set([OWN_SEARCH_PATH_SQL, ROLE_SEARCH_PATH_SQL]);

/**
 * Answers the statements that ship, each in its own snapshot. Once the database has been replaced, or an operator has
 * terminated the session, every statement fails with `SOURCE_INTERRUPTED`. A statement that the model doesn't know
 * throws a RangeError.
 */
export class SimSession implements Session, Reader {
  readonly quoting = QUOTING;
  readonly #options: SessionOptions;
  readonly #epoch: number;
  #hasLocked = false;
  #isTerminated = false;

  constructor(options: SessionOptions) {
    this.#options = options;
    this.#epoch = options.database.epoch;
  }

  async rows(sql: string): Promise<Answer[]> {
    this.#begin();
    const { database, seesAll, describe } = this.#options;
    if (SILENT.test(sql) || PATHS.has(sql)) return [];
    if (LOCK.test(sql)) return this.#lock();
    const [, counted] = COUNT.exec(sql) ?? [];
    if (counted !== undefined) return [{ rows: String(taken(database, counted).length) }];
    switch (sql) {
      case CATALOG_SQL:
        return [{ described: describe() }];
      case CLOCK_SQL:
        return [{ at: database.now() }];
      case OPEN_SQL:
        return [{ open: JSON.stringify(openIn(database, seesAll)) }];
      case PREPARED_SQL:
        return preparedIn(database);
      case SNAPSHOT_SQL:
        return [snapshotOf(database)];
      case TIME_WATERMARK_SQL:
        return [{ basis: 'oldest_transaction', until: startsIn(database).at(0) ?? database.now() }];
      case FLUSHED_SQL:
        return [{ flushed: 'true' }];
      case FILLED_SQL:
        return [{ is_filled: 'true' }];
      case REPLAYED_SQL:
        return [{ replayed: 'true' }];
      default:
        throw new RangeError(`unknown statement: ${sql.slice(0, 80)}`);
    }
  }

  terminate(): void {
    this.#isTerminated = true;
  }

  /**
   * A COPY sees one snapshot, taken at its first chunk. If the session has not locked the table before, the COPY does,
   * after its snapshot: what the transaction wrote that held the lock until then is invisible to it.
   */
  copy(sql: string): Copy {
    let sent = 0;
    const chunks = async function* (this: SimSession): AsyncGenerator<Uint8Array> {
      const { nextChunk, chunk_rows, database } = this.#options;
      let lines: readonly string[] | undefined;
      for (;;) {
        await nextChunk();
        this.#assertAlive();
        if (!lines) {
          this.#begin();
          lines = copied(database, sql, this.#hasLocked ? undefined : database.waitForLock());
        }
        const chunk = lines.slice(sent, sent + chunk_rows);
        if (chunk.length === 0) return;
        sent += chunk.length;
        yield Buffer.from(chunk.join(''));
      }
    };
    return { chunks: chunks.call(this), rowCount: async () => sent };
  }

  async close(): Promise<void> {
    this.#options.database.storage.unlock(this);
  }

  /** Waits for the lock, or gives up as with `lock_timeout`. */
  #lock(): Answer[] {
    const { database, isTimedOut } = this.#options;
    if (database.isLocked && isTimedOut())
      throw Object.assign(new Error('canceling statement due to lock timeout'), { code: '55P03' });
    database.waitForLock();
    database.storage.lock(this);
    this.#hasLocked = true;
    return [];
  }

  #begin(): void {
    this.#options.before();
    this.#assertAlive();
  }

  #assertAlive(): void {
    if (this.#isTerminated || this.#options.database.epoch !== this.#epoch)
      throw sourceFailure('the connection was terminated');
  }
}

/**
 * The lines of a COPY in text format, one per row, in its order.
 *
 * @param invisible_xid a transaction that has ended since the snapshot was taken
 */
function copied(database: SimDatabase, sql: string, invisible_xid: bigint | undefined): readonly string[] {
  const [, selected = '', condition, order] = COPY.exec(sql) ?? [];
  if (order === undefined) throw new RangeError(`unknown statement: ${sql}`);
  const names = namesIn(selected);
  const keys = namesIn(order);
  const placeOf = ({ columns }: Row) => keys.map((name) => columns[name] ?? '').join(' ');
  return taken(database, condition)
    .filter(({ written }) => written.xid !== invisible_xid)
    .map((row) => ({ row, place: placeOf(row) }))
    .toSorted((a, b) => (a.place < b.place ? -1 : 1))
    .map(({ row }) => `${names.map((name) => row.columns[name] ?? String.raw`\N`).join('\t')}\n`);
}

function namesIn(quoted: string): string[] {
  return quoted.slice(1, -1).split('", "');
}

function taken(database: SimDatabase, condition: string | undefined): readonly Row[] {
  const rows = [...database.rows];
  if (condition === undefined) return rows;
  const now = `'${database.now()}'`;
  const sql = condition.replaceAll(STATEMENT_XMAX_SQL, String(database.snapshot().next_xid));
  const isTaken = compileCondition(sql.replaceAll(/(?:clock|statement)_timestamp\(\)/g, now));
  return rows.filter(({ columns }) => isTaken(columns));
}

function openIn(database: SimDatabase, sees_all: boolean) {
  const open = database.open
    .filter((one) => !one.is_prepared)
    .map(({ id, since, is_own }) => ({ id, since: sees_all || is_own ? since : null }));
  const starts = startsIn(database);
  const newest = sees_all ? (starts.at(-1) ?? null) : null;
  return {
    is_standby: false,
    replayed: null,
    sees_all,
    oldest: sees_all ? (starts.at(0) ?? null) : null,
    newest,
    open,
  };
}

/** When the open transactions began, in order. Prepared ones don't show theirs. */
function startsIn({ open }: SimDatabase): string[] {
  return open
    .filter((one) => !one.is_prepared)
    .map(({ since }) => since)
    .toSorted();
}

function preparedIn({ open }: SimDatabase): Answer[] {
  return open.filter((one) => one.is_prepared).map(({ xid }) => ({ id: `prepared:${xid ?? 0n}` }));
}

function snapshotOf(database: SimDatabase): Answer {
  const { xid, next_xid } = database.snapshot();
  const log = { wal_position: '4096', wal_writer_delay_ms: '200' };
  return {
    at: database.now(),
    snapshot_xmin: String(xid),
    snapshot_xmax: String(next_xid),
    database: database.identity,
    ...log,
  };
}
