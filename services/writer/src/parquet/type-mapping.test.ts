import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { degradedColumns, parquetjsFields } from '../adapters/parquetjs-engine.ts';
import { parquetType, typeName, writtenType } from './type-mapping.ts';

const page = readFileSync(new URL('../../../../docs/types.md', import.meta.url), 'utf8');
// What others show has tables of its own.
const [ours = ''] = page.split('\n## In Athena');
const rows = ours
  .split('\n')
  .filter((line) => line.startsWith('| '))
  .slice(1)
  .map((line) =>
    line
      .split('|')
      .slice(1, -1)
      .map((cell) => cell.trim()),
  );

test('docs/types.md has the table of types', () => {
  expect(rows.length).toBeGreaterThan(30);
});

test.each(rows)(
  'docs/types.md: %s is %s; duckdb %s; parquetjs-lite %s',
  (source = '', kind = '', _duckdb = '', parquetjs = '') => {
    expect(typeName(parquetType(source))).toBe(kind);
    const columns = [{ name: 'c', type: source }];
    const field = parquetjsFields(columns)['c']?.type;
    const isText = field === 'UTF8';
    expect(isText).toBe(parquetjs === 'text' || parquetjs === 'JSON text');
    expect(isText ? parquetjs : field).toBe(parquetjs);
    const isDegraded = degradedColumns(columns).some(({ column }) => column === 'c');
    expect(isDegraded).toBe(parquetjs === 'text' && kind !== 'text');
    const written = (engine: string) => typeName(writtenType(source, engine));
    expect(written('duckdb')).toBe(kind === 'json' ? 'text' : kind);
    expect(written('parquetjs-lite')).toBe(isText ? 'text' : kind);
  },
);

test.each([
  'timestamp with time zone[]',
  'timestamp(3) with time zone[]',
  'timestamp without time zone[]',
  'numeric(12,2)[]',
  'public.timestamp without time zone',
  'my timestamp with time zone',
  'my numeric(12,2)',
  'bigint[]',
  'BIGINT',
  'constructor',
  '__proto__',
  '',
])('%j is kept as text, because it only looks like a type of the table', (source) => {
  expect(parquetType(source)).toEqual({ kind: 'text' });
});

test('a decimal has up to 38 digits and a scale from 0 to its precision; others are text', () => {
  const nameOf = (precision: number, scale: number) => typeName(parquetType(`numeric(${precision},${scale})`));
  expect([nameOf(38, 38), nameOf(1, 0), nameOf(1, 1)]).toEqual(['decimal(38,38)', 'decimal(1,0)', 'decimal(1,1)']);
  expect([nameOf(39, 0), nameOf(38, 39), nameOf(5, -1), nameOf(1000, 0)]).toEqual(['text', 'text', 'text', 'text']);
});
