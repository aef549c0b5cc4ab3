import { createHash } from 'node:crypto';
import type { Column } from '@bronze/common/words/entity';
import { describe, expect, test } from 'vitest';
import type { Staged } from '../parquet/values.fixtures.ts';
import { batchOf, conversionOf, convert, readBack } from './engines.fixtures.ts';
import { ENGINE_NAMES } from './engines.ts';

const SPARSE_COLUMNS: readonly Column[] = [
  { name: 'id', type: 'text' },
  { name: 'amount', type: 'numeric(12,3)' },
  { name: 'constructor', type: 'json' },
  { name: 'at', type: 'timestamp with time zone' },
  { name: 'a.b "c" ’ü', type: 'text' },
];

const sparse = (rows: readonly Staged[], columns = SPARSE_COLUMNS, date: string | null = null) => ({
  ...conversionOf(columns, [batchOf(rows)], date),
  source_system: 'api' as const,
});

const KEYED = JSON.stringify({ 'a.b "c" ’ü': 'x\u0000y' }).replace('{', '{"constructor":"{\\"a\\":1}",');

describe.each(ENGINE_NAMES)('with %s, lines of an API', (engine) => {
  test('omit nulls, which are null in bronze', async () => {
    const rows = ['{"id":"1"}', '{"id":"","amount":"12.340"}', '{}', KEYED].map((line) => JSON.parse(line) as Staged);
    const { parts, quarantine } = await convert(engine, sparse(rows));
    expect(quarantine).toEqual([]);
    const back = (await Promise.all(parts.map(readBack))).flat();
    const text = (value: unknown) => (value instanceof Uint8Array ? Buffer.from(value).toString() : (value ?? null));
    expect(back.map((row) => [text(row['id']), text(row['constructor']), text(row['a.b "c" ’ü'])])).toEqual([
      ['1', null, null],
      ['', null, null],
      [null, null, null],
      [null, '{"a":1}', 'x\u0000y'],
    ]);
    expect(back.map((row) => Number(text(row['amount'])))).toEqual([0, 12.34, 0, 0]);
    expect(text(back[2]?.['_record_hash'])).toBe(createHash('md5').update('{}').digest('hex'));
  });

  test('go to the part of their event date, or to a part of their own without one', async () => {
    const rows = [{ id: '1', at: '2024-01-15 10:00:00+00' }, { id: '2' }, { id: '3', at: 'soon' }];
    const { parts, rejected } = await convert(engine, sparse(rows, SPARSE_COLUMNS, 'at'));
    expect(parts.map(({ event_date, rows: count }) => [event_date, count]).toSorted()).toEqual([
      ['2024-01-15', 1],
      [expect.stringContaining('HIVE') as string, 1],
    ]);
    expect(rejected.join()).toContain('at: \\"soon\\" is not exactly a timestamptz');
  });

  test('are refused if they have a key without a column, because its value would be lost', async () => {
    await expect(convert(engine, sparse([{ id: '1', surprise: 'x' }]))).rejects.toThrow(/not a column of its slice/);
  });
});
