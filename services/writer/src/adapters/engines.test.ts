import { createHash } from 'node:crypto';
import { zstdCompressSync } from 'node:zlib';
import type { Column } from '@bronze/common/words/entity';
import { NULL_EVENT_DATE } from '@bronze/common/load/object-keys';
import fc from 'fast-check';
import { parquetMetadata } from 'hyparquet';
import { describe, expect, test } from 'vitest';
import { readPart } from '../../../../test/bronze-folder.ts';
import { cases, COLUMNS, FITTING, GOOD, NULLS, type Staged, UNFIT } from '../parquet/values.fixtures.ts';
import { batchOf, conversionOf, convert, lineOf, PROVENANCE, noise, readBack, textOf } from './engines.fixtures.ts';
import { ENGINE_NAMES } from './engines.ts';

/** Texts that an API may send where a date is expected. */
const NO_DAYS = [
  '',
  '1704067200',
  '15/01/2024',
  'pending',
  '../../../x',
  '__all__',
  '__null__',
  '__no_date__',
  '__quarantine__',
  '__HIVE_DEFAULT_PARTITION__',
  '{"a":1}',
  '2024-02-30',
  '0000-01-01',
];

describe.each(ENGINE_NAMES)('%s', (engine) => {
  test('puts rows that fit into bronze and all others, with the reason, into quarantine', async () => {
    const fitting = cases(FITTING).map(([name, value], index) => ({
      ...GOOD,
      [name]: value,
      ...(name !== 'id' && { id: String(index) }),
    }));
    const unfit = cases(UNFIT).map(([name, value]) => ({ ...GOOD, [name]: value }));
    const { parts, rejected, quarantine } = await convert(
      engine,
      conversionOf(COLUMNS, [batchOf([...fitting, ...unfit, NULLS])]),
    );
    expect(parts.map(({ rows }) => rows)).toEqual([fitting.length + 1]);
    expect(quarantine.map(({ rows }) => rows)).toEqual([unfit.length]);
    const said = rejected.map((line) => JSON.parse(line) as { reason: string; record: Staged });
    for (const [index, [name, value]] of cases(UNFIT).entries()) {
      expect(said[index]?.reason, `${name} ${value}`).toContain(`${name}: ${JSON.stringify(value)} is not exactly a `);
      expect(said[index]?.record).toEqual(unfit[index]);
    }
  });

  test('adds the load’s time, system and id, and the MD5 of the staged line', async () => {
    const [part] = (await convert(engine, conversionOf(COLUMNS, [batchOf([GOOD, NULLS])]))).parts;
    const rows = part ? await readBack(part) : [];
    expect(Object.keys(rows[0] ?? {})).toEqual([
      ...COLUMNS.map(({ name }) => name),
      '_ingestion_ts',
      '_source_system',
      '_record_hash',
      '_ingestion_id',
    ]);
    const text = (value: unknown) => (value instanceof Uint8Array ? Buffer.from(value).toString() : value);
    expect(text(rows[0]?.['_record_hash'])).toBe(createHash('md5').update(lineOf(GOOD)).digest('hex'));
    expect(text(rows[1]?.['_record_hash'])).toBe(createHash('md5').update(lineOf(NULLS)).digest('hex'));
    expect(text(rows[0]?.['_source_system'])).toBe('rds');
    expect(text(rows[0]?.['_ingestion_id'])).toBe('0b0b0b0b-0000-8000-8000-000000000000');
  });

  test('gives each part the provenance of its write task', async () => {
    const [part] = (await convert(engine, conversionOf(COLUMNS, [batchOf([GOOD])]))).parts;
    const metadata = parquetMetadata(Uint8Array.from(part?.body ?? []).buffer).key_value_metadata ?? [];
    for (const [key, value] of Object.entries(PROVENANCE)) expect(metadata).toContainEqual({ key, value });
  });

  test('compresses every column with Snappy, and writes the time of the load in UTC', async () => {
    const { parts } = await convert(engine, conversionOf(COLUMNS, [batchOf([GOOD])]));
    const body = Uint8Array.from(parts[0]?.body ?? []);
    const chunks = parquetMetadata(body.buffer).row_groups.flatMap(({ columns }) => columns);
    expect(chunks.length).toBeGreaterThan(COLUMNS.length);
    expect(new Set(chunks.map(({ meta_data }) => meta_data?.codec))).toEqual(new Set(['SNAPPY']));
    const [row] = await readPart(body);
    const text = { duckdb: '2024-01-15 10:35:00.000001+00', 'parquetjs-lite': '2024-01-15T10:35:00.000001Z' };
    expect(row?.['_ingestion_ts']).toBe(text[engine]);
  });

  test('L6: makes the same bytes from the same input', async () => {
    const rows = Array.from({ length: 3000 }, (_, index): Staged => ({
      ...GOOD,
      id: String(index),
      at: `2024-01-${String(1 + (index % 28)).padStart(2, '0')} 10:00:00+00`,
    }));
    const conversion = conversionOf(COLUMNS, [batchOf(rows.slice(0, 1000)), batchOf(rows.slice(1000))], 'at');
    const [first, second] = [await convert(engine, conversion), await convert(engine, conversion)];
    expect(first.parts).toHaveLength(28);
    expect(second.parts.map(({ body }) => Buffer.from(body).toString('base64'))).toEqual(
      first.parts.map(({ body }) => Buffer.from(body).toString('base64')),
    );
  });

  const day = (type: string) => [{ name: 'day', type }];

  test.each(['date', 'timestamp without time zone', 'timestamp with time zone'])(
    'quarantines what is no %s: no such value names a part',
    async (type) => {
      const rows = NO_DAYS.map((text) => ({ day: text }));
      const { parts, quarantine } = await convert(engine, conversionOf(day(type), [batchOf(rows)], 'day'));
      expect(parts).toEqual([]);
      expect(quarantine.map((one) => one.rows)).toEqual([NO_DAYS.length]);
    },
  );

  test.each(NO_DAYS)(
    'refuses to name a part by %j, of a column that earlier code took for an event date',
    async (text) => {
      const conversion = conversionOf(day('text'), [batchOf([{ day: '2024-01-14' }, { day: text }])], 'day');
      await expect(convert(engine, conversion)).rejects.toMatchObject({ code: 'COLUMN_UNSUPPORTED' });
    },
  );

  test('makes nothing from no batches and from empty batches', async () => {
    expect(await convert(engine, conversionOf(COLUMNS, []))).toEqual({ parts: [], quarantine: [], rejected: [] });
    expect(await convert(engine, conversionOf(COLUMNS, [batchOf([])]))).toEqual({
      parts: [],
      quarantine: [],
      rejected: [],
    });
  });

  test('writes a column that is null in every row', async () => {
    const [part] = (await convert(engine, conversionOf(COLUMNS, [batchOf([NULLS, NULLS])]))).parts;
    const rows = part ? await readBack(part) : [];
    expect(rows).toHaveLength(2);
    for (const { name } of COLUMNS) expect(rows[1]?.[name] ?? null).toBeNull();
  });

  test('writes rows in order to the part of their event date; a null date has a part of its own', async () => {
    const dates = ['2024-01-02', '2024-01-01', null, '2024-01-02', '0099-12-31'];
    const rows = dates.map((day, index) => ({ ...NULLS, id: String(index), day }));
    const { parts } = await convert(
      engine,
      conversionOf(COLUMNS, [batchOf(rows.slice(0, 2)), batchOf(rows.slice(2))], 'day'),
    );
    const found = new Map<string | null, string[]>();
    for (const part of parts)
      found.set(
        part.event_date,
        (await readBack(part)).map((row) =>
          String(row['id'] instanceof Uint8Array ? Buffer.from(row['id']).toString() : row['id']),
        ),
      );
    expect(found).toEqual(
      new Map([
        ['0099-12-31', ['4']],
        ['2024-01-01', ['1']],
        ['2024-01-02', ['0', '3']],
        [NULL_EVENT_DATE, ['2']],
      ]),
    );
  });

  test('writes one part per event date, even if the first batch shows few of many', async () => {
    const rowOf = (index: number, day: number) => ({
      id: String(index),
      day: new Date(Date.UTC(2024, 0, 1 + day)).toISOString().slice(0, 10),
    });
    const first = Array.from({ length: 100 }, (_, index) => rowOf(index, 0));
    const second = Array.from({ length: 3000 }, (_, index) => rowOf(100 + index, index % 300));
    const columns = COLUMNS.filter(({ name }) => name === 'id' || name === 'day');
    const { parts } = await convert(engine, conversionOf(columns, [batchOf(first), batchOf(second)], 'day'));
    expect(parts.map(({ rows }) => rows)).toEqual([110, ...Array.from({ length: 299 }, () => 10)]);
  });

  test('writes one part per event date for 3,000 dates in one task', { timeout: 300_000 }, async () => {
    const rows = Array.from({ length: 6000 }, (_, index) => ({
      id: String(index),
      day: new Date(Date.UTC(1990, 0, 1 + (index % 3000))).toISOString().slice(0, 10),
    }));
    const columns = COLUMNS.filter(({ name }) => name === 'id' || name === 'day');
    const { parts } = await convert(engine, conversionOf(columns, [batchOf(rows)], 'day'));
    expect(parts).toHaveLength(3000);
    expect(parts.every((part) => part.rows === 2)).toBe(true);
    expect(process.resourceUsage().maxRSS / 1024).toBeLessThan(1500);
  });

  test.each([
    'a.b',
    'with "quotes"',
    "it's",
    'select',
    'SÜSS 🎁',
    'a,b',
    '$.x',
    'a~/b',
    'constructor',
    'part',
    'v0',
    't0',
    'raw',
    'event_date',
    ' ',
  ])('writes a column called %j', async (name) => {
    const columns: Column[] = [
      { name, type: 'text' },
      { name: 'day', type: 'date' },
    ];
    const { parts } = await convert(
      engine,
      conversionOf(columns, [batchOf([{ [name]: 'x', day: '2024-01-01' }])], 'day'),
    );
    const [row] = parts[0] ? await readBack(parts[0]) : [];
    expect(Object.keys(row ?? {})[0]).toBe(name);
    expect(Buffer.from(row?.[name] as Uint8Array).toString()).toBe('x');
  });
});

test.each([
  ['400 columns by 90 event dates', 400, 400, 8, 90],
  ['rows of 100 kB', 1, 300, 100_000, 1],
  ['a row of 12 MB', 1, 2, 12_000_000, 1],
])('duckdb gets the memory that it needs for %s', { timeout: 120_000 }, async (_, width, count, bytes, days) => {
  const names = Array.from({ length: width }, (_one, index) => `c${String(index).padStart(4, '0')}`);
  const columns = [...names.map((name) => ({ name, type: 'text' })), { name: 'day', type: 'date' }];
  const rows = Array.from({ length: count }, (_one, index): Staged => {
    const day = new Date(Date.UTC(2024, 0, 1 + (index % days))).toISOString().slice(0, 10);
    return { ...Object.fromEntries(names.map((name) => [name, noise(bytes)])), day };
  });
  const { parts } = await convert('duckdb', conversionOf(columns, [batchOf(rows)], 'day'));
  expect(parts).toHaveLength(days);
  expect(parts.reduce((sum, part) => sum + part.rows, 0)).toBe(count);
});

test('duckdb writes a column named __proto__; parquetjs-lite refuses it and says what to do', async () => {
  const line = Buffer.from('{"__proto__":"x"}\n');
  const body = zstdCompressSync(line);
  const batch = { ...batchOf([]), body, rows: 1, ndjson_bytes: line.length, row_bytes_max: line.length };
  const conversion = conversionOf([{ name: '__proto__', type: 'text' }], [batch]);
  const { parts } = await convert('duckdb', conversion);
  const [part] = parts;
  const { schema } = parquetMetadata(Uint8Array.from(part?.body ?? []).buffer);
  expect(schema[1]?.name).toBe('__proto__');
  await expect(convert('parquetjs-lite', conversion)).rejects.toMatchObject({ code: 'ENGINE_LIMIT' });
});

test.each([
  ['a few rows', 5],
  ['thousands of rows', 5000],
])('zeros keep the sign that their text has: %s', async (_, count) => {
  const columns = [
    { name: 'ratio', type: 'double precision' },
    { name: 'thin', type: 'real' },
  ];
  const rows = Array.from({ length: count }, (__, n) => ({ ratio: n % 2 ? '-0' : '0', thin: n % 3 ? '0' : '-0' }));
  const { parts } = await convert('duckdb', conversionOf(columns, [batchOf(rows)]));
  const read = (await Promise.all(parts.map(readBack))).flat();
  const signs = (name: string, values: readonly unknown[]) => values.map((value) => `${name} ${Object.is(value, -0)}`);
  for (const name of ['ratio', 'thin'] as const) {
    const expected = rows.map((row) => (row[name] === '-0' ? -0 : 0));
    expect(
      signs(
        name,
        read.map((row) => row[name]),
      ),
    ).toEqual(signs(name, expected));
  }
});

test('both engines write the same values and send the same rows to quarantine', async () => {
  const value = (name: string) =>
    fc.option(fc.constantFrom(...(FITTING[name] ?? []), ...(UNFIT[name] ?? []).slice(0, 1), GOOD[name] ?? ''));
  const row = fc.record(Object.fromEntries(COLUMNS.map(({ name }) => [name, value(name)])));
  await fc.assert(
    fc.asyncProperty(fc.array(row, { minLength: 1, maxLength: 30 }), async (rows) => {
      const conversion = conversionOf(COLUMNS, [batchOf(rows)], 'day');
      const [duck, pure] = await Promise.all([convert('duckdb', conversion), convert('parquetjs-lite', conversion)]);
      expect(pure.rejected.map((line) => (JSON.parse(line) as { record: Staged }).record)).toEqual(
        duck.rejected.map((line) => (JSON.parse(line) as { record: Staged }).record),
      );
      expect(pure.parts.map(({ event_date, rows: count }) => ({ event_date, count }))).toEqual(
        duck.parts.map(({ event_date, rows: count }) => ({ event_date, count })),
      );
      expect(await textOf(pure.parts)).toEqual(await textOf(duck.parts));
    }),
    { numRuns: 15, examples: [[[{ ...NULLS, ratio: '-0' }, NULLS]]] },
  );
});
