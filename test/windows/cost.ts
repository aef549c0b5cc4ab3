import { type PendingLoad } from '@bronze/common/load/checkpoint';
import { finishLoad } from '@bronze/common/load/finish-load';
import { startLoad } from '@bronze/common/load/start-load';
import { defineConfig, entityOf, isTable } from '@bronze/common/config';
import { timestamp } from '@bronze/common/words/timestamp';
import { lockAndDescribe, zoneOf } from '@bronze/extractor/postgres/table/described-table';
import { PgDatabase, QUOTING } from '@bronze/extractor/adapters/pg-database';
import type { Session } from '@bronze/extractor/postgres/database';
import { PostgresSource } from '@bronze/extractor/postgres/postgres-source';
import { proveReading } from '@bronze/extractor/postgres/window/reading-proof';
import { countWithoutCursorSql } from '@bronze/extractor/postgres/window/without-cursor';
import { planCopy } from '@bronze/extractor/postgres/copy/copy-sql';
import { execute, startEmbeddedPostgres } from '@bronze/emulators/embedded-postgres';
import * as z from 'zod/mini';

export interface Cost {
  readonly what: string;
  readonly rows: number;
  /** Pages of 8 kB, found in the server's cache or read. */
  readonly pages: number;
  readonly ms: number;
  /** Its pages divided by those of the plain range. */
  readonly ratio: number;
}

/** The most that an exact incremental load may read, as a multiple of the plain range's pages. */
export const RATIO_MAX = 1.2;
const NOW = timestamp('2024-01-15');
const MARGIN_SECONDS = 60;

/**
 * Measures a table that changes by 1 % a day. It begins with `rows` rows, the newest a moment old, `nulls` of them
 * without a cursor, and a full load. Then 1 % changes in transactions of 50 rows, half inserted and half updated all
 * over the table, and one row without a cursor is added. The next load is explained, as a role with only `SELECT`.
 * @returns four readings: plain range, exact window, exact window without a lower bound, and counting NULL cursors
 */
export async function measureCost(rows: number, nulls = 10): Promise<Cost[]> {
  const server = await startEmbeddedPostgres({ autovacuum: 'off', shared_buffers: '256MB', max_wal_size: '4GB' });
  try {
    const url = await server.createDatabase('cost');
    await execute(url, fillSql(rows, nulls));
    await execute(url, 'VACUUM ANALYZE orders');
    await execute(url, 'CHECKPOINT');
    const login = await loginOf(url);
    const { source, entity, database } = reading(login);
    const first = await claimed(source, entity, undefined);
    for (let part = 0; part < rows / 100 / 50; part += 1) await execute(url, changeSql(rows, part));
    await execute(url, `INSERT INTO orders VALUES (0, 0, 'placed', 1, 'note', NULL); ANALYZE orders`);
    const { load } = await claimed(source, entity, first);
    return await explained({ database, entity, load });
  } finally {
    await server.stop();
  }
}

async function loginOf(url: string): Promise<string> {
  await execute(url, `CREATE ROLE reader LOGIN PASSWORD 'x'; GRANT SELECT ON orders TO reader`);
  const login = new URL(url);
  login.username = 'reader';
  login.password = 'x';
  return login.href;
}

function fillSql(rows: number, nulls: number): string {
  return `CREATE TABLE orders (id bigint PRIMARY KEY, customer_id integer NOT NULL, status text NOT NULL, total numeric(12,2), note text, updated_at timestamptz);
    INSERT INTO orders SELECT n, n % 50000, (ARRAY['placed', 'paid', 'shipped'])[1 + n % 3], n % 100000 / 100.0, 'note ' || md5(n::text),
      CASE WHEN (n - 1) % ${Math.max(1, Math.floor(rows / nulls))} > 0 THEN now() - make_interval(secs => (${rows} - n) * 8640000.0 / ${rows}) END FROM generate_series(1, ${rows}) n;
    CREATE INDEX ON orders (updated_at);`;
}

function changeSql(rows: number, part: number): string {
  const ids = Array.from({ length: 25 }, (_, index) => 1 + (((part * 25 + index) * 7919) % rows));
  const first = rows + 1 + part * 25;
  return `BEGIN; UPDATE orders SET status = 'shipped', updated_at = now() WHERE id IN (${ids.join(', ')});
    INSERT INTO orders SELECT n, n % 50000, 'placed', 1, 'note', now() FROM generate_series(${first}, ${first + 24}) n; COMMIT`;
}

function reading(url: string) {
  const config = defineConfig({
    sources: { db: { type: 'postgres', url, clock_margin_seconds: MARGIN_SECONDS } },
    entities: { orders: { source: 'db', table: 'public.orders' } },
  });
  const source = config.sources['db'];
  const entity = entityOf(config, 'orders');
  if (source?.type !== 'postgres' || !isTable(entity)) throw new Error('the configuration has a table');
  const clock = { now: () => NOW, sleep: async () => undefined };
  const log = { event: () => undefined };
  const database = new PgDatabase({ url: async () => url, config: source });
  return { source: new PostgresSource({ database, config: source, clock, log }), entity, database };
}

type Entity = ReturnType<typeof reading>['entity'];
type Claimed = ReturnType<typeof startLoad>;

async function claimed(source: PostgresSource, entity: Entity, last: Claimed | undefined): Promise<Claimed> {
  const done = last && {
    load_id: last.load.load_id,
    status: 'completed' as const,
    until: last.load.until,
    rows_in_bronze: 0,
  };
  const checkpoint = last && done && finishLoad(last.checkpoint, done, NOW);
  const since = checkpoint?.last_sync_timestamp;
  const watermark = await source.readHighWatermark(entity, { since, exact_position: checkpoint?.exact_position });
  const load_id = `00000000-0000-8000-8000-00000000000${last ? 2 : 1}`;
  const request = { entity: 'orders', load_id };
  return startLoad(checkpoint, { request, waiting: [], hasCursor: true, watermark, now: NOW });
}

interface Explaining {
  readonly database: PgDatabase;
  readonly entity: Entity;
  readonly load: PendingLoad;
}

async function explained({ database, entity, load }: Explaining): Promise<Cost[]> {
  const session = await database.open();
  try {
    const table = await lockAndDescribe(session, entity);
    const { is_exact } = await proveReading(session, entity, load, table);
    const shared = { ...table, entity, position: undefined, zone: zoneOf(entity, table), is_exact };
    const { exact_window, exact_position: _, ...plain } = load;
    if (!exact_window) throw new Error('the window is exact');
    const loads: [string, PendingLoad][] = [
      ['plain range of updated_at', plain],
      ['exact window', load],
      ['exact window without a lower bound', { ...load, exact_window: { ...exact_window, scan_from: null } }],
    ];
    const counting = await explainTwice(session, countWithoutCursorSql(entity, exact_window, QUOTING));
    const costs: Omit<Cost, 'ratio'>[] = [];
    for (const [what, one] of loads) {
      const copy = planCopy({ ...shared, load: one }, QUOTING).sql;
      const { rows, pages, ms } = await explainTwice(session, copy.slice('COPY ('.length, -') TO STDOUT'.length));
      // The first slice of an exact load also counts the rows without a cursor.
      const more = one === plain ? { pages: 0, ms: 0 } : counting;
      costs.push({ what, rows, pages: pages + more.pages, ms: ms + more.ms });
    }
    const { pages, ms } = counting;
    costs.push({ what: 'of which: counting rows without a cursor', rows: 1, pages, ms });
    const floor = costs[0]?.pages ?? 0;
    return costs.map((cost) => ({ ...cost, ratio: Number((cost.pages / floor).toFixed(3)) }));
  } finally {
    await session.close();
  }
}

const planSchema = z.array(
  z.object({
    Plan: z.object({
      'Actual Rows': z.number(),
      'Shared Hit Blocks': z.number(),
      'Shared Read Blocks': z.number(),
    }),
    'Execution Time': z.number(),
  }),
);

/** The first time sets hint bits and fills the cache. */
async function explainTwice(session: Session, query: string) {
  await explain(session, query);
  return explain(session, query);
}

async function explain(session: Session, query: string) {
  const [row] = await session.rows(`EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) ${query}`, []);
  const [explained] = z.parse(planSchema, JSON.parse(row?.['QUERY PLAN'] ?? ''));
  if (!explained) throw new Error('a plan has a root');
  const { Plan, 'Execution Time': ms } = explained;
  return {
    rows: Plan['Actual Rows'],
    pages: Plan['Shared Hit Blocks'] + Plan['Shared Read Blocks'],
    ms: Math.round(ms),
  };
}
