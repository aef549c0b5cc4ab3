import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { degradedColumns, parquetjsFields } from './parquetjs-types.ts';
import { parquetType, typeName } from './type-mapping.ts';

const rows = readFileSync(new URL('../../../../docs/types.md', import.meta.url), 'utf8')
  .split('\n')
  .filter((line) => line.startsWith('| '))
  .slice(1)
  .map((line) =>
    line
      .split('|')
      .slice(1, -1)
      .map((cell) => cell.trim()),
  );

test('docs/types.md has the table', () => {
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
  },
);
