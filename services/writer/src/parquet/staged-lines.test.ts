import { NULL_EVENT_DATE } from '@bronze/common/load/object-keys';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  assertKnownKeys,
  eachLine,
  eventDateOf,
  leavesNullsOut,
  typeMismatch,
  parseLine,
  type StagedRow,
} from './staged-lines.ts';

function linesOf(ndjson: string): string[] {
  const lines: string[] = [];
  eachLine(Buffer.from(ndjson), (line) => lines.push(Buffer.from(line).toString()));
  return lines;
}

describe('the lines of a batch', () => {
  test('L2: are each visited once, in order, with or without a newline at the end', () => {
    expect(linesOf('')).toEqual([]);
    expect(linesOf('{}\n')).toEqual(['{}']);
    expect(linesOf('{"a":"ü"}\n\n{"b":"1"}')).toEqual(['{"a":"ü"}', '', '{"b":"1"}']);
    fc.assert(
      fc.property(fc.array(fc.string({ unit: fc.constantFrom('a', 'ü', '"') })), fc.boolean(), (lines, isClosed) => {
        const last = isClosed || lines.at(-1) === '' ? '\n' : '';
        expect(linesOf(lines.length === 0 ? '' : `${lines.join('\n')}${last}`)).toEqual(lines);
      }),
    );
  });

  test('are parsed in place, each with only its own keys', () => {
    const batch = Buffer.from('{"a":"1"}\n{"__proto__":"ü","b":null}\n');
    const rows: StagedRow[] = [];
    eachLine(batch, (line) => rows.push(parseLine(line)));
    expect(rows.map((row) => Object.entries(row))).toEqual([
      [['a', '1']],
      [
        ['__proto__', 'ü'],
        ['b', null],
      ],
    ]);
  });

  test('omit nulls if they come from an API, but not from a table', () => {
    expect([leavesNullsOut('api'), leavesNullsOut('rds')]).toEqual([true, false]);
  });
});

const columns = [
  { name: 'id', type: 'bigint' },
  { name: 'price', type: 'numeric(12,2)' },
  { name: 'constructor', type: 'text' },
];
const row: StagedRow = { id: '1', price: null, constructor: 'x' };

test('a key without a column is a failure, because its value would be lost', () => {
  expect(() => assertKnownKeys(row, columns)).not.toThrow();
  expect(() => assertKnownKeys({}, columns)).not.toThrow();
  expect(() => assertKnownKeys({ ...row, surprise: null }, columns)).toThrow(
    expect.objectContaining({
      code: 'OBJECT_CORRUPT',
      message: 'a staged line has a key that is not a column of its slice',
      hint: expect.stringContaining('Nothing was written') as string,
    }) as Error,
  );
});

describe('a row that can’t be in bronze', () => {
  const why = (staged: StagedRow, source_system: 'rds' | 'api' = 'rds') =>
    typeMismatch(staged, { columns, source_system });

  test('has a value that does not fit its type; nulls always fit', () => {
    expect(why(row)).toBeUndefined();
    expect(why({ id: null, price: null, constructor: null })).toBeUndefined();
    expect(why({ ...row, price: '12.345' })).toBe('price: "12.345" is not exactly a decimal(12,2)');
  });

  test('is reported with every column that does not fit', () => {
    expect(why({ ...row, id: '1.5', price: 'NaN' })).toBe(
      'id: "1.5" is not exactly a int64; price: "NaN" is not exactly a decimal(12,2)',
    );
  });

  test('is reported with at most 200 characters of a value', () => {
    expect(why({ ...row, id: 'x'.repeat(500) })).toBe(`id: "${'x'.repeat(200)}" is not exactly a int64`);
  });

  test('lacks a column if it comes from a table; in an API’s row that column is null', () => {
    expect(why({ price: null, constructor: 'x' })).toBe('id: undefined is not exactly a int64');
    expect(why({ id: '1', price: null })).toBe('constructor: undefined is not exactly a text');
    expect(why({ price: null, constructor: 'x' }, 'api')).toBeUndefined();
    expect(why({}, 'api')).toBeUndefined();
    expect(why({ id: '1.5' }, 'api')).toContain('id: "1.5"');
  });
});

test('the event date is the day with which the value begins, or Hive’s name for NULL', () => {
  expect(eventDateOf({ day: '2024-01-15' }, 'day')).toBe('2024-01-15');
  expect(eventDateOf({ at: '2024-01-15 23:59:59.999999+00' }, 'at')).toBe('2024-01-15');
  expect(eventDateOf({ at: null }, 'at')).toBe(NULL_EVENT_DATE);
  expect(eventDateOf({}, 'constructor')).toBe(NULL_EVENT_DATE);
  expect(eventDateOf({ day: '2024-01-15' }, null)).toBeNull();
});
