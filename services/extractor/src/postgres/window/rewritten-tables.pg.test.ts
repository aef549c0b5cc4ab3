import { setTimeout as sleep } from 'node:timers/promises';
import type pg from 'pg';
import { describe, expect, test } from 'vitest';
import { connect, execute, newDatabase } from '../../../../../test/database.ts';
import { Loads, plainRole } from './exact-loads.fixtures.ts';
import { begun, readAll, rowsOf } from '../postgres-source.fixtures.ts';

/** Two hundred rows that are older than any lookback, in slices of fifty. */
const THINGS = `CREATE TABLE things (id integer PRIMARY KEY, v integer, updated_at timestamptz DEFAULT now());
INSERT INTO things SELECT n, n, '2024-01-01' FROM generate_series(1, 200) n`;
const IN_SLICES = { batch_rows: 50 };
const ALL = Array.from({ length: 200 }, (_, index) => String(index + 1));

const REWRITE = 'ALTER TABLE things ALTER v TYPE bigint';
const RELOAD = 'CREATE TEMP TABLE kept AS SELECT * FROM things; TRUNCATE things; INSERT INTO things SELECT * FROM kept';
const SWAP = `CREATE TABLE fresh (LIKE things INCLUDING ALL); INSERT INTO fresh SELECT * FROM things;
ALTER TABLE things RENAME TO old; ALTER TABLE fresh RENAME TO things; GRANT SELECT ON things TO PUBLIC`;
const NOT_MVCC_SAFE = [
  ['ALTER TABLE … TYPE', REWRITE],
  ['TRUNCATE and reload', RELOAD],
  ['a swap by rename', SWAP],
] as const;

/** Resolves once somebody waits for a lock, which `holder` has. */
async function untilBlocked(holder: pg.Client): Promise<void> {
  const waiting = () =>
    holder.query(
      'SELECT 1 FROM pg_locks WHERE NOT granted AND database = (SELECT oid FROM pg_database WHERE datname = current_database())',
    );
  await expect.poll(async () => (await waiting()).rows.length, { timeout: 30_000 }).toBeGreaterThan(0);
}

/** Starts `read` while `sql` has the table locked, and commits `sql` once the reading waits. Returns what it read. */
async function behind<T>(url: string, sql: string, read: () => Promise<T>): Promise<T> {
  const holder = await connect(url);
  await holder.query(`BEGIN; ${sql}`);
  const reading = read();
  await untilBlocked(holder);
  await holder.query('COMMIT');
  return reading;
}

function loadBehind(url: string, sql: string, loads: Loads) {
  return behind(url, sql, () => loads.load());
}

const sorted = (ids: readonly (string | null | undefined)[]) => ids.toSorted((a, b) => Number(a) - Number(b));

describe('a reading that waits for the lock of', () => {
  test.each(NOT_MVCC_SAFE)('%s, for a full load, brings every row', async (_, sql) => {
    const url = await newDatabase(THINGS);
    const loads = new Loads(await plainRole(url), IN_SLICES);
    expect(await loadBehind(url, sql, loads)).toEqual(ALL);
  });

  test.each(NOT_MVCC_SAFE)('%s, on a table without cursor and key, brings every row', async (_, sql) => {
    const url = await newDatabase(`${THINGS}; ALTER TABLE things DROP CONSTRAINT things_pkey`);
    const loads = new Loads(await plainRole(url), { cursor: null });
    const whole = async () => {
      const batches = await readAll(loads.reading, await loads.claim());
      return rowsOf(batches).map((row) => row['id']);
    };
    expect(sorted(await behind(url, sql, whole))).toEqual(ALL);
  });

  test.each([
    ['ALTER TABLE … TYPE', REWRITE],
    ['TRUNCATE and reload', RELOAD],
  ])('%s, for an incremental load, brings what changed before', async (_, sql) => {
    const url = await newDatabase(THINGS);
    const loads = new Loads(await plainRole(url), IN_SLICES);
    expect(await loads.load()).toEqual(ALL);
    await execute(url, 'UPDATE things SET v = v + 1, updated_at = now() WHERE id <= 100');
    const brought = new Set(await loadBehind(url, sql, loads));
    expect(ALL.slice(0, 100).filter((id) => !brought.has(id))).toEqual([]);
  });

  test('a rewrite of a view’s base table brings every row', async () => {
    const url = await newDatabase(
      `${THINGS.replaceAll('things', 'base')}; CREATE VIEW things AS SELECT * FROM base WHERE id > 0`,
    );
    const loads = new Loads(url, { ...IN_SLICES, primary_key: ['id'] }, { margin_seconds: 0 });
    const rewrite = 'ALTER TABLE base ADD w uuid DEFAULT gen_random_uuid()';
    expect(await loadBehind(url, rewrite, loads)).toEqual(ALL);
  });

  test('TRUNCATE and reload of one partition brings every row', async () => {
    const url = await newDatabase(
      `CREATE TABLE things (id integer PRIMARY KEY, v integer, updated_at timestamptz DEFAULT now()) PARTITION BY RANGE (id);
       CREATE TABLE p0 PARTITION OF things FOR VALUES FROM (0) TO (101); CREATE TABLE p1 PARTITION OF things DEFAULT;
       INSERT INTO things SELECT n, n, '2024-01-01' FROM generate_series(1, 200) n`,
    );
    const loads = new Loads(await plainRole(url), IN_SLICES);
    expect(await loadBehind(url, RELOAD.replaceAll('things', 'p1'), loads)).toEqual(ALL);
  });

  test('ALTER TABLE … TYPE brings every row, also to a role with grants on columns only', async () => {
    const url = await newDatabase(THINGS);
    const role = await plainRole(url);
    await execute(
      url,
      `REVOKE SELECT ON things FROM PUBLIC, ${new URL(role).username}; GRANT SELECT (id, v, updated_at) ON things TO ${new URL(role).username}`,
    );
    expect(await loadBehind(url, REWRITE, new Loads(role, IN_SLICES))).toEqual(ALL);
  });
});

describe('a table that is rewritten between the claim and the last slice', () => {
  test.each([1, 2, 3])('loses no row of a full load, after slice %i', async (after) => {
    const url = await newDatabase(THINGS);
    const loads = new Loads(await plainRole(url), IN_SLICES);
    const load = await loads.claim();
    const rows = await loads.rows(load, async (slice) => void (slice === after && (await execute(url, REWRITE))));
    // It has started over: the rewrite may have been a reload.
    expect(rows.map((row) => row['id'])).toEqual([...ALL.slice(0, 50 * after), ...ALL]);
  });

  test.each(NOT_MVCC_SAFE)('by %s before the first slice loses no row, and the slice says so', async (_, sql) => {
    const url = await newDatabase(THINGS);
    const loads = new Loads(await plainRole(url), IN_SLICES);
    await loads.load();
    await execute(url, 'UPDATE things SET v = v + 1, updated_at = now()');
    const load = await loads.claim();
    await execute(url, `BEGIN; ${sql}; COMMIT`);
    expect((await begun(loads.reading, load)).window_fallback).toBe(sql === SWAP ? 'table_changed' : 'table_rewritten');
    expect(sorted((await loads.rows(load)).map((row) => row['id']))).toEqual(ALL);
  });

  test('loses no row of an incremental load, although its rows carry the rewriter’s id now', async () => {
    const url = await newDatabase(THINGS);
    const loads = new Loads(await plainRole(url), IN_SLICES);
    await loads.load();
    await execute(url, 'UPDATE things SET v = v + 1, updated_at = now()');
    const load = await loads.claim();
    const rows = await loads.rows(load, async (slice) => void (slice === 2 && (await execute(url, REWRITE))));
    expect(sorted(rows.map((row) => row['id']))).toEqual(ALL);
  });
});

describe('at any moment of a full load in slices', () => {
  /** How many moments are tried, spread evenly over the time that a load takes. `TRIES=200` tries more of them. */
  const TRIES = Number(process.env['TRIES'] ?? 2);
  const ROWS = 4000;

  test.each(NOT_MVCC_SAFE)('%s loses no row', { timeout: TRIES * 75_000 }, async (_, sql) => {
    const url = await newDatabase(THINGS);
    const role = await plainRole(url);
    const create = `DROP TABLE IF EXISTS things, old; ${THINGS.replace('200', String(ROWS))}; GRANT SELECT ON things TO PUBLIC`;
    const newLoads = () => new Loads(role, { batch_rows: ROWS / 20 });
    await execute(url, create);
    const begun_at = performance.now();
    expect(await newLoads().load()).toHaveLength(ROWS);
    const takes_ms = performance.now() - begun_at;
    for (let one = 0; one < TRIES; one += 1) {
      await execute(url, create);
      const loads = newLoads();
      const remake = sleep((takes_ms * one) / TRIES).then(() => execute(url, `BEGIN; ${sql}; COMMIT`));
      const brought = new Set([...(await loads.load()), ...(await remake.then(() => loads.load()))]);
      expect(brought.size, `after ${one} of ${TRIES} parts of ${takes_ms} ms`).toBe(ROWS);
    }
  });
});

describe('a table that is rewritten between two loads', () => {
  test.each([
    ['ALTER TABLE … TYPE', REWRITE],
    ['TRUNCATE and reload', RELOAD],
  ])('by %s comes again, however old its cursors, and the load says so', async (_, sql) => {
    const url = await newDatabase(THINGS);
    const loads = new Loads(await plainRole(url), IN_SLICES, { lookback_seconds: 1 });
    await loads.load();
    await execute(url, `BEGIN; ${sql}; COMMIT`);
    const load = await loads.claim();
    expect(load).toMatchObject({ window_fallback: 'table_rewritten', window_basis: 'exact_unbounded' });
    expect(sorted((await loads.rows(load)).map((row) => row['id']))).toEqual(ALL);
    await loads.finish(load);
    expect((await loads.claim()).window_fallback).toBeUndefined();
  });

  test('by VACUUM FULL keeps its ids, and nothing comes again', async () => {
    const url = await newDatabase(THINGS);
    const loads = new Loads(await plainRole(url), IN_SLICES);
    await loads.load();
    await execute(url, 'VACUUM FULL things');
    expect(await loads.load()).toEqual([]);
  });
});

describe('a table that is replaced between two loads is loaded in full, however old its cursors', () => {
  const OLD = `INSERT INTO things SELECT n, n, '2023-01-01' FROM generate_series(201, 300) n`;
  const MORE = [...ALL, ...Array.from({ length: 100 }, (_, index) => String(index + 201))];

  test.each([
    ['dropped and created', `DROP TABLE things; ${THINGS}; ${OLD}; GRANT SELECT ON things TO PUBLIC`],
    ['renamed into place', `${SWAP}; ${OLD}`],
  ])('%s', async (_, sql) => {
    const url = await newDatabase(THINGS);
    const loads = new Loads(await plainRole(url), IN_SLICES, { lookback_seconds: 1 });
    await loads.load();
    await execute(url, sql);
    const load = await loads.claim();
    expect(load).toMatchObject({ load_type: 'full', window_fallback: 'table_changed' });
    expect(sorted((await loads.rows(load)).map((row) => row['id']))).toEqual(MORE);
    await loads.finish(load);
    expect(await loads.load()).toEqual([]);
  });

  const PARTED = `CREATE TABLE things (id integer PRIMARY KEY, v integer, updated_at timestamptz DEFAULT now()) PARTITION BY RANGE (id);
    CREATE TABLE p0 PARTITION OF things FOR VALUES FROM (0) TO (101); CREATE TABLE p1 PARTITION OF things FOR VALUES FROM (101) TO (201);
    INSERT INTO things SELECT n, n, '2024-01-01' FROM generate_series(1, 200) n;
    CREATE TABLE p2 (LIKE things INCLUDING ALL); INSERT INTO p2 SELECT n, n, '2023-01-01' FROM generate_series(201, 300) n`;

  test('a partition that had rows before it was attached', async () => {
    const url = await newDatabase(PARTED);
    const loads = new Loads(await plainRole(url), IN_SLICES, { lookback_seconds: 1 });
    expect(await loads.load()).toEqual(ALL);
    await execute(url, 'ALTER TABLE things ATTACH PARTITION p2 FOR VALUES FROM (201) TO (301)');
    const load = await loads.claim();
    expect(load).toMatchObject({ load_type: 'full', window_fallback: 'table_changed' });
    expect(sorted((await loads.rows(load)).map((row) => row['id']))).toEqual(MORE);
    await loads.finish(load);
    expect(await loads.load()).toEqual([]);
  });

  test('a partition that was created as one is read exactly, and nothing is said', async () => {
    const url = await newDatabase(PARTED);
    const loads = new Loads(await plainRole(url), IN_SLICES);
    await loads.load();
    await execute(
      url,
      'CREATE TABLE p3 PARTITION OF things FOR VALUES FROM (301) TO (401); INSERT INTO things VALUES (301)',
    );
    const load = await loads.claim();
    expect(load).toMatchObject({ load_type: 'incremental' });
    expect(load.window_fallback).toBeUndefined();
    expect((await loads.rows(load)).map((row) => row['id'])).toEqual(['301']);
    await loads.finish(load);
    await execute(url, 'DROP TABLE p3; CREATE TABLE p4 PARTITION OF things FOR VALUES FROM (401) TO (501)');
    const empty = await loads.claim();
    expect(empty.window_fallback).toBeUndefined();
    // A partition that is created in advance is no reason to scan the whole table.
    expect(empty.exact_window?.scan_from).not.toBeNull();
  });
});

describe('a materialized view has transaction ids:', () => {
  const VIEW = `${THINGS.replaceAll('things', 'base')}; CREATE MATERIALIZED VIEW things AS SELECT * FROM base; CREATE UNIQUE INDEX ON things (id)`;
  const CHANGE = `UPDATE base SET v = -1, updated_at = '2024-01-02' WHERE id <= 50`;

  test('a refresh brings what it rewrote, however old its cursors, and says so', async () => {
    const url = await newDatabase(VIEW);
    const loads = new Loads(await plainRole(url), { ...IN_SLICES, primary_key: ['id'] }, { lookback_seconds: 1 });
    expect(await loads.load()).toEqual(ALL);
    await execute(url, CHANGE);
    expect(await loads.load()).toEqual([]);
    await execute(url, 'REFRESH MATERIALIZED VIEW things');
    const load = await loads.claim();
    expect(load).toMatchObject({ window_fallback: 'table_rewritten' });
    const rows = await loads.rows(load);
    expect(sorted(rows.map((row) => row['id']))).toEqual(ALL);
    expect(rows.filter((row) => row['v'] === '-1')).toHaveLength(50);
    await loads.finish(load);
    expect(await loads.load()).toEqual([]);
  });

  test('a concurrent refresh brings what differs, however old its cursors, and nothing else', async () => {
    const url = await newDatabase(VIEW);
    const loads = new Loads(await plainRole(url), { ...IN_SLICES, primary_key: ['id'] }, { lookback_seconds: 1 });
    await loads.load();
    await execute(url, CHANGE);
    await execute(url, 'REFRESH MATERIALIZED VIEW CONCURRENTLY things');
    const load = await loads.claim();
    expect(load.window_fallback).toBeUndefined();
    expect(sorted((await loads.rows(load)).map((row) => row['id']))).toEqual(ALL.slice(0, 50));
  });

  test('a refresh that a full load waits for: every row', async () => {
    const url = await newDatabase(VIEW);
    const loads = new Loads(await plainRole(url), { ...IN_SLICES, primary_key: ['id'] });
    expect(await loadBehind(url, 'REFRESH MATERIALIZED VIEW things', loads)).toEqual(ALL);
  });
});

test('rows of a COPY FREEZE into a truncated table, for which a full load waits, come once', async () => {
  const url = await newDatabase(THINGS);
  const loads = new Loads(await plainRole(url), IN_SLICES);
  const frozen = `TRUNCATE things; COPY things FROM PROGRAM 'echo "1\t1\t2024-01-01"' WITH (FREEZE)`;
  const first = await loadBehind(url, frozen, loads);
  expect([...first, ...(await loads.load())]).toEqual(['1']);
});
