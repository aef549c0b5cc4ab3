import { describe, expect, test } from 'vitest';
import { connect, execute, newDatabase } from '../../../../../test/database.ts';
import { Loads, plainRole } from './exact-loads.fixtures.ts';

const THINGS = 'CREATE TABLE things (id integer PRIMARY KEY, updated_at timestamptz DEFAULT now(), note text)';
/** No margin, so that the bounds alone have to hold. */
const BARE = { clock_margin_seconds: 0 };

describe.each([
  ['an ordinary role', ''],
  ['a role that sees all transactions', 'pg_read_all_stats'],
])('for %s', (_, grant) => {
  const basis = grant ? 'exact_activity' : 'exact_virtual_transactions';
  const open = async (settings = {}) => {
    const url = await newDatabase(`${THINGS}; CREATE INDEX ON things (updated_at)`);
    return { url, loads: new Loads(await plainRole(url, grant), settings, BARE) };
  };

  test('a transaction that commits late is in the next load, however old its cursor', async () => {
    const { url, loads } = await open();
    const late = await connect(url);
    await execute(url, 'INSERT INTO things VALUES (1)');
    expect(await loads.load()).toEqual(['1']);
    await late.query('BEGIN');
    await late.query('SELECT 1');
    await execute(url, 'INSERT INTO things VALUES (2)');
    expect(await loads.load()).toEqual(['2']);
    await late.query('INSERT INTO things VALUES (3)');
    await execute(url, 'INSERT INTO things VALUES (4)');
    const held = await loads.claim();
    expect(held.window_basis).toBe(basis);
    expect((await loads.rows(held)).map((row) => row['id'])).toEqual([]);
    await loads.finish(held);
    await late.query('COMMIT');
    expect(await loads.load()).toEqual(['3', '4']);
    expect(await loads.load()).toEqual([]);
  });

  test('a row is found that a scan from the start of the oldest open transaction would lose', async () => {
    const { url, loads } = await open();
    const early = await connect(url);
    const holder = await connect(url);
    expect(await loads.load()).toEqual([]);
    await early.query('BEGIN');
    await early.query('SELECT 1');
    await execute(url, 'SELECT pg_sleep(0.05)');
    await holder.query('BEGIN; INSERT INTO things VALUES (1)');
    const { rows } = await holder.query<{ now: string }>(`SELECT now() AT TIME ZONE 'UTC' AS now`);
    await early.query('INSERT INTO things VALUES (2); COMMIT');
    expect(await loads.load()).toEqual([]);
    const naive = rows[0]?.now ?? '';
    const client = await connect(url);
    const found = await client.query(`SELECT id FROM things WHERE updated_at >= '${naive}+00' AND id = 2`);
    expect(found.rowCount).toBe(0);
    await holder.query('COMMIT');
    expect(await loads.load()).toEqual(['2', '1']);
  });

  test('rows of savepoints and exception blocks come once, and rolled back ones never', async () => {
    const { url, loads } = await open();
    await loads.load();
    const writer = await connect(url);
    await writer.query(`BEGIN; INSERT INTO things VALUES (1); SAVEPOINT a; INSERT INTO things VALUES (2);
      SAVEPOINT b; INSERT INTO things VALUES (3); ROLLBACK TO b; INSERT INTO things VALUES (4); RELEASE a;
      DO $$ BEGIN INSERT INTO things VALUES (5); BEGIN INSERT INTO things VALUES (6); INSERT INTO things VALUES (1);
        EXCEPTION WHEN unique_violation THEN INSERT INTO things VALUES (7); END; END $$`);
    await execute(url, 'INSERT INTO things VALUES (8)');
    expect(await loads.load()).toEqual([]);
    await writer.query('COMMIT');
    expect((await loads.load()).toSorted()).toEqual(['1', '2', '4', '5', '7', '8']);
    await writer.query('BEGIN; INSERT INTO things VALUES (9); ROLLBACK');
    expect(await loads.load()).toEqual([]);
  });

  test('what waits behind a transaction that is open over many claims comes once, after it', async () => {
    const { url, loads } = await open();
    await loads.load();
    const writer = await connect(url);
    await writer.query('BEGIN; INSERT INTO things VALUES (1)');
    for (const id of [2, 3, 4]) {
      await execute(url, `INSERT INTO things VALUES (${id})`);
      expect(await loads.load()).toEqual([]);
    }
    expect(loads.checkpoint?.exact_position?.open_bound).not.toBeNull();
    const held = await loads.claim();
    expect(held.watermark_lag_seconds).toBeGreaterThan(0);
    expect(held.oldest_transaction_seconds).toBeGreaterThan(0);
    await loads.finish(held, 'abandoned');
    await writer.query('COMMIT');
    expect(await loads.load()).toEqual(['1', '2', '3', '4']);
    expect(await loads.load()).toEqual([]);
  });

  test('a transaction that was open before the first load is in the next load after its commit', async () => {
    const { url, loads } = await open();
    const writer = await connect(url);
    await writer.query('BEGIN; SELECT 1');
    await execute(url, 'INSERT INTO things VALUES (1)');
    expect(await loads.load()).toEqual(['1']);
    await execute(url, 'INSERT INTO things VALUES (2)');
    expect(await loads.load()).toEqual(['2']);
    expect(await loads.load()).toEqual([]);
    expect(loads.checkpoint?.exact_position?.lower_bound === null).toBe(grant === '');
    await writer.query('INSERT INTO things VALUES (3); COMMIT');
    expect(await loads.load()).toEqual(['3']);
    expect(loads.checkpoint?.exact_position?.lower_bound).not.toBeNull();
    await execute(url, 'INSERT INTO things VALUES (4)');
    const bounded = await loads.claim();
    expect(bounded.window_basis).toBe(basis);
    expect((await loads.rows(bounded)).map((row) => row['id'])).toEqual(['4']);
  });

  test('a transaction that is prepared between two claims holds the window back until it commits', async () => {
    const { url, loads } = await open();
    const name = new URL(url).pathname;
    const writer = await connect(url);
    await loads.load();
    await writer.query('BEGIN; INSERT INTO things VALUES (1)');
    expect(await loads.load()).toEqual([]);
    await writer.query(`PREPARE TRANSACTION '${name}'`);
    await execute(url, 'INSERT INTO things VALUES (2)');
    expect(await loads.load()).toEqual([]);
    expect(Object.keys(loads.checkpoint?.exact_position?.open_transactions ?? {})).toContainEqual(
      expect.stringMatching(/^prepared:\d+$/),
    );
    await writer.query(`COMMIT PREPARED '${name}'`);
    expect(await loads.load()).toEqual(['1', '2']);
  });

  test('ten thousand tied rows come once each over slices, without those committed after the claim', async () => {
    const { url, loads } = await open({ batch_rows: 997 });
    await loads.load();
    await execute(url, 'INSERT INTO things SELECT n, now() FROM generate_series(1, 10000) AS n');
    const load = await loads.claim();
    await execute(
      url,
      'INSERT INTO things SELECT n, (SELECT min(updated_at) FROM things) FROM generate_series(10001, 10100) AS n',
    );
    const ids = (await loads.rows(load)).map((row) => Number(row['id']));
    await loads.finish(load);
    expect(ids).toEqual(Array.from({ length: 10_000 }, (__, n) => n + 1));
  });
});

describe('a full load', () => {
  test('and the next one together bring each row version exactly once, whatever changes after the claim', async () => {
    const url =
      await newDatabase(`${THINGS}; INSERT INTO things SELECT n, now() - interval '1 day' FROM generate_series(1, 400) AS n;
      INSERT INTO things VALUES (401, NULL), (402, 'infinity'), (403, '-infinity')`);
    const loads = new Loads(url, { batch_rows: 50 });
    const full = await loads.claim();
    const writer = await connect(url);
    await writer.query("BEGIN; UPDATE things SET note = 'open', updated_at = now() WHERE id IN (10, 390)");
    await execute(
      url,
      `UPDATE things SET note = 'moved', updated_at = now() WHERE id % 7 = 0; DELETE FROM things WHERE id = 399;
      UPDATE things SET note = 'unmoved' WHERE id = 398; INSERT INTO things VALUES (500, now(), 'new'), (501, NULL, 'null')`,
    );
    const rows = await loads.rows(full);
    await loads.finish(full);
    await writer.query('COMMIT');
    const next = await loads.claim();
    const more = await loads.rows(next);
    const versions = [...rows, ...more].map((row) => `${row['id']} ${row['note'] ?? ''}`);
    expect(new Set(versions).size).toBe(versions.length);
    const client = await connect(url);
    const truth = await client.query<{ v: string }>(`SELECT id || ' ' || coalesce(note, '') AS v FROM things`);
    expect(truth.rows.map(({ v }) => v).filter((v) => !versions.includes(v))).toEqual([]);
    expect(versions).toContain('398 unmoved');
    expect(more.map((row) => row['note']).every((note) => note !== null)).toBe(true);
  });

  test('after others takes everything, and the next load resumes behind it', async () => {
    const url = await newDatabase(`${THINGS}; INSERT INTO things VALUES (1)`);
    const loads = new Loads(url);
    await loads.load();
    await execute(url, 'INSERT INTO things VALUES (2)');
    expect(await loads.load('full')).toEqual(['1', '2']);
    await execute(url, 'INSERT INTO things VALUES (3)');
    expect(await loads.load()).toEqual(['3']);
  });
});
