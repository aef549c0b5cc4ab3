import { setTimeout as sleep } from 'node:timers/promises';
import { History } from './history.ts';
import type { Loader, OpenLoader } from './loader.ts';
import { type DrawnLoad, type Schedule, SKEW_MS_MAX } from './schedule.ts';
import { cursorOf, tableSql, viewSql } from './shapes.ts';
import type { WindowsServer } from './windows-server.ts';
import { refresh, runRemakes } from './remake.ts';
import { runWriter, VERSIONS } from './writer.ts';

/** The two loads after the writers: the first must bring everything that is left, the second nothing. */
const LAST: DrawnLoad = { pause_ms: 0, load_type: 'incremental', is_abandoned: false, crashes: 0, slice_pause_ms: 0 };

/** Runs one schedule in a table of its own. @returns what the writers did and the loads brought */
export async function runSchedule(server: WindowsServer, schedule: Schedule, openLoader: OpenLoader): Promise<History> {
  const table = server.newTable();
  const history = new History();
  history.isView = schedule.relation === 'materialized_view';
  const written = history.isView ? `${table}_written` : table;
  const { observer } = server;
  await observer.query(tableSql(schedule.shape, written));
  await fill(server, schedule, { written, history });
  if (history.isView) await observer.query(viewSql(table, written));
  await observer.query(`GRANT SELECT ON ${table} TO PUBLIC`);
  const loader = await openLoader({ schedule, url: server.loginOf(schedule.role), table });
  const running = new Running(server, schedule, { table, written, history, loader });
  try {
    await running.run();
  } finally {
    await loader.close();
  }
  await observer.query(`DROP TABLE ${written} CASCADE`);
  return history;
}

interface Place {
  /** The table that is written. */
  readonly written: string;
  readonly history: History;
}

interface Loaded extends Place {
  /** What is loaded: that table, or a materialized view of it. */
  readonly table: string;
  readonly loader: Loader;
}

/** Inserts the initial rows, which share one timestamp. */
async function fill(
  { observer }: WindowsServer,
  { rows }: Schedule,
  { written: table, history }: Place,
): Promise<void> {
  if (rows === 0) return;
  const first = history.reserve(VERSIONS);
  const written = history.begin();
  written.wrote = history.tick();
  await observer.query(
    `INSERT INTO ${table} (id, version, updated_at) SELECT n, ${first} + n, now() FROM generate_series(1, ${rows}) n`,
  );
  written.versions = Array.from({ length: rows }, (_, n) => ({
    version: first + n + 1,
    is_null: false,
    is_true: true,
  }));
  history.end(written, 'committed');
}

class Running {
  readonly #server: WindowsServer;
  readonly #schedule: Schedule;
  readonly #place: Loaded;
  #done = 0;
  #isOver = false;

  constructor(server: WindowsServer, schedule: Schedule, place: Loaded) {
    this.#server = server;
    this.#schedule = schedule;
    this.#place = place;
  }

  async run(): Promise<void> {
    const { history, table } = this.#place;
    const { observer, remaker: client } = this.#server;
    const remaking = { client, history, table, isOver: () => this.#isOver };
    await settled([
      this.#loads(),
      ...this.#schedule.writers.map((_, writer) => this.#writer(writer)),
      runRemakes(remaking, this.#schedule.remakes),
    ]);
    if (history.isView) await refresh(remaking, 'refresh_concurrently');
    const { rows } = await observer.query<{ now: string }>(
      `SELECT to_char(clock_timestamp() AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') AS now`,
    );
    history.stopped_at = rows[0]?.now ?? '';
    history.standing = await this.#standing();
    // Rows too young for the lag are not lost, nor are rows that a fast clock wrote: wait until a load may bring them.
    const { lag_ms } = this.#place.loader;
    if (lag_ms !== undefined) await sleep(lag_ms + SKEW_MS_MAX);
    await this.#load(LAST);
    await this.#load(LAST);
  }

  async #loads(): Promise<void> {
    try {
      for (const drawn of this.#schedule.loads) {
        await sleep(drawn.pause_ms);
        await this.#load(drawn);
        this.#done += 1;
      }
    } finally {
      this.#isOver = true;
    }
  }

  async #writer(writer: number): Promise<void> {
    const { history, table, written } = this.#place;
    const client = this.#server.writers[writer];
    const transactions = this.#schedule.writers[writer];
    if (!client || !transactions) throw new RangeError(`the schedule has no writer ${writer}`);
    const loads = { count: () => this.#done, isOver: () => this.#isOver };
    const name = `${table}_${writer}`;
    await runWriter({ client, history, table: written, shape: this.#schedule.shape, loads, name }, transactions);
  }

  async #load(drawn: DrawnLoad): Promise<void> {
    const { history, loader } = this.#place;
    const before = await this.#versions();
    const began = history.tick();
    let claimed = began;
    const { versions, ...seen } = await loader.load(drawn, () => {
      claimed = history.tick();
    });
    const after = await this.#versions();
    const { is_abandoned } = drawn;
    history.loads.push({ ...seen, is_abandoned, began, claimed, before, after, brought: versions });
  }

  async #versions(): Promise<Set<number>> {
    const { rows } = await this.#server.observer.query<{ version: string }>(`SELECT version FROM ${this.#place.table}`);
    return new Set(rows.map(({ version }) => Number(version)));
  }

  async #standing() {
    const cursor = cursorOf(this.#schedule.shape);
    const { rows } = await this.#server.observer.query<{ version: string; cursor: string | null }>(
      `SELECT version, to_char(${cursor} AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') AS cursor FROM ${this.#place.table}`,
    );
    return rows.map((row) => ({ version: Number(row.version), cursor: row.cursor }));
  }
}

/** Waits for all promises, so that nothing keeps running after a failure, then throws the first rejection. */
async function settled(promises: readonly Promise<void>[]): Promise<void> {
  for (const one of await Promise.allSettled(promises)) if (one.status === 'rejected') throw one.reason;
}
