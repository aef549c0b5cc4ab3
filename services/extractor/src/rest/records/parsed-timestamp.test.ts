import { timestamp } from '@bronze/common/words/timestamp';
import { expect, test } from 'vitest';
import { parseTimestampText, parseUnixTime, toPostgresText } from './parsed-timestamp.ts';

test.each([
  ['2024-01-15T10:32:00.123456Z', '2024-01-15T10:32:00.123456Z', true],
  ['2024-01-15T10:32:00.1234567Z', '2024-01-15T10:32:00.123456Z', false],
  ['2024-01-15T10:32:00.123456000Z', '2024-01-15T10:32:00.123456Z', true],
  ['2024-01-15T10:32:00', '2024-01-15T10:32:00.000000Z', true],
  ['2024-01-15 10:32:00+0230', '2024-01-15T08:02:00.000000Z', true],
  ['2024-01-15T23:59:59-01:00', '2024-01-16T00:59:59.000000Z', true],
  ['2024-01-15', '2024-01-15T00:00:00.000000Z', true],
  ['0001-01-01T00:00:00Z', '0001-01-01T00:00:00.000000Z', true],
  ['2024-01-15t10:32:00z', '2024-01-15T10:32:00.000000Z', true],
])('%s is read as %s', (text, at, is_exact) => {
  expect(parseTimestampText(text)).toEqual({ at, is_exact, is_day: text.length === 10 });
});

test.each([
  '',
  'now',
  '2024',
  '2024-13-01',
  '2024-02-30T00:00:00Z',
  '2024-01-15T25:00:00Z',
  '2024-01-15T10:32:60Z',
  '10:32',
  '2024-01-15T10:32.5Z',
  '2024-01-15T',
  'x'.repeat(1000),
  '20240115T103200Z',
  '2024-01-15T10:32:00+99:99',
  '0001-01-01T00:00:00+01:00',
])('%j is not a timestamp', (text) => {
  expect(parseTimestampText(text)).toBeUndefined();
});

test.each([
  ['1705314720', 0, '2024-01-15T10:32:00.000000Z', true],
  ['1705314720.000001', 0, '2024-01-15T10:32:00.000001Z', true],
  ['1705314720.0000011', 0, '2024-01-15T10:32:00.000001Z', false],
  ['1705314720123', 3, '2024-01-15T10:32:00.123000Z', true],
  ['1705314720123.4567', 3, '2024-01-15T10:32:00.123456Z', false],
  ['-1', 0, '1969-12-31T23:59:59.000000Z', true],
  ['0', 0, '1970-01-01T00:00:00.000000Z', true],
] as const)('%s with %d digits below the second is read as %s', (text, unit, at, is_exact) => {
  expect(parseUnixTime(text, unit)).toEqual({ at, is_exact, is_day: false });
});

test.each(['1e9', '', 'x', '99999999999999999', '9999999999999999', '-62135600400'])(
  'the number %s is not a timestamp',
  (text) => {
    expect(parseUnixTime(text, 0)).toBeUndefined();
  },
);

test('a timestamp is written as PostgreSQL prints it', () => {
  for (const [at, printed] of [
    ['2024-01-15T10:32:00Z', '2024-01-15 10:32:00'],
    ['2024-01-15T10:32:00.100Z', '2024-01-15 10:32:00.1'],
    ['2024-01-15T10:30:00.000010Z', '2024-01-15 10:30:00.00001'],
  ] as const) {
    expect(toPostgresText(timestamp(at))).toBe(printed);
  }
});
