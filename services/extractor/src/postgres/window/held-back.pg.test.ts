import { timestamp } from '@bronze/common/words/timestamp';
import { describe, expect, onTestFinished, test, vi } from 'vitest';
import { connect, execute, newDatabase } from '../../../../../test/database.ts';
import { PgDatabase } from '../../adapters/pg-database.ts';
import { CATALOG_SQL } from '../table/catalog-sql.ts';
import { Loads, plainRole } from './exact-loads.fixtures.ts';

/** An older open transaction ends the window below rows that were rewritten: they have to come once it is over. */

const COLUMNS = '(id integer PRIMARY KEY, v integer, updated_at timestamptz DEFAULT now())';
const filled = (table: string) => `INSERT INTO ${table} SELECT n, n, '2024-01-01' FROM generate_series(1, 200) n`;
const TABLE = `CREATE TABLE things ${COLUMNS}; ${filled('things')}`;
const PARTED = `CREATE TABLE things ${COLUMNS} PARTITION BY RANGE (id);
CREATE TABLE p0 PARTITION OF things FOR VALUES FROM (0) TO (101); CREATE TABLE p1 PARTITION OF things DEFAULT; ${filled('things')}`;
const VIEW = `CREATE TABLE base ${COLUMNS}; ${filled('base')}; CREATE MATERIALIZED VIEW things AS SELECT * FROM base; CREATE UNIQUE INDEX ON things (id)`;
const ALL = ids(1, 200);

/** A row that is new, with a cursor that is older than all others. */
const NEW = `VALUES (201, 201, '2023-01-01'::timestamptz)`;
const reload = (table: string) =>
  `CREATE TEMP TABLE kept ON COMMIT DROP AS SELECT * FROM ${table}; TRUNCATE ${table}; INSERT INTO ${table} SELECT * FROM kept; INSERT INTO ${table} ${NEW}`;
const FILL_ANOTHER = `CREATE TABLE fresh (LIKE p1 INCLUDING ALL); INSERT INTO fresh SELECT * FROM p1; INSERT INTO fresh ${NEW}`;
const SWAP_PARTITION = 'ALTER TABLE things DETACH PARTITION p1; ALTER TABLE things ATTACH PARTITION fresh DEFAULT';
const RECREATE_PARTITION = `CREATE TEMP TABLE kept ON COMMIT DROP AS SELECT * FROM p1; DROP TABLE p1;
CREATE TABLE p1 PARTITION OF things DEFAULT; INSERT INTO things SELECT * FROM kept; INSERT INTO things ${NEW}`;
const REFRESH = `INSERT INTO base ${NEW}; REFRESH MATERIALIZED VIEW things`;
const REFRESH_CONCURRENTLY = `INSERT INTO base ${NEW}; REFRESH MATERIALIZED VIEW CONCURRENTLY things`;

function ids(from: number, to: number): string[] {
  return Array.from({ length: to - from + 1 }, (_, index) => String(from + index));
}

/** Loads of `things`, of which one is done, and the URL of the role that owns it. */
async function loadedOnce(setup: string) {
  const url = await newDatabase(setup);
  const loads = new Loads(
    await plainRole(url),
    { batch_rows: 50, primary_key: ['id'] },
    { lookback_seconds: 1, clock_margin_seconds: 0 },
  );
  expect(await loads.load()).toEqual(ALL);
  return { url, loads };
}

/** Takes a transaction id, and holds it until the function that is returned is called. */
async function olderTransaction(url: string): Promise<() => Promise<void>> {
  const client = await connect(url);
  await client.query('BEGIN; SELECT pg_current_xact_id()');
  return async () => void (await client.query('COMMIT'));
}

/** Loads, and says how. */
async function loadOf(loads: Loads) {
  const load = await loads.claim();
  const rows = await loads.rows(load);
  await loads.finish(load);
  const { load_type, window_fallback } = load;
  return { load_type, window_fallback, ids: rows.map((row) => String(row['id'])) };
}

const sorted = (brought: readonly string[]) => brought.toSorted((a, b) => Number(a) - Number(b));

describe('while an older transaction is open, loses no row, however old its cursors:', () => {
  const REWRITTEN = { load_type: 'incremental', window_fallback: 'table_rewritten' };
  const WHOLE = [...ALL, '201'];

  test.each([
    ['a table that is truncated and reloaded', TABLE, reload('things'), WHOLE],
    ['a partition that is truncated and reloaded', PARTED, reload('p1'), ids(101, 201)],
    ['a materialized view that is refreshed', VIEW, REFRESH, WHOLE],
  ])('%s', async (_, setup, sql, rewritten) => {
    const { url, loads } = await loadedOnce(setup);
    const end = await olderTransaction(url);
    await execute(url, `BEGIN; ${sql}; COMMIT`);
    expect(await loadOf(loads)).toMatchObject({ ...REWRITTEN, ids: [] });
    expect(await loadOf(loads)).toMatchObject({ ...REWRITTEN, ids: [] });
    await end();
    const late = await loadOf(loads);
    expect({ ...late, ids: sorted(late.ids) }).toEqual({ ...REWRITTEN, ids: rewritten });
    expect(await loadOf(loads)).toEqual({ load_type: 'incremental', window_fallback: undefined, ids: [] });
  });

  test.each([
    ['a partition that is swapped for one that the same transaction created', `${FILL_ANOTHER}; ${SWAP_PARTITION}`],
    ['a partition that is dropped, created again and filled', RECREATE_PARTITION],
  ])('%s', async (_, sql) => {
    const { url, loads } = await loadedOnce(PARTED);
    const end = await olderTransaction(url);
    await execute(url, `BEGIN; ${sql}; COMMIT`);
    const HELD = { load_type: 'incremental', window_fallback: undefined, ids: [] };
    expect(await loadOf(loads)).toEqual(HELD);
    expect(await loadOf(loads)).toEqual(HELD);
    await end();
    const late = await loadOf(loads);
    expect({ ...late, ids: sorted(late.ids) }).toEqual({ ...HELD, ids: ids(101, 201) });
    expect(await loadOf(loads)).toEqual(HELD);
  });

  test('a partition that is swapped for one that was filled before', async () => {
    const { url, loads } = await loadedOnce(PARTED);
    await execute(url, FILL_ANOTHER);
    const end = await olderTransaction(url);
    await execute(url, `BEGIN; ${SWAP_PARTITION}; COMMIT`);
    const early = await loadOf(loads);
    expect(early).toMatchObject({ load_type: 'full', window_fallback: 'table_changed' });
    const second = await loadOf(loads);
    expect(second).toMatchObject({ load_type: 'incremental', window_fallback: undefined });
    await end();
    const late = await loadOf(loads);
    expect(sorted([...early.ids, ...second.ids, ...late.ids])).toEqual(WHOLE);
    expect(await loadOf(loads)).toMatchObject({ window_fallback: undefined, ids: [] });
  });

  test('a materialized view that is refreshed concurrently', async () => {
    const { url, loads } = await loadedOnce(VIEW);
    const end = await olderTransaction(url);
    await execute(url, REFRESH_CONCURRENTLY);
    expect(await loadOf(loads)).toMatchObject({ window_fallback: undefined, ids: [] });
    await end();
    expect(await loadOf(loads)).toMatchObject({ window_fallback: undefined, ids: ['201'] });
  });

  test('a partition that is away at one load and attached again, while another one is rewritten', async () => {
    const { url, loads } = await loadedOnce(PARTED);
    await execute(url, `ALTER TABLE things DETACH PARTITION p1; INSERT INTO p1 ${NEW}`);
    const end = await olderTransaction(url);
    await execute(
      url,
      `BEGIN; CREATE TEMP TABLE kept AS SELECT * FROM p0; TRUNCATE p0; INSERT INTO p0 SELECT * FROM kept; COMMIT`,
    );
    expect(await loadOf(loads)).toMatchObject({ ...REWRITTEN, ids: [] });
    await execute(url, 'ALTER TABLE things ATTACH PARTITION p1 DEFAULT');
    await end();
    const late = await loadOf(loads);
    expect(late).toMatchObject({ load_type: 'full', window_fallback: 'table_changed' });
    expect(sorted(late.ids)).toEqual(WHOLE);
  });
});

describe('what fills an empty table comes, however old its cursors:', () => {
  const loadsOf = (url: string) =>
    new Loads(url, { primary_key: ['id'] }, { lookback_seconds: 1, clock_margin_seconds: 0 });

  test('after it was empty at its first load', async () => {
    const url = await newDatabase(`CREATE TABLE things ${COLUMNS}`);
    const loads = loadsOf(url);
    expect(await loads.load()).toEqual([]);
    await execute(url, filled('things'));
    expect(await loads.load()).toEqual(ALL);
    expect(await loads.load()).toEqual([]);
  });

  test('also if it is filled while a load is being claimed: the catalog is read before the snapshot', async () => {
    const url = await newDatabase(`CREATE TABLE things ${COLUMNS}`);
    const loads = loadsOf(url);
    expect(await loads.load()).toEqual([]);
    const open = PgDatabase.prototype.open;
    const opening = vi.spyOn(PgDatabase.prototype, 'open').mockImplementationOnce(async function (
      this: PgDatabase,
      ...given
    ) {
      const session = await open.apply(this, given);
      const rows = session.rows.bind(session);
      session.rows = async (sql, values) => {
        const found = await rows(sql, values);
        if (sql === CATALOG_SQL) await execute(url, filled('things'));
        return found;
      };
      return session;
    });
    onTestFinished(() => opening.mockRestore());
    expect(sorted([...(await loads.load()), ...(await loads.load())] as string[])).toEqual(ALL);
  });

  test.each([
    ['TRUNCATE', 'TRUNCATE things'],
    ['DROP and CREATE', `DROP TABLE things; CREATE TABLE things ${COLUMNS}`],
  ])('after %s, and a load in between', async (_, emptied) => {
    const url = await newDatabase(TABLE);
    const loads = loadsOf(url);
    expect(await loads.load()).toEqual(ALL);
    await execute(url, emptied);
    expect(await loads.load()).toEqual([]);
    await execute(url, filled('things'));
    expect(await loads.load()).toEqual(ALL);
    expect(await loads.load()).toEqual([]);
  });
});

test('a table that was reloaded while its checkpoint was set back by hand is loaded in full, and says so', async () => {
  const { url, loads } = await loadedOnce(TABLE);
  await execute(url, `BEGIN; ${reload('things')}; COMMIT`);
  if (!loads.checkpoint) throw new Error('there is no checkpoint');
  loads.checkpoint = { ...loads.checkpoint, last_sync_timestamp: timestamp('2024-01-02') };
  const load = await loads.claim();
  expect(load).toMatchObject({ load_type: 'full', window_fallback: 'table_rewritten' });
  expect(await loads.rows(load)).toHaveLength(201);
});
