import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { execute, newDatabase, textRows } from '../../../../test/database.ts';
import { KEYS, TYPES_SQL } from './keys.fixtures.ts';
import {
  FULL,
  incremental,
  readAll,
  readInSlices,
  rowsOf,
  sharedSession,
  sourceOf,
} from './postgres-source.fixtures.ts';

const tableOf = (type: string) => `key ${KEYS.findIndex(([one]) => one === type)}`;
/** The plan shows whether an index can give the order and the place in it: the tables are small. */
const INDEX_ONLY_SQL = `SELECT set_config(name, 'off', true) FROM pg_settings WHERE name IN ('enable_seqscan', 'enable_sort', 'enable_bitmapscan')`;

let shared: Awaited<ReturnType<typeof sharedSession>>;

beforeAll(async () => {
  const tables = KEYS.map(([type, nth, extremes = []]) => {
    const table = `public."${tableOf(type)}"`;
    const cast = type.replace(/ COLLATE .*/, '');
    const one = extremes.map((value) => `SELECT CAST(${value} AS ${cast})`);
    const queries = [`SELECT CAST(${nth} AS ${cast}) FROM generate_series(1, 40) AS n`, ...one];
    const inserts = queries.map((query) => `INSERT INTO ${table} (id) ${query} ON CONFLICT DO NOTHING`);
    return `CREATE TABLE ${table} (id ${type} PRIMARY KEY, row serial); ${inserts.join('; ')}`;
  });
  const url = await newDatabase(`${TYPES_SQL}; ${tables.join(';\n')}`);
  shared = await sharedSession(url);
  await shared.session.rows(INDEX_ONLY_SQL, []);
});

afterAll(() => shared.close());

describe('every row of a table comes once in slices, in the order of its key', () => {
  beforeEach(async () => void (await shared.session.rows('SAVEPOINT one_table', [])));
  afterEach(async () => void (await shared.session.rows('ROLLBACK TO SAVEPOINT one_table', [])));

  test.for(KEYS)('%s', async ([type]) => {
    const reading = shared.sourceOf({ table: `public.${tableOf(type)}`, cursor: null, batch_rows: 15 });
    const read = rowsOf(await readInSlices(reading, FULL)).map(({ row }) => row);
    const ordered = await shared.session.rows(`SELECT row FROM public."${tableOf(type)}" ORDER BY id`, []);
    expect(read).toEqual(ordered.map(({ row }) => row));
    const query = shared.copies.at(-1)?.slice('COPY ('.length, -') TO STDOUT'.length);
    const plan = await shared.session.rows(`EXPLAIN (COSTS off) ${query}`, []);
    const steps = plan.map((step) => step['QUERY PLAN']).join('\n');
    expect(steps).toMatch(/Index (?:Only )?Scan.*\n.*Index Cond: /);
    expect(steps).not.toMatch(/Sort|Filter/);
  });
});

describe('a key of several columns', () => {
  test('with operators of several schemas is read in slices, in full and incrementally', async () => {
    const url = await newDatabase(`${TYPES_SQL};
      CREATE TABLE things (n smallint, e ext.email, h ext.hstore, p ext.price, updated_at timestamptz, row serial, PRIMARY KEY (n, e, h, p));
      INSERT INTO things SELECT n % 3, chr(64 + n % 5) || chr(96 + n % 2), format('a=>%s', n % 7)::ext.hstore, n * 1000, timestamptz '2024-01-15' + n % 4 * interval '1 h' FROM generate_series(1, 60) AS n`);
    const reading = sourceOf(url, { batch_rows: 17 });
    const orders = [
      [FULL, 'n, e, h, p'],
      [incremental('2024-01-15', '2024-01-16'), 'updated_at, n, e, h, p'],
    ] as const;
    for (const [load, order] of orders) {
      const read = rowsOf(await readInSlices(reading, load)).map(({ row }) => row);
      const ordered = await textRows(url, `SELECT row FROM things ORDER BY ${order}`);
      expect(read).toEqual(ordered.map(({ row }) => row));
    }
  });

  test('that excludes overlaps is read in slices', async () => {
    const url = await newDatabase(`CREATE EXTENSION btree_gist;
      CREATE TABLE things (id integer, at daterange, PRIMARY KEY (id, at WITHOUT OVERLAPS));
      INSERT INTO things SELECT n % 3, daterange(date '2024-01-01' + n, date '2024-01-02' + n) FROM generate_series(1, 40) AS n`);
    expect(rowsOf(await readInSlices(sourceOf(url, { cursor: null, batch_rows: 15 }), FULL))).toHaveLength(40);
  });
});

describe('a key that is declared', () => {
  test('on a unique index that compares otherwise than the column is checked in the rows', async () => {
    const url = await newDatabase(`${TYPES_SQL};
      
      CREATE TABLE things (name text COLLATE "Odd ""one"."any Case" NOT NULL, pair "Odd ""one"."Pair" NOT NULL);
      CREATE UNIQUE INDEX ON things (name COLLATE "C"); CREATE UNIQUE INDEX ON things (pair record_image_ops);
      INSERT INTO things VALUES ('a', '(1,a,,)'), ('A', '(1,A,,)')`);
    for (const name of ['name', 'pair']) {
      const { source, entity } = sourceOf(url, { cursor: null, primary_key: [name] });
      await expect(source.readHighWatermark(entity)).rejects.toMatchObject({ code: 'KEY_NOT_UNIQUE' });
    }
  });

  test('on values without an order is refused at the claim, by name', async () => {
    const url = await newDatabase(`CREATE TYPE pair AS (a integer, b point);
      CREATE VIEW things AS SELECT 1 AS id, '{}'::json AS j, '<a/>'::xml AS x, point '(1,2)' AS p, ARRAY[point '(1,2)'] AS ps,
        '(1,"(1,2)")'::pair AS c, '7'::xid AS t, '1 2'::int2vector AS v`);
    for (const name of ['j', 'x', 'p', 'ps', 'c', 't']) {
      const { source, entity } = sourceOf(url, { cursor: null, primary_key: ['id', name] });
      const failure: unknown = await source.readHighWatermark(entity).catch((thrown: unknown) => thrown);
      expect(failure).toMatchObject({ code: 'COLUMN_UNSUPPORTED' });
      expect(String(failure)).toContain(`${name}, a key column of public.things`);
    }
  });
});

test('an order whose collation has changed is another order', async () => {
  const url = await newDatabase(
    `CREATE TABLE things (id text COLLATE "C" PRIMARY KEY); INSERT INTO things VALUES ('a'), ('B')`,
  );
  const reading = sourceOf(url, { cursor: null, batch_rows: 1 });
  const [first] = await readAll(reading, FULL);
  await execute(url, 'ALTER TABLE things ALTER id TYPE text COLLATE "en-x-icu"');
  await expect(readAll(reading, FULL, first?.position)).rejects.toMatchObject({ code: 'KEY_CHANGED' });
});

test('a role needs USAGE on the schema of a key’s type only where no literal is understood without it', async () => {
  const url = await newDatabase(`${TYPES_SQL};
    CREATE TABLE moods (id "Odd ""one"."Mood, x" PRIMARY KEY); INSERT INTO moods SELECT unnest(enum_range(NULL::"Odd ""one"."Mood, x"));
    CREATE TABLE emails (id ext.email PRIMARY KEY); INSERT INTO emails VALUES ('a'), ('B')`);
  const role = `narrow_${new URL(url).pathname.slice(3, 20)}`;
  await execute(url, `CREATE ROLE ${role} LOGIN PASSWORD 'x'; GRANT SELECT ON moods, emails TO ${role}`);
  const login = Object.assign(new URL(url), { username: role, password: 'x' }).href;
  const moods = sourceOf(login, { table: 'public.moods', cursor: null, batch_rows: 15 });
  expect(rowsOf(await readInSlices(moods, FULL))).toHaveLength(40);
  const emails = sourceOf(login, { table: 'public.emails', cursor: null, batch_rows: 1 });
  await expect(emails.source.readHighWatermark(emails.entity)).rejects.toMatchObject({
    code: 'SOURCE_DENIED',
    hint: expect.stringContaining('GRANT USAGE ON SCHEMA ext TO') as string,
  });
  await execute(url, `GRANT USAGE ON SCHEMA ext TO ${role}`);
  expect(rowsOf(await readInSlices(emails, FULL)).map(({ id }) => id)).toEqual(['a', 'B']);
});
