import type { SchemaChange } from '@bronze/common/load/schema-changes';
import { describe, expect, test } from 'vitest';
import { driftLines } from './drift-lines.ts';

const added = (column: string, to = 'text') => ({ kind: 'added', column, to }) as const;
const dropped = (column: string, from = 'text') => ({ kind: 'dropped', column, from }) as const;
const renamed = (column: string, from: string) => ({ kind: 'renamed', column, from }) as const;
const retyped = (column: string, from: string, to: string) => ({ kind: 'retyped', column, from, to }) as const;

const CALLED = { config: 'shop.config.ts', out: 'shop' };

interface Load {
  readonly load_type?: 'full' | 'incremental';
  readonly engine?: string;
  readonly columns?: readonly string[];
}

function lines(
  changes: readonly SchemaChange[],
  { load_type = 'incremental', engine = 'duckdb', columns = [] }: Load = {},
) {
  const load = {
    entity: 'orders',
    load_type,
    columns: columns.map((name) => ({ name, type: 'text' })),
    engines: [{ name: engine, degraded: [] }],
    schema_changes: [...changes],
  };
  return driftLines(load, CALLED);
}
/** What they say about single columns. */
const meaning = (...given: Parameters<typeof lines>) => lines(...given).slice(1);

test('a load whose columns are those of the load before says nothing', () => {
  expect(lines([])).toEqual([]);
  expect(driftLines({ entity: 'orders', load_type: 'full', columns: [], engines: [] }, CALLED)).toEqual([]);
});

test('the first line says what changed, each other what that means for rows and queries', () => {
  const changes = [
    retyped('qty', 'integer', 'text'),
    renamed('new_name', 'old_name'),
    added('vip', 'boolean'),
    added('tags'),
    dropped('gone'),
  ];
  expect(lines(changes)).toEqual([
    'orders: its columns changed: qty from integer to text, renamed old_name to new_name, added vip (boolean), added tags (text), dropped gone (text)',
    '  vip, tags: rows loaded before have NULL there, whatever the source has now; npx --no -- bronze run orders --full --config shop.config.ts --out shop brings it',
    '  gone: rows loaded before keep it, later ones have NULL there',
    '  qty: files from before have int32, later ones text; with union_by_name = true DuckDB reads both as VARCHAR',
    '  new_name: rows loaded before have it as old_name: coalesce("new_name", "old_name") reads both',
  ]);
});

test('nobody is told to load in full what the same run has loaded in full', () => {
  const load = { entity: 'orders', load_type: 'incremental' } as const;
  expect(driftLines({ ...load, columns: [], engines: [], schema_changes: [added('vip')] }, CALLED, true).at(-1)).toBe(
    '  vip: rows loaded before have NULL there, whatever the source has now; the full load after this one has it',
  );
});

test('a full load has the new column already, and so has one that read a rewritten table', () => {
  const rewritten = {
    load_type: 'incremental' as const,
    window_fallback: 'table_rewritten' as const,
    columns: [],
    engines: [],
  };
  expect(driftLines({ entity: 'orders', ...rewritten, schema_changes: [added('vip')] }, CALLED).at(-1)).toBe(
    '  vip: rows loaded before have NULL there, whatever the source has now; the table was rewritten, so this load read it whole and has it',
  );
  expect(meaning([added('vip')], { load_type: 'full' })).toEqual([
    '  vip: rows loaded before have NULL there, whatever the source has now; this full load has it',
  ]);
});

describe('another type', () => {
  test.each([
    ['character varying(45)', 'text', 'both types are text in Parquet, so queries read all files as before'],
    [
      'numeric(8,2)',
      'numeric(12,4)',
      'files from before have decimal(8,2), later ones decimal(12,4); with union_by_name = true DuckDB reads both as DECIMAL(12,4)',
    ],
    [
      'bigint',
      'real',
      'files from before have int64, later ones float; read together, values may be rounded or refused: see docs/recipes.md#a-column-that-changed-its-type',
    ],
    [
      'integer',
      'date',
      'files from before have int32, later ones date; DuckDB can’t read both in one query: see docs/recipes.md#a-column-that-changed-its-type',
    ],
  ])('%s to %s', (from, to, text) => {
    expect(meaning([retyped('a', from, to)])).toEqual([`  a: ${text}`]);
  });

  test('is that which the engine writes', () => {
    const change = retyped('a', 'bigint', 'numeric(12,2)');
    expect(meaning([change], { engine: 'parquetjs-lite' })).toEqual([
      '  a: both types are text in Parquet, so queries read all files as before',
    ]);
  });
});

describe('another name', () => {
  test('is quoted, and cast if the type is another too', () => {
    expect(meaning([renamed('New"Name', 'old name')])).toEqual([
      '  New"Name: rows loaded before have it as old name: coalesce("New""Name", "old name") reads both',
    ]);
    expect(meaning([renamed('b', 'a'), retyped('b', 'integer', 'text')])).toEqual([
      '  b: rows loaded before have it as a: coalesce("b"::VARCHAR, "a"::VARCHAR) reads both',
    ]);
  });

  test('is not read under both names if another column has or had one of them', () => {
    expect(meaning([renamed('b', 'a'), renamed('a', 'b')], { columns: ['a', 'b'] })).toEqual([
      '  b: rows loaded before have it as a, and another column as b',
      '  a: rows loaded before have it as b, and another column as a',
    ]);
    expect(meaning([renamed('b', 'a'), dropped('b')]).at(-1)).toBe(
      '  b: rows loaded before have it as a, and another column as b',
    );
  });
});

test('a column that was dropped while another got its name is said to be another one', () => {
  const text = '  a: another column has this name now; rows loaded before have values of the old one';
  expect(meaning([added('a'), dropped('a')])).toEqual([text]);
  expect(meaning([added('a', 'text'), dropped('a', 'integer')])).toEqual([
    `${text}; files from before have int32, later ones text; with union_by_name = true DuckDB reads both as VARCHAR`,
  ]);
});

test('many changes stay on a screen', () => {
  const names = Array.from({ length: 40 }, (_, n) => `c${n}`);
  expect(meaning(names.map((name) => added(name)))).toEqual([
    expect.stringMatching(/^ {2}c0, .*, c9 and 30 more: rows loaded before/) as string,
  ]);
  const all = meaning(names.map((name) => retyped(name, 'integer', 'text')));
  expect(all).toHaveLength(11);
  expect(all.at(-1)).toBe('  and more: schema_changes of the load record has all');
});
