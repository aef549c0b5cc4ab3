import { expect, test } from 'vitest';
import { execute, newDatabase, textRows } from '../../../../test/database.ts';
import { begun, FULL, readAll, rowsOf, sourceOf } from './postgres-source.fixtures.ts';

/** Each type with SQL expressions of values. */
const TYPES: readonly (readonly [string, readonly string[]])[] = [
  ['smallint', ['-32768', '32767']],
  ['integer', ['-2147483648', '2147483647']],
  ['bigint', ['-9223372036854775808', '9223372036854775807', '9007199254740993']],
  ['numeric', ["'NaN'", "'Infinity'", '1e100', '-0.000000000000000000000000000001', "'12345678901234567890.12340'"]],
  ['numeric(12,2)', ['9999999999.99', '-0.29', "'NaN'"]],
  ['numeric(3,-2)', ['12300']],
  ['real', ["'NaN'", "'-Infinity'", '3.4028235e+38', '1e-45']],
  ['double precision', ["'NaN'", "'Infinity'", '0.1', '5e-324', "'-0'", '1e15', '123456789.12345679']],
  ['money', ['12.34', '-1234567.89']],
  ['boolean', ['true', 'false']],
  [
    'timestamptz',
    [
      "'2024-01-15 10:32:00.123456+02'",
      "'infinity'",
      "'-infinity'",
      "'0044-03-15 12:00 BC'",
      "'294276-12-31 23:59:59.999999Z'",
    ],
  ],
  ['timestamp(3)', ["'2024-01-15 10:32:00.5'", "'infinity'"]],
  ['date', ["'2024-02-29'", "'infinity'", "'0044-03-15 BC'", "'5874897-12-31'"]],
  ['time', ["'24:00:00'", "'10:32:00.123456'"]],
  ['timetz', ["'10:32:00.5+02:30'"]],
  ['interval', ["'1 year -2 days 03:04:05.000006'"]],
  [
    'text',
    [
      "''",
      "E'tab\\there\\nline\\rreturn\\bback\\fform\\vvertical\\x01one\\x1f'",
      'E\'back\\\\slash "quote" \\\\N\'',
      "'🎁 naïve'",
      "'\\N'",
    ],
  ],
  ['varchar(5)', ["'a b'"]],
  ['char(6)', ["'ab'"]],
  ['"char"', ["'x'"]],
  ['bytea', ["'\\x00ff'", "''"]],
  ['uuid', ["'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11'"]],
  ['json', ['\'{"b": 1.10,\n "a": [1,  2]}\'', "'12345678901234567890'"]],
  ['jsonb', ['\'{"b": 1.10, "a": null, "a": 2}\'']],
  ['text[]', ["ARRAY['a,b', 'q\"x', NULL, E'\\\\', '']", "'{}'"]],
  ['integer[][]', ["'{{1,2},{3,4}}'"]],
  ['int4range', ["'[1,5)'", "'empty'"]],
  ['tstzmultirange', ["'{[2024-01-01,2024-02-01)}'"]],
  ['tsvector', ["'fat:2 cat:3'::tsvector"]],
  ['tsquery', ["'fat & (rat | !cat)'::tsquery"]],
  ['inet', ["'192.168.0.1/24'"]],
  ['macaddr', ["'08:00:2b:01:02:03'"]],
  ['bit(4)', ["B'1010'"]],
  ['point', ["'(1.5,-2)'"]],
  ['xml', ['\'<a>"b"</a>\'']],
  ['oid', ['4294967295']],
  ['pg_lsn', ["'16/B374D848'"]],
  ['mood', ['\'so, "so"\'']],
  ['positive', ['7']],
  ['pair', ["ROW(1, 'a,b')"]],
];

test('every type of PostgreSQL arrives as PostgreSQL prints it', async () => {
  const columns = TYPES.map(([type], index) => `c${index} ${type}`);
  const most = Math.max(...TYPES.map(([, values]) => values.length));
  const inserts = Array.from({ length: most }, (_, row) => {
    const values = TYPES.map(([type, expressions]) =>
      expressions[row] === undefined ? 'NULL' : `CAST(${expressions[row]} AS ${type})`,
    );
    return `INSERT INTO things VALUES (${row}, ${values.join(', ')})`;
  });
  const url = await newDatabase(`
    CREATE TYPE mood AS ENUM ('so, "so"', 'fine'); CREATE DOMAIN positive AS integer CHECK (VALUE > 0); CREATE TYPE pair AS (a integer, b text);
    CREATE TABLE things (id integer PRIMARY KEY, ${columns.join(', ')}, total integer GENERATED ALWAYS AS (id * 2) STORED); ${inserts.join('; ')}`);
  const staged = rowsOf(await readAll(sourceOf(url, { cursor: null }), FULL));
  const printed = await textRows(url, 'SELECT * FROM things ORDER BY id');
  const money = TYPES.findIndex(([type]) => type === 'money');
  for (const row of printed) row[`c${money}`] = row[`c${money}`]?.replace('$', '').replaceAll(',', '') ?? null;
  expect(staged).toEqual(printed);
  expect(staged[0]?.['total']).toBe('0');
  expect(Object.keys(staged[0] ?? {})).toEqual(Object.keys(staged[0] ?? {}).toSorted());
});

test('money is the same text in every locale that has hundredths, wherever it is', async () => {
  const url = await newDatabase(`
    CREATE DOMAIN price AS money; CREATE TYPE item AS (sku text, price money); CREATE TYPE prices AS RANGE (subtype = money);
    CREATE TABLE things (id integer PRIMARY KEY, m money, ms money[], d price, ds price[], i item, r prices);
    INSERT INTO things VALUES (1, 1234.56, ARRAY[1234.56, NULL, -2]::money[], 1234.56, ARRAY[-0.5]::money[]::price[], ('a', 1234.56), '[-2,1234.56)')`);
  const locales = await textRows(
    url,
    "SELECT DISTINCT collcollate AS name FROM pg_collation WHERE collprovider = 'c' AND collcollate ~ '^(C|POSIX|de_|en_US)'",
  );
  expect(locales).toContainEqual({ name: 'C' });
  for (const { name } of locales) {
    await execute(url, `ALTER DATABASE ${new URL(url).pathname.slice(1)} SET lc_monetary = '${name}'`);
    expect(rowsOf(await readAll(sourceOf(url, { cursor: null }), FULL))).toEqual([
      {
        id: '1',
        m: '1234.56',
        ms: '{1234.56,NULL,-2.00}',
        d: '1234.56',
        ds: '{-0.50}',
        i: '(a,"$1,234.56")',
        r: '[-$2.00,"$1,234.56")',
      },
    ]);
  }
});

test('the columns of a slice have the types that format_type prints, in the table’s order, and ids that a rename keeps', async () => {
  const url = await newDatabase(
    'CREATE TABLE things (z bigint PRIMARY KEY, a numeric(12,2), gone text, t timestamptz(3)); ALTER TABLE things DROP COLUMN gone',
  );
  const columnsNow = async () => (await begun(sourceOf(url, { cursor: null }), FULL)).columns;
  const columns = await columnsNow();
  const id = expect.stringMatching(/^[1-9]\d*\.[124]$/) as string;
  expect(columns).toEqual([
    { name: 'z', type: 'bigint', id },
    { name: 'a', type: 'numeric(12,2)', id },
    { name: 't', type: 'timestamp(3) with time zone', id },
  ]);
  await execute(url, 'ALTER TABLE things RENAME a TO b; ALTER TABLE things ADD COLUMN a text');
  const [z, a, t] = columns;
  expect(await columnsNow()).toEqual([z, { ...a, name: 'b' }, t, { name: 'a', type: 'text', id: expect.any(String) }]);
});

test.each(['Select', 'with "quotes"', "it's", '__proto__', 'constructor', '🎁', 'x\ty', '\\N', ';--', '$1'])(
  'the name %j works for a table, a column, a key and a cursor, with or without quoting',
  async (name) => {
    const quoted = `"${name.replaceAll('"', '""')}"`;
    const cursor = `${name}_at`;
    const url = await newDatabase(
      `CREATE TABLE ${quoted} (${quoted} integer PRIMARY KEY, "${cursor.replaceAll('"', '""')}" timestamptz); INSERT INTO ${quoted} VALUES (1, '2024-01-01'), (2, NULL)`,
    );
    const reading = sourceOf(url, { table: `public.${name}`, cursor, batch_rows: 1 });
    await reading.source.readHighWatermark(reading.entity);
    const rows = rowsOf(await readAll(reading, FULL));
    expect(rows.map((row) => Object.entries(row))).toEqual([
      [
        [name, '1'],
        [cursor, '2024-01-01 00:00:00+00'],
      ].toSorted(([a = ''], [b = '']) => Buffer.compare(Buffer.from(a ?? ''), Buffer.from(b ?? ''))),
      [
        [name, '2'],
        [cursor, null],
      ].toSorted(([a], [b]) => Buffer.compare(Buffer.from(a ?? ''), Buffer.from(b ?? ''))),
    ]);
  },
);
