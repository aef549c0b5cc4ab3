import type { SinceFormat } from '@bronze/common/config/rest';
import { minusSeconds, timestamp } from '@bronze/common/words/timestamp';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { sinceTimestamp, toPostgresText, parseUnixTime, parseTimestampText, sinceText } from './parsed-timestamp.ts';

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

const formats: readonly SinceFormat[] = [
  'iso',
  'iso_milliseconds',
  'iso_seconds',
  'date',
  'unix_seconds',
  'unix_milliseconds',
];

test('an API is never asked for a later time than is needed', () => {
  const micros = fc.bigInt({ min: -62_000_000_000_000_000n, max: 250_000_000_000_000_000n });
  fc.assert(
    fc.property(
      micros,
      fc.constantFrom(...formats),
      fc.constantFrom(0, 0.000001, 1, 3600),
      (at, format, overlap_seconds) => {
        const whole = new Date(Number(at / 1000n)).toISOString().slice(0, 20);
        const since = timestamp(`${whole}${String(((at % 1_000_000n) + 1_000_000n) % 1_000_000n).padStart(6, '0')}Z`);
        const asked = sinceTimestamp(since, { param: 'since', format, overlap_seconds });
        expect(asked <= since).toBe(true);
        expect(asked <= minusSeconds(since, overlap_seconds)).toBe(true);
      },
    ),
  );
});

test.each([
  ['iso', '2024-01-15T10:31:59.123456Z'],
  ['iso_milliseconds', '2024-01-15T10:31:59.123Z'],
  ['iso_seconds', '2024-01-15T10:31:59Z'],
  ['date', '2024-01-15'],
  ['unix_seconds', '1705314719'],
  ['unix_milliseconds', '1705314719123'],
] as const)('since in the format %s, with an overlap of a second, is %s', (format, text) => {
  expect(sinceText(timestamp('2024-01-15T10:32:00.123456Z'), { param: 'since', format, overlap_seconds: 1 })).toBe(
    text,
  );
});
