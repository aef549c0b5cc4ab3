import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import type { Brought, Loader, OpenLoader, Reading } from './loader.ts';
import { type DrawnLoad, SHOWING_MS } from './schedule.ts';
import { cursorOf } from './shapes.ts';

/** A lag of five seconds, scaled down: schedules and their transactions take only a fraction of a second. */
export const LAG_5_S_SCALED_MS = 100;

type Session = <K extends string>(sql: string) => Promise<Record<K, string>[]>;

/** Loads with a few lines of SQL. */
abstract class SqlLoader implements Loader {
  abstract readonly lag_ms: number | undefined;
  protected readonly reading: Reading;
  readonly #client: pg.Client;
  #hasLoaded = false;

  constructor(reading: Reading) {
    this.reading = reading;
    this.#client = new pg.Client({
      connectionString: reading.url,
      types: { getTypeParser: () => (text: string) => text },
    });
  }

  async open(): Promise<this> {
    await this.#client.connect();
    await this.#client.query(`SET timezone = 'UTC'`);
    return this;
  }

  async load(drawn: DrawnLoad, onClaimed: () => void): Promise<Brought> {
    const load_type = this.#hasLoaded ? drawn.load_type : 'full';
    const rows = await this.read(load_type, { onClaimed, isKept: !drawn.is_abandoned });
    this.#hasLoaded ||= !drawn.is_abandoned;
    const nothing = { without_cursor: undefined, synced: '', window_basis: undefined, window_fallback: undefined };
    return { load_type, versions: rows.map((row) => Number(row.version)), ...nothing };
  }

  async close(): Promise<void> {
    await this.#client.end();
  }

  protected abstract read(
    load_type: DrawnLoad['load_type'],
    load: { readonly onClaimed: () => void; readonly isKept: boolean },
  ): Promise<{ readonly version: string }[]>;

  protected readonly ask: Session = async <K extends string>(sql: string) =>
    (await this.#client.query<Record<K, string>>(sql)).rows;
}

/** The usual policies, whose checkpoint is a time. */
class TimeLoader extends SqlLoader {
  readonly lag_ms: number | undefined;
  readonly #policy: '>' | '>=' | number;
  #since = '-infinity';

  /** @param policy how rows compare with the greatest cursor so far; a number: a lag in ms, `[since, now() - lag)` */
  constructor(reading: Reading, policy: '>' | '>=' | number) {
    super(reading);
    this.#policy = policy;
    this.lag_ms = typeof policy === 'number' ? policy : undefined;
  }

  protected async read(load_type: DrawnLoad['load_type'], load: { onClaimed: () => void; isKept: boolean }) {
    const { table, schedule } = this.reading;
    const cursor = cursorOf(schedule.shape);
    const isFull = load_type === 'full';
    const policy = this.#policy;
    if (typeof policy === 'number') {
      const [watermark] = await this.ask<'until'>(`SELECT (now() - interval '${policy} milliseconds')::text AS until`);
      load.onClaimed();
      const until = watermark?.until ?? '';
      const since = isFull ? '-infinity' : this.#since;
      const rows = await this.ask<'version'>(
        `SELECT version FROM ${table} WHERE ${cursor} >= '${since}' AND ${cursor} < '${until}'`,
      );
      if (load.isKept) this.#since = until;
      return rows;
    }
    load.onClaimed();
    const where = isFull ? 'true' : `${cursor} ${policy} '${this.#since}'`;
    const rows = await this.ask<'version' | 'at'>(
      `SELECT version, (max(${cursor}) OVER ())::text AS at FROM ${table} WHERE ${where}`,
    );
    const [first] = rows;
    if (load.isKept) this.#since = first?.at ?? this.#since;
    return rows;
  }
}

export const POLICIES = {
  'cursor > checkpoint': opening((reading) => new TimeLoader(reading, '>')),
  'cursor >= checkpoint': opening((reading) => new TimeLoader(reading, '>=')),
  'fixed lag, 0 s': opening((reading) => new TimeLoader(reading, 0)),
  'fixed lag, 5 s (scaled)': opening((reading) => new TimeLoader(reading, LAG_5_S_SCALED_MS)),
} satisfies Record<string, OpenLoader>;

/** Mistakes in a window of transaction ids; undefined: the rule itself. */
export type RuleMistake = 'xmax_as_end' | 'row_in_snapshot' | 'cut_after_reading';

/**
 * A second implementation of the rule in `exact-window.ts`, in plain SQL with one statement per load. It checks the
 * harness itself, and allows mistakes that can't be planted from outside Bronze's source.
 */
class RuleLoader extends SqlLoader {
  readonly lag_ms = undefined;
  readonly #mistake: RuleMistake | undefined;
  #snapshot = { xid: '0', next_xid: '0', text: '' };

  constructor(reading: Reading, mistake?: RuleMistake) {
    super(reading);
    this.#mistake = mistake;
  }

  protected async read(load_type: DrawnLoad['load_type'], load: { onClaimed: () => void; isKept: boolean }) {
    const { table, schedule } = this.reading;
    const mistake = this.#mistake;
    const from = load_type === 'full' ? { xid: '0', next_xid: '0', text: '' } : this.#snapshot;
    const early = mistake === 'cut_after_reading' ? await this.ask<'version'>(this.#sql(from, undefined)) : undefined;
    const to = await this.#claim();
    load.onClaimed();
    await sleep(schedule.is_patient ? SHOWING_MS : 0);
    const rows = early ?? (await this.ask<'version'>(this.#sql(from, to)));
    const nulls =
      load_type === 'full'
        ? await this.ask<'version'>(`SELECT version FROM ${table} WHERE ${cursorOf(schedule.shape)} IS NULL`)
        : [];
    if (load.isKept) this.#snapshot = to;
    return [...rows, ...nulls];
  }

  async #claim() {
    const [row] = await this.ask<'xid' | 'next_xid' | 'text'>(
      'SELECT pg_snapshot_xmin(s) AS xid, pg_snapshot_xmax(s) AS next_xid, s::text AS text FROM pg_current_snapshot() s',
    );
    if (!row) throw new Error('the snapshot query returned no row');
    return this.#mistake === 'xmax_as_end' ? { ...row, xid: row.next_xid } : row;
  }

  #sql(from: { xid: string; text: string }, to: { xid: string; text: string } | undefined): string {
    const { table, schedule } = this.reading;
    const sees = (text: string) => (text === '' ? 'false' : `pg_visible_in_snapshot(id64::text::xid8, '${text}')`);
    const until = to ? `id64 < ${to.xid}` : 'true';
    const window =
      this.#mistake === 'row_in_snapshot' && to
        ? `${sees(to.text)} AND NOT ${sees(from.text)}`
        : `id64 >= ${from.xid} AND ${until}`;
    return `SELECT version FROM (SELECT *, ${WIDENED} AS id64 FROM ${table}) t WHERE ${cursorOf(schedule.shape)} IS NOT NULL AND ${window}`;
  }
}

/** A row's `xmin`, widened to 64 bits by the epoch of the newest id. */
const WIDENED = `(SELECT CASE WHEN x > m THEN x - 4294967296 ELSE x END
  FROM (SELECT m, (m >> 32 << 32) + xmin::text::bigint AS x
    FROM (SELECT pg_snapshot_xmax(pg_current_snapshot())::text::bigint AS m) newest) widened)`;

export const RULE = opening((reading) => new RuleLoader(reading));

export function ruleWith(mistake: RuleMistake): OpenLoader {
  return opening((reading) => new RuleLoader(reading, mistake));
}

function opening(create: (reading: Reading) => SqlLoader): OpenLoader {
  return async (reading) => create(reading).open();
}
