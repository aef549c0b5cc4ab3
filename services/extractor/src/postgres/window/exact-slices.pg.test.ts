import { describe, expect, test } from 'vitest';
import type { PendingLoad } from '@bronze/common/load/checkpoint';
import type { LoadType } from '@bronze/common/words/entity';
import type pg from 'pg';
import { connect, execute, newDatabase, textRows } from '../../../../../test/database.ts';
import { Loads, plainRole } from './exact-loads.fixtures.ts';

/**
 * Each write makes a version with its own number, and `written` keeps the numbers that were committed. The ids 10, 20,
 * … leave gaps, in which rows can appear and to which keys can move.
 */
const THINGS = `CREATE TABLE things (id integer PRIMARY KEY, updated_at timestamptz DEFAULT now(), version bigint);
  CREATE TABLE written (version bigserial);
  CREATE FUNCTION new_version() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN INSERT INTO written DEFAULT VALUES RETURNING version INTO NEW.version; RETURN NEW; END $$;
  CREATE TRIGGER versions BEFORE INSERT OR UPDATE ON things FOR EACH ROW EXECUTE FUNCTION new_version();
  CREATE INDEX ON things (updated_at);`;
const SETTINGS = { batch_rows: 50 };
/** No margin, so that the bounds alone have to hold. */
const BARE = { clock_margin_seconds: 0 };

/** The id of a row that changes without its cursor: full loads bring the change, incremental ones need not. */
const SILENT = 3300;

const touch = (...ids: number[]) => `UPDATE things SET updated_at = now() WHERE id IN (${ids.join(', ')})`;
const move = (from: number, to: number) => `UPDATE things SET id = ${to}, updated_at = now() WHERE id = ${from}`;

/**
 * Changes made between the slices of 400 rows, 50 each: after the second slice the ids up to 1000 are read, after the
 * fourth those up to 2000. The transactions of `open` and `rolledBack` began before the claim.
 */
function changes(url: string, open: pg.Client, rolledBack: pg.Client) {
  return async (slice: number) => {
    if (slice === 2) {
      await execute(url, touch(100, 3000));
      await execute(url, `${move(600, 3605)}; ${move(3100, 15)}`);
      await execute(url, 'INSERT INTO things VALUES (25), (3615); DELETE FROM things WHERE id IN (300, 3500)');
      await open.query(`${move(700, 3625)}; ${move(3200, 35)}; INSERT INTO things VALUES (45), (3635)`);
      await rolledBack.query(`${touch(120, 3020)}; ${move(720, 3645)}; DELETE FROM things WHERE id = 3030`);
    }
    if (slice === 4) {
      await open.query('COMMIT');
      await rolledBack.query('ROLLBACK');
      // The same rows again, one of them now on the other side of the position.
      await execute(url, `${touch(100, 3605)}; ${move(15, 3655)}`);
    }
  };
}

/** What a load in slices and the load after it brought. A third one has to bring nothing. */
async function brought(loads: Loads, read: (load: PendingLoad) => ReturnType<Loads['rows']>, load_type?: LoadType) {
  const load = await loads.claim(load_type);
  const rows = await read(load);
  await loads.finish(load);
  const next = await loads.claim();
  expect(next.window_fallback).toBeUndefined();
  const more = await loads.rows(next);
  await loads.finish(next);
  expect(await loads.load()).toEqual([]);
  const moved = more.map(({ id }) => Number(id)).filter((id) => id !== SILENT);
  const ids = moved.toSorted((a, b) => a - b);
  return { first: rows, ids, versions: [...rows, ...more].map(({ version }) => version ?? '') };
}

async function expectWhole(url: string, versions: readonly string[]): Promise<void> {
  expect(versions.filter((one, index) => versions.indexOf(one) !== index)).toEqual([]);
  const last = await textRows(url, 'SELECT version FROM things');
  expect(last.filter(({ version }) => !versions.includes(version ?? ''))).toEqual([]);
  const committed = new Set((await textRows(url, 'SELECT version FROM written')).map(({ version }) => version));
  expect(versions.filter((version) => !committed.has(version))).toEqual([]);
}

describe.each([
  ['an ordinary role', ''],
  ['a role that sees all transactions', 'pg_read_all_stats'],
])('for %s', (_, grant) => {
  const open = async () => {
    const url = await newDatabase(THINGS);
    const loads = new Loads(await plainRole(url, grant), SETTINGS, BARE);
    const writer = await connect(url);
    const rolledBack = await connect(url);
    /** Two transactions that stay open. Each has written a row that is read early and one that is read late. */
    const begin = async () => {
      await writer.query(`BEGIN; ${touch(200, 3900)}`);
      await rolledBack.query(`BEGIN; ${touch(210, 3910)}`);
    };
    const between = changes(url, writer, rolledBack);
    const silently = async (slice: number) => {
      if (slice === 3) await execute(url, `UPDATE things SET version = 0 WHERE id = ${SILENT}`);
      await between(slice);
    };
    return { url, loads, begin, between, silently };
  };
  const fill = (url: string) =>
    execute(
      url,
      `INSERT INTO things SELECT n * 10, now() - interval '1 day' FROM generate_series(1, 400) AS n;
      INSERT INTO things VALUES (4010, NULL), (4020, 'infinity'), (4030, '-infinity')`,
    );
  /** The ids that changed between the slices, and those that `begin` wrote before them. */
  const CHANGED = [25, 35, 45, 100, 200, 3000, 3605, 3615, 3625, 3635, 3655, 3900];

  test.each([
    ['one after another', 'rows'],
    ['all open at once', 'rowsOverlapping'],
  ] as const)('a full load and the next bring rows that change between slices (%s) exactly once', async (__, how) => {
    const { url, loads, begin, silently } = await open();
    await fill(url);
    await begin();
    const { first, ids, versions } = await brought(loads, (load) => loads[how](load, silently));
    await expectWhole(url, versions);
    expect(ids).toEqual(CHANGED);
    // 300 was deleted after it was read, 3500 and 3200 were gone before; 600 and 700 came under their old keys.
    const read = new Set(first.map(({ id }) => Number(id)));
    expect([300, 600, 700, 3200, 3500, 3910, 4010, 4020, 4030].filter((id) => !read.has(id))).toEqual([3200, 3500]);
  });

  test('a second full load and the next bring rows that change between slices exactly once', async () => {
    const { url, loads, begin, silently } = await open();
    await fill(url);
    expect(await loads.load()).toHaveLength(403);
    await begin();
    const { ids, versions } = await brought(loads, (load) => loads.rows(load, silently), 'full');
    await expectWhole(url, versions);
    expect(ids).toEqual(CHANGED);
  });

  test('an incremental load and the next bring rows that change between slices exactly once', async () => {
    const { url, loads, begin, between } = await open();
    await loads.load();
    await execute(url, 'INSERT INTO things SELECT n * 10 FROM generate_series(1, 400) AS n');
    await begin();
    const { first, ids, versions } = await brought(loads, (load) => loads.rows(load, between));
    await expectWhole(url, versions);
    expect(ids).toEqual(CHANGED);
    expect(first.map(({ id }) => Number(id))).not.toContain(3500);
  });
});
