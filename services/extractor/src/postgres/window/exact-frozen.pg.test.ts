import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { from as copyFrom } from 'pg-copy-streams';
import { describe, expect, test } from 'vitest';
import { connect, execute, newDatabase, textRows } from '../../../../../test/database.ts';
import { writtenWithin } from './xid-range.ts';
import { Loads, plainRole } from './exact-loads.fixtures.ts';

const THINGS = `CREATE TABLE things (id integer PRIMARY KEY, updated_at timestamptz DEFAULT now(), note text);
  CREATE INDEX ON things (updated_at); CREATE EXTENSION pg_visibility`;
/** No margin, so that the bounds alone have to hold. */
const BARE = { clock_margin_seconds: 0 };

/** Freezes every page of the table. The servers of tests run no autovacuum that could be in the way. */
async function freezeAll(url: string): Promise<void> {
  const { frozen, pages } = await freeze(url);
  expect(frozen).toBe(pages);
  expect(Number(pages)).toBeGreaterThan(0);
}

/** Freezes the table. Returns how many of its pages are frozen, and how many it has. */
async function freeze(url: string): Promise<{ frozen: string | null; pages: string | null }> {
  await execute(url, 'VACUUM (FREEZE) things');
  const [counted] = await textRows(
    url,
    `SELECT count(*) FILTER (WHERE all_frozen)::text AS frozen, count(*)::text AS pages FROM pg_visibility_map('things')`,
  );
  return { frozen: counted?.['frozen'] ?? null, pages: counted?.['pages'] ?? null };
}

describe.each([
  ['an ordinary role', ''],
  ['a role that sees all transactions', 'pg_read_all_stats'],
])('for %s', (_, grant) => {
  const open = async (settings = {}) => {
    const url = await newDatabase(THINGS);
    return { url, loads: new Loads(await plainRole(url, grant), settings, BARE) };
  };

  test('rows that are frozen before their load or after it come exactly once', async () => {
    const { url, loads } = await open();
    await execute(url, 'INSERT INTO things VALUES (1), (2)');
    await freezeAll(url);
    expect(await loads.load()).toEqual(['1', '2']);
    await freezeAll(url);
    expect(await loads.load()).toEqual([]);
    await execute(url, 'INSERT INTO things VALUES (3); UPDATE things SET updated_at = now() WHERE id = 1');
    await freezeAll(url);
    expect((await loads.load()).toSorted()).toEqual(['1', '3']);
    await freezeAll(url);
    expect(await loads.load()).toEqual([]);
    expect((await loads.load('full')).toSorted()).toEqual(['1', '2', '3']);
  });

  test('rows that are frozen between the claim and the reading, or between slices, come exactly once', async () => {
    const { url, loads } = await open({ batch_rows: 50 });
    await loads.load();
    await execute(url, 'INSERT INTO things SELECT n FROM generate_series(1, 400) AS n');
    const load = await loads.claim();
    await execute(url, "UPDATE things SET note = 'later', updated_at = now() WHERE id = 400");
    await freezeAll(url);
    const rows = await loads.rows(load, async (slice) => {
      if (slice !== 2) return;
      await execute(url, "UPDATE things SET note = 'later', updated_at = now() WHERE id IN (10, 390)");
      await freezeAll(url);
    });
    await loads.finish(load);
    const read = new Set(rows.map(({ id }) => Number(id)));
    expect(read.size).toBe(rows.length);
    expect(Array.from({ length: 400 }, (__, n) => n + 1).filter((id) => !read.has(id))).toEqual([390, 400]);
    expect((await loads.load()).toSorted()).toEqual(['10', '390', '400']);
  });

  test('rows that an open transaction held back come once, frozen since and read by an unbounded scan', async () => {
    const { url, loads } = await open();
    await execute(url, 'INSERT INTO things VALUES (1)');
    const holder = await connect(url);
    await holder.query("BEGIN; INSERT INTO things VALUES (2, now() - interval '1 second')");
    expect(await loads.load()).toEqual(['1']);
    await execute(url, 'INSERT INTO things VALUES (3)');
    const { frozen } = await freeze(url);
    expect(frozen).toBe('0');
    expect(await loads.load()).toEqual([]);
    expect(loads.checkpoint?.exact_position?.lower_bound === null).toBe(grant === '');
    await holder.query('UPDATE things SET updated_at = now() WHERE id = 2; COMMIT');
    await freezeAll(url);
    const held = await loads.claim();
    expect(held.exact_window?.scan_from === null).toBe(grant === '');
    expect((await loads.rows(held)).map(({ id }) => id)).toEqual(['2', '3']);
    await loads.finish(held);
    await freezeAll(url);
    expect(await loads.load()).toEqual([]);
  });

  test('rows that COPY wrote frozen come exactly once', async () => {
    const { url, loads } = await open();
    await execute(url, 'INSERT INTO things VALUES (1)');
    expect(await loads.load()).toEqual(['1']);
    const writer = await connect(url);
    await writer.query('BEGIN; TRUNCATE things');
    const copy = writer.query(copyFrom('COPY things (id) FROM STDIN (FREEZE)'));
    await pipeline(Readable.from(['2\n3\n']), copy);
    await writer.query('COMMIT');
    expect(await loads.load()).toEqual(['2', '3']);
    expect(await loads.load()).toEqual([]);
  });
});

/** Making a server's ids really wrap takes billions of transactions, or `pg_resetwal`, which the npm package lacks. */
test('the condition on xmin, computed by PostgreSQL, holds where 32 bits wrap', async () => {
  const url = await newDatabase();
  const xids = ['3', '4', '9', '10', '2147483648', '4294967285', '4294967286', '4294967295'];
  const rows = xids.map((xid) => `('${xid}'::xid)`).join(', ');
  const within = async (from: bigint, until: bigint) => {
    const condition = writtenWithin(String(from), String(until));
    const found = await textRows(url, `SELECT xmin FROM (VALUES ${rows}) AS things (xmin) WHERE ${condition}`);
    return found.map(({ xmin }) => xmin);
  };
  const EPOCH = 2n ** 32n;
  for (const epoch of [EPOCH, 7n * EPOCH]) {
    expect(await within(epoch - 10n, epoch)).toEqual(['4294967286', '4294967295']);
    expect(await within(epoch - 10n, epoch + 4n)).toEqual(['3', '4294967286', '4294967295']);
    expect(await within(epoch, epoch + 10n)).toEqual(['3', '4', '9']);
    expect(await within(epoch + 4n, epoch + 10n)).toEqual(['4', '9']);
    expect(await within(epoch, epoch)).toEqual([]);
  }
});
