import { describe, expect, test } from 'vitest';
import { execute, newDatabase } from '../../../../../test/database.ts';
import { begun } from '../postgres-source.fixtures.ts';
import { Loads, plainRole } from './exact-loads.fixtures.ts';

/** Two hundred rows that are older than any lookback, in slices of fifty. */
const THINGS = `CREATE TABLE things (id integer PRIMARY KEY, v integer, updated_at timestamptz DEFAULT now());
INSERT INTO things SELECT n, n, '2024-01-01' FROM generate_series(1, 200) n`;
const IN_SLICES = { batch_rows: 50 };
const IDS = Array.from({ length: 200 }, (_, index) => String(index + 1));

/** Whatever replaces the rows gives them the value -1 and keeps their old cursors. */
const RELOAD = `CREATE TABLE kept AS SELECT * FROM things; TRUNCATE things;
INSERT INTO things SELECT id, -1, updated_at FROM kept; DROP TABLE kept`;
const SWAP = `CREATE TABLE fresh (LIKE things INCLUDING ALL); INSERT INTO fresh SELECT id, -1, updated_at FROM things;
DROP TABLE things; ALTER TABLE fresh RENAME TO things; GRANT SELECT ON things TO PUBLIC`;
const REWRITE = `UPDATE things SET v = -1; ALTER TABLE things ALTER v TYPE bigint`;
const PARTED = `CREATE TABLE things (id integer PRIMARY KEY, v integer, updated_at timestamptz DEFAULT now()) PARTITION BY RANGE (id);
CREATE TABLE p0 PARTITION OF things FOR VALUES FROM (0) TO (101); CREATE TABLE p1 PARTITION OF things DEFAULT;
INSERT INTO things SELECT n, n, '2024-01-01' FROM generate_series(1, 200) n`;
const SWAP_PARTITION = `BEGIN; CREATE TEMP TABLE kept ON COMMIT DROP AS SELECT id, -1 AS v, updated_at FROM p0; DROP TABLE p0;
CREATE TABLE p0 PARTITION OF things FOR VALUES FROM (0) TO (101); INSERT INTO things SELECT * FROM kept; COMMIT`;
const AS_NEW = [
  ['TRUNCATE and reload', RELOAD, 'table_rewritten'],
  ['a swap by rename', SWAP, 'table_changed'],
  ['ALTER TABLE … TYPE', REWRITE, 'table_rewritten'],
] as const;

/** Grants on single columns don't cover `xmin`. */
async function byTime(url: string): Promise<string> {
  const role = await plainRole(url);
  const { username } = new URL(role);
  await execute(
    url,
    `REVOKE SELECT ON things FROM ${username}; GRANT SELECT (id, v, updated_at) ON things TO ${username}`,
  );
  return role;
}

/** Each sort of loads compares the table with what it was in a way of its own. */
const SORTS = [
  ['without a cursor', { ...IN_SLICES, cursor: null }, plainRole],
  ['by time', IN_SLICES, byTime],
  ['by transaction ids', IN_SLICES, plainRole],
] as const;

const sorted = (ids: Iterable<string | null | undefined>) => [...ids].toSorted((a, b) => Number(a) - Number(b));
const replaced = (rows: readonly Record<string, string | null>[]) =>
  sorted(new Set(rows.filter((row) => row['v'] === '-1').map((row) => row['id'])));

describe.each(SORTS)('a full load %s', (_, entity, roleOf) => {
  test.each(AS_NEW)('has everything of the table after %s between its slices, and says so', async (__, sql, why) => {
    const url = await newDatabase(THINGS);
    const loads = new Loads(await roleOf(url), entity, { margin_seconds: 0 });
    const load = await loads.claim('full');
    const rows = await loads.rows(load, async (slice) => void (slice === 2 && (await execute(url, sql))));
    expect(replaced(rows)).toEqual(IDS);
    expect(rows).toHaveLength(300);
    expect((await begun(loads.reading, load)).window_fallback).toBe(why);
  });

  test('has everything of a partition that was swapped in one transaction between its slices', async () => {
    const url = await newDatabase(PARTED);
    const loads = new Loads(await roleOf(url), entity, { margin_seconds: 0 });
    const rows = await loads.rows(await loads.claim('full'), async (slice) => {
      if (slice === 2) await execute(url, SWAP_PARTITION);
    });
    expect(replaced(rows)).toEqual(IDS.slice(0, 100));
  });
});

test('a full load of a table that is reloaded after each slice ends', async () => {
  const url = await newDatabase(THINGS);
  const loads = new Loads(await plainRole(url), { ...IN_SLICES, cursor: null });
  const rows = await loads.rows(await loads.claim(), async () => execute(url, RELOAD));
  expect(sorted(new Set(rows.map((row) => row['id'])))).toEqual(IDS);
  expect(rows).toHaveLength(350);
});

describe('between two loads by time,', () => {
  const loadsOf = async (url: string) => new Loads(await byTime(url), IN_SLICES, { margin_seconds: 0 });

  test.each(AS_NEW)('%s makes the next one full, which says so', async (_, sql, window_fallback) => {
    const url = await newDatabase(THINGS);
    const loads = await loadsOf(url);
    expect(await loads.load()).toEqual(IDS);
    expect(await loads.load()).toEqual([]);
    await execute(url, sql);
    const load = await loads.claim();
    expect(load).toMatchObject({ load_type: 'full', window_fallback });
    expect(replaced(await loads.rows(load))).toEqual(IDS);
    await loads.finish(load);
    expect(await loads.load()).toEqual([]);
  });

  test('what fills an empty table comes, however old its cursors', async () => {
    const url = await newDatabase(THINGS);
    const loads = await loadsOf(url);
    await loads.load();
    await execute(url, 'TRUNCATE things');
    expect(await loads.load()).toEqual([]);
    await execute(url, `INSERT INTO things VALUES (1, 1, '2024-01-01')`);
    expect(await loads.load()).toEqual(['1']);
    expect(await loads.load()).toEqual([]);
  });

  test('a right to transaction ids that comes or goes hides no swap', async () => {
    const url = await newDatabase(THINGS);
    const loads = await loadsOf(url);
    await loads.load();
    await execute(url, `GRANT SELECT ON things TO PUBLIC; ${SWAP}`);
    const exact = await loads.claim();
    expect(exact).toMatchObject({ load_type: 'full', window_fallback: 'table_changed', exact_window: {} });
    expect(replaced(await loads.rows(exact))).toEqual(IDS);
    await loads.finish(exact);
    expect(loads.checkpoint?.storage).toBeUndefined();
    const revoke = 'REVOKE SELECT ON things FROM PUBLIC; GRANT SELECT (id, v, updated_at) ON things TO PUBLIC';
    await execute(url, revoke);
    const again = await loads.claim();
    expect(again).toMatchObject({ load_type: 'incremental', window_fallback: 'no_transaction_ids' });
    await execute(url, `${SWAP}; ${revoke}`);
    expect(await loads.claim()).toMatchObject({ load_type: 'full', window_fallback: 'table_changed', storage: {} });
  });

  test('a view that is created anew is no other table', async () => {
    const view = 'CREATE VIEW things AS SELECT * FROM base';
    const url = await newDatabase(`${THINGS.replaceAll('things', 'base')}; ${view}`);
    const loads = new Loads(url, { ...IN_SLICES, primary_key: ['id'] }, { margin_seconds: 0 });
    expect(await loads.load()).toEqual(IDS);
    await execute(url, `DROP VIEW things; ${view}`);
    const load = await loads.claim();
    expect(load.load_type).toBe('incremental');
    expect(load.window_fallback).toBeUndefined();
  });
});
