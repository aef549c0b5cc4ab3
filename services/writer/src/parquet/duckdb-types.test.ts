import { type DuckDBConnection, DuckDBInstance } from '@duckdb/node-api';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { duckDbType } from './duckdb-types.ts';
import { isRepresentable } from './representable.ts';
import { parquetType } from './type-mapping.ts';
import { cases, COLUMNS, FITTING, GOOD, SPELLED_OTHERWISE, UNFIT } from './values.fixtures.ts';

let instance: DuckDBInstance;
let connection: DuckDBConnection;
beforeAll(async () => {
  instance = await DuckDBInstance.create(':memory:', { threads: '1' });
  connection = await instance.connect();
});
afterAll(() => {
  connection.closeSync();
  instance.closeSync();
});

const literal = (text: string) => `'${text.replaceAll("'", "''")}'`;

/** For each text: whether DuckDB judges it to be exactly a value of the type, and what an expression then gives. */
async function judge(sourceType: string, texts: readonly string[], expression = 'NULL') {
  const { value, exact, output } = duckDbType(parquetType(sourceType));
  const verdict = exact ? `coalesce(${exact('t', 'v')}, false)` : 'true';
  const read = await connection.runAndReadAll(`SELECT ${verdict}, CAST(${expression} AS VARCHAR)
    FROM (SELECT t, v, ${output('v')} AS o FROM (SELECT t, ${value('t')} AS v
    FROM (SELECT unnest([${texts.map(literal).join(', ')}]::VARCHAR[]) AS t)))`);
  return read.getRows().map(([isExact, said], index) => ({ text: texts[index], isExact, said }));
}

const SOURCE_TYPES: readonly (readonly [string, string])[] = COLUMNS.map(({ name, type }) => [type, name]);
const textsOf = (table: Readonly<Record<string, readonly string[]>>, name: string) =>
  cases(table).flatMap(([of, text]) => (of === name ? [text] : []));

describe.each(SOURCE_TYPES)('%s', (type, name) => {
  const good = [...textsOf(FITTING, name), ...textsOf(SPELLED_OTHERWISE, name), GOOD[name] ?? ''];

  test('DuckDB accepts exactly the texts that fit', async () => {
    const unfit = textsOf(UNFIT, name);
    const judged = await judge(type, [...good, ...unfit]);
    expect(judged.filter(({ isExact }) => isExact).map(({ text }) => text)).toEqual(good);
  });

  test('no text raises an error, and null is null', async () => {
    const everything = [...cases(FITTING), ...cases(UNFIT)].map(([, text]) => text);
    expect(await judge(type, everything)).toHaveLength(everything.length);
    const read = await connection.runAndReadAll(
      `SELECT ${duckDbType(parquetType(type)).value('t')} IS NULL FROM (SELECT CAST(NULL AS VARCHAR) AS t)`,
    );
    expect(read.getRows()).toEqual([[true]]);
  });
});

test.each([
  ['integer', '-2147483648', 'INTEGER', '-2147483648'],
  ['bigint', '9223372036854775807', 'BIGINT', '9223372036854775807'],
  ['numeric(12,2)', '12.3', 'DECIMAL(12,2)', '12.30'],
  ['numeric(38,0)', '7.000', 'DECIMAL(38,0)', '7'],
  ['real', '0.1', 'FLOAT', '0.1'],
  ['double precision', '1e+300', 'DOUBLE', '1e+300'],
  ['boolean', 't', 'BOOLEAN', 'true'],
  ['boolean', 'f', 'BOOLEAN', 'false'],
  ['date', '0001-01-01', 'DATE', '0001-01-01'],
  ['timestamp without time zone', '2024-01-15 10:32:00.5', 'TIMESTAMP', '2024-01-15 10:32:00.5'],
  ['timestamp with time zone', '2024-01-15 10:32:00.123456+00', 'TIMESTAMP WITH TIME ZONE', '1705314720123456'],
  ['bytea', '\\xff00', 'BLOB', 'FF00'],
  ['jsonb', '{"a": 1.50}', 'VARCHAR', '{"a": 1.50}'],
  ['text', ' x ', 'VARCHAR', ' x '],
])('%s %j goes into the file as %s %s', async (type, text, name, said) => {
  const asText = { 'TIMESTAMP WITH TIME ZONE': 'epoch_us(o)', BLOB: 'hex(o)' }[name] ?? 'o';
  expect(await judge(type, [text], 'typeof(o)')).toMatchObject([{ isExact: true, said: name }]);
  expect(await judge(type, [text], asText)).toMatchObject([{ isExact: true, said }]);
});

/** A text of the table with some characters inserted, removed or changed: most are near misses. */
const nearMiss = (texts: readonly string[]) => {
  const edit = fc.tuple(fc.nat(40), fc.integer({ min: 0, max: 1 }), fc.constantFrom('', ...'0159.-+e :\\xatfNI'));
  return fc.tuple(fc.constantFrom(...texts), fc.array(edit, { maxLength: 3 })).map(([text, edits]) =>
    edits.reduce((edited, [at, taken, put]) => {
      const from = at % (edited.length + 1);
      return `${edited.slice(0, from)}${put}${edited.slice(from + taken)}`;
    }, text),
  );
};

test.each([...SOURCE_TYPES, ['numeric(38,38)', 'price'] as const, ['numeric(5,0)', 'price'] as const])(
  'both engines judge every text alike: %s',
  async (type, name) => {
    const texts = nearMiss([...textsOf(FITTING, name), ...textsOf(UNFIT, name), GOOD[name] ?? '']);
    await fc.assert(
      fc.asyncProperty(fc.array(texts, { minLength: 100, maxLength: 300 }), async (some) => {
        for (const { text = '', isExact } of await judge(type, some)) {
          expect(isExact, JSON.stringify(text)).toBe(isRepresentable(parquetType(type), text));
        }
      }),
      { numRuns: 5 },
    );
  },
);

const POWERS_OF_TWO = Array.from({ length: 2098 }, (_, index) => 2 ** (index - 1074));

test.each([
  ['real', 9, Math.fround],
  ['double precision', 17, Number],
] as const)('both engines judge numbers of any size alike, with any count of digits: %s', async (type, most, round) => {
  const doubles = fc.sample(fc.double({ noNaN: true, noDefaultInfinity: true }), 1000);
  const quarters = fc.sample(fc.integer({ min: 1, max: 2 ** 31 }), 1000).map((whole) => whole / 256);
  const texts = [...doubles, ...quarters, ...POWERS_OF_TWO].flatMap((number, index) => {
    const value = round(number);
    return [String(value), value.toPrecision(most), value.toPrecision(1 + (index % (most + 1)))];
  });
  const judged = await judge(type, texts);
  expect(judged.filter(({ text = '', isExact }) => isExact !== isRepresentable(parquetType(type), text))).toEqual([]);
});

test('every double counts as JavaScript prints it, and with 17 digits', async () => {
  const doubles = [...fc.sample(fc.double(), 1000), ...POWERS_OF_TWO];
  const judged = await judge('double precision', [
    ...doubles.map(String),
    ...doubles.filter(Number.isFinite).map((value) => value.toPrecision(17)),
  ]);
  expect(judged.filter(({ isExact }) => isExact !== true)).toEqual([]);
});
