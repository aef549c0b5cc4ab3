import { setTimeout as sleep } from 'node:timers/promises';
import type pg from 'pg';
import type { History, Written } from './history.ts';
import type { Remake } from './schedule.ts';

export interface Remaking {
  readonly client: pg.Client;
  readonly history: History;
  readonly table: string;
  /** Whether no more loads will come. */
  readonly isOver: () => boolean;
}

const CHECK_INTERVAL_MS = 10;
const COLUMNS = 'id, version, updated_at, deleted_at';
/** Shorter than the other clients' own, so that nobody who waits behind a remake that waits gives up before it. */
const LOCK_TIMEOUT = `SET lock_timeout = '100ms'`;

/** Remakes or refreshes what is loaded again and again, until the loads are over. One that gets no lock, or loses a deadlock, changes nothing. */
export async function runRemakes(remaking: Remaking, remakes: readonly Remake[]): Promise<void> {
  const { client, history, table } = remaking;
  if (remakes.length > 0) await client.query(LOCK_TIMEOUT);
  for (let index = 0; remakes.length > 0 && !remaking.isOver(); index += 1) {
    const { pause_ms, kind } = remakes[index % remakes.length] as Remake;
    await pause(remaking, pause_ms);
    if (kind === 'vacuum_full') await refusable(() => client.query(`VACUUM FULL ${table}`));
    else if (kind === 'refresh' || kind === 'refresh_concurrently') await refresh(remaking, kind);
    else await remakeLocked(remaking, statementsOf(kind, `${table}_${index}`, table));
    if (kind === 'swap') await refusable(() => client.query(`DROP TABLE IF EXISTS ${table}_${index}`));
  }
  history.isRemade = remakes.some(({ kind }) => kind !== 'refresh_concurrently');
}

/** At most `CHECK_INTERVAL_MS` longer than there are loads. */
async function pause({ isOver }: Remaking, ms: number): Promise<void> {
  for (let left = ms; left > 0 && !isOver(); left -= CHECK_INTERVAL_MS) await sleep(Math.min(left, CHECK_INTERVAL_MS));
}

type Statement = string | ((client: pg.Client) => Promise<string>);

async function remakeLocked(remaking: Remaking, statements: readonly Statement[]): Promise<void> {
  const { client, history, table } = remaking;
  await remake(remaking, async (written) => {
    await client.query('BEGIN');
    await client.query(`LOCK TABLE ${table} IN ACCESS EXCLUSIVE MODE`);
    written.wrote = history.tick();
    for (const one of statements) await client.query(typeof one === 'string' ? one : await one(client));
    await client.query('COMMIT');
  });
}

/** Refreshes a materialized view, which PostgreSQL does not let a client lock before. */
export async function refresh(remaking: Remaking, kind: 'refresh' | 'refresh_concurrently'): Promise<void> {
  const { client, history, table } = remaking;
  await remake(remaking, async (written) => {
    written.wrote = history.tick();
    await client.query(`REFRESH MATERIALIZED VIEW ${kind === 'refresh' ? '' : 'CONCURRENTLY '}${table}`);
  });
}

async function remake({ client, history }: Remaking, run: (written: Written) => Promise<void>): Promise<void> {
  const written = history.begin();
  const isDone = await refusable(() => run(written));
  if (!isDone) await client.query('ROLLBACK');
  history.end(written, isDone ? 'committed' : 'rolled_back');
  if (isDone) history.remakes.push(written as Written & { wrote: number; ended: number });
}

type InPlace = Exclude<Remake['kind'], 'vacuum_full' | 'refresh' | 'refresh_concurrently'>;

function statementsOf(kind: InPlace, other: string, table: string): Statement[] {
  switch (kind) {
    case 'alter':
      return [`ALTER TABLE ${table} ADD ${other}_x uuid DEFAULT gen_random_uuid()`];
    case 'reload':
      return [
        `CREATE TEMP TABLE kept ON COMMIT DROP AS SELECT ${COLUMNS} FROM ${table}`,
        `TRUNCATE ${table}`,
        `INSERT INTO ${table} (${COLUMNS}) SELECT ${COLUMNS} FROM kept`,
      ];
    case 'reload_frozen':
      return [
        `CREATE TEMP TABLE kept ON COMMIT DROP AS SELECT ${COLUMNS} FROM ${table}`,
        `TRUNCATE ${table}`,
        async (client) =>
          `COPY ${table} (${COLUMNS}) FROM PROGRAM 'printf "${await keptAsText(client)}"' (FREEZE, FORMAT csv)`,
      ];
    case 'swap':
      return [
        `CREATE TABLE ${other}_new (LIKE ${table} INCLUDING ALL)`,
        `INSERT INTO ${other}_new (${COLUMNS}) SELECT ${COLUMNS} FROM ${table}`,
        `ALTER TABLE ${table} RENAME TO ${other}`,
        `ALTER TABLE ${other}_new RENAME TO ${table}`,
        `GRANT SELECT ON ${table} TO PUBLIC`,
      ];
    default:
      return kind satisfies never;
  }
}

/** The rows of `kept` as CSV, for `printf`: they have no quotes and no per cent signs. */
async function keptAsText(client: pg.Client): Promise<string> {
  const { rows } = await client.query<Record<string, string | null>>(`SELECT ${COLUMNS} FROM kept`);
  return rows
    .map(
      (row) =>
        `${Object.values(row)
          .map((value) => value ?? '')
          .join(',')}\\n`,
    )
    .join('');
}

/** @returns whether it was done; PostgreSQL may refuse it a lock, or end it in a deadlock */
async function refusable(statement: () => Promise<unknown>): Promise<boolean> {
  try {
    await statement();
    return true;
  } catch (thrown) {
    if (!['55P03', '40P01'].includes(String(Reflect.get(Object(thrown), 'code')))) throw thrown;
    return false;
  }
}
