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

describe('lines', () => {
  test('L2: each is visited once, in order, with or without a newline at the end', () => {
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

  test('one is parsed where it lies in its batch, with its own keys only', () => {
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

  test('those of an API leave nulls out, those of a table don’t', () => {
    expect([leavesNullsOut('api'), leavesNullsOut('rds')]).toEqual([true, false]);
  });
});

const columns = [
  { name: 'id', type: 'bigint' },
  { name: 'price', type: 'numeric(12,2)' },
  { name: 'constructor', type: 'text' },
];
const row: StagedRow = { id: '1', price: null, constructor: 'x' };

test('a key that no column takes would be lost: nothing is written, and a person is told', () => {
  expect(() => assertKnownKeys(row, columns)).not.toThrow();
  expect(() => assertKnownKeys({}, columns)).not.toThrow();
  expect(() => assertKnownKeys({ ...row, surprise: null }, columns)).toThrow(
    expect.objectContaining({
      code: 'OBJECT_CORRUPT',
      message: 'a staged line has a key that is no column of its slice',
      hint: expect.stringContaining('Nothing was written') as string,
    }) as Error,
  );
});

describe('a row that can’t be in bronze', () => {
  const why = (staged: StagedRow, source_system: 'rds' | 'api' = 'rds') =>
    typeMismatch(staged, { columns, source_system });

  test('is one with a value that does not fit; nulls fit everywhere', () => {
    expect(why(row)).toBeUndefined();
    expect(why({ id: null, price: null, constructor: null })).toBeUndefined();
    expect(why({ ...row, price: '12.345' })).toBe('price: "12.345" is not exactly a decimal(12,2)');
  });

  test('is told with every column that does not fit', () => {
    expect(why({ ...row, id: '1.5', price: 'NaN' })).toBe(
      'id: "1.5" is not exactly a int64; price: "NaN" is not exactly a decimal(12,2)',
    );
  });

  test('is told with 200 characters of a value, not with all of them', () => {
    expect(why({ ...row, id: 'x'.repeat(500) })).toBe(`id: "${'x'.repeat(200)}" is not exactly a int64`);
  });

  test('is one of a table that lacks a column; an API’s has null there', () => {
    expect(why({ price: null, constructor: 'x' })).toBe('id: undefined is not exactly a int64');
    expect(why({ id: '1', price: null })).toBe('constructor: undefined is not exactly a text');
    expect(why({ price: null, constructor: 'x' }, 'api')).toBeUndefined();
    expect(why({}, 'api')).toBeUndefined();
    expect(why({ id: '1.5' }, 'api')).toContain('id: "1.5"');
  });
});

test('the event date is the day that the value begins with; Hive’s word for NULL without a value', () => {
  expect(eventDateOf({ day: '2024-01-15' }, 'day')).toBe('2024-01-15');
  expect(eventDateOf({ at: '2024-01-15 23:59:59.999999+00' }, 'at')).toBe('2024-01-15');
  expect(eventDateOf({ at: null }, 'at')).toBe(NULL_EVENT_DATE);
  expect(eventDateOf({}, 'constructor')).toBe(NULL_EVENT_DATE);
  expect(eventDateOf({ day: '2024-01-15' }, null)).toBeNull();
});
