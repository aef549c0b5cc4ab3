import fc from 'fast-check';
import { expect, test } from 'vitest';
import * as z from 'zod/mini';
import {
  minusSeconds,
  earliest,
  isCalendarDay,
  latest,
  microsecondsOf,
  ofMicroseconds,
  parseTimestamp,
  secondsBetween,
  timestamp,
  timestampSchema,
  utcDate,
} from './timestamp.ts';

test.each([
  ['2024-01-15T10:32:00.123456Z', '2024-01-15T10:32:00.123456Z'],
  ['2024-01-15 10:32:00.5+00', '2024-01-15T10:32:00.500000Z'],
  ['2024-01-15', '2024-01-15T00:00:00.000000Z'],
  ['2024-01-15T10:32', '2024-01-15T10:32:00.000000Z'],
  ['2024-01-15T01:32:00.000001+02:30', '2024-01-14T23:02:00.000001Z'],
  ['2024-12-31T23:30:00-01', '2025-01-01T00:30:00.000000Z'],
  ['2024-01-15T10:32:59 Z', '2024-01-15T10:32:59.000000Z'],
  ['2024-01-15T10:32+0530', '2024-01-15T05:02:00.000000Z'],
  ['2024-01-15T23:59+23:59', '2024-01-15T00:00:00.000000Z'],
  ['2024-02-29T23:59:59.999999', '2024-02-29T23:59:59.999999Z'],
  ['0001-01-01', '0001-01-01T00:00:00.000000Z'],
  ['9999-12-31T23:59:59.999999Z', '9999-12-31T23:59:59.999999Z'],
])('%s is read as %s', (written, canonical) => {
  expect(parseTimestamp(written)).toBe(canonical);
});

test.each([
  '',
  'yesterday',
  '2024-02-30',
  '2024-13-01',
  '2024-01-15T25:00',
  '24-01-15',
  '2024-01-15T10:00:00.1234567Z',
  '9999-12-31T23:59-10',
  '0000-12-31',
  '0001-01-01T00:30+01',
  '2024-01-15T24:00',
  '2024-01-15T10:60',
  '2024-01-15T10:32:60',
  '2024-01-15T10:32+24',
  '2024-01-15T10:32+01:60',
  '2024-01-15T10:32+01:5',
  '2024-01-15T10:32:00.',
  ' 2024-01-15',
  '2024-01-15T10:32Z.',
])('%j is not a timestamp', (written) => {
  expect(parseTimestamp(written)).toBeUndefined();
});

test('text order is time order and no microsecond is lost', () => {
  const micros = fc.bigInt({ min: 0n, max: 253402300799999999n });
  fc.assert(
    fc.property(micros, micros, (a, b) => {
      const written = [a, b].map((at) => {
        const seconds = new Date(Number(at / 1_000_000n) * 1000).toISOString().slice(0, 19);
        return timestamp(`${seconds}.${String(at % 1_000_000n).padStart(6, '0')}Z`);
      });
      const [first, second] = written;
      expect(first !== undefined && second !== undefined && first < second).toBe(a < b);
      expect(first?.slice(20, 26)).toBe(String(a % 1_000_000n).padStart(6, '0'));
    }),
  );
});

test('a timestamp is the same in whatever zone it is written', () => {
  const part = (max: number) => fc.integer({ min: 0, max }).map((value) => String(value).padStart(2, '0'));
  const seconds = fc.integer({ min: 0, max: 253_402_214_399 }).map((at) => new Date(at * 1000).toISOString());
  fc.assert(
    fc.property(seconds, fc.constantFrom('+', '-'), part(23), part(59), (utc, sign, hours, minutes) => {
      const local = utc.slice(0, 19);
      const inUtc = new Date(Date.parse(`${local}${sign}${hours}:${minutes}`)).toISOString();
      const canonical = `${inUtc.slice(0, 19)}.000000Z`;
      for (const zone of [`${sign}${hours}:${minutes}`, `${sign}${hours}${minutes}`]) {
        expect(parseTimestamp(`${local}${zone}`)).toBe(canonical);
      }
    }),
  );
});

test('isCalendarDay accepts exactly the days that a Date gives back unchanged', () => {
  const day = fc.tuple(
    fc.oneof(fc.integer({ min: 0, max: 9999 }), fc.constantFrom(0, 1, 4, 100, 400, 1900, 2000, 2024, 9999)),
    fc.oneof(fc.integer({ min: 0, max: 13 }), fc.constant(2)),
    fc.oneof(fc.integer({ min: 0, max: 32 }), fc.constantFrom(0, 28, 29, 30, 31)),
  );
  fc.assert(
    fc.property(day, ([year, month, date]) => {
      const text = [String(year).padStart(4, '0'), ...[month, date].map((part) => String(part).padStart(2, '0'))].join(
        '-',
      );
      const counted = new Date(0);
      counted.setUTCFullYear(year, month - 1, date);
      expect(isCalendarDay(text), text).toBe(year > 0 && counted.toISOString().slice(0, 10) === text);
    }),
    { numRuns: 2000 },
  );
});

test.each(['2024-02-29', '2000-02-29', '2024-04-30', '2024-12-31'])('%s is a calendar day', (day) => {
  expect(isCalendarDay(day)).toBe(true);
});

test.each([
  '2023-02-29',
  '1900-02-29',
  '2024-02-30',
  '2024-04-31',
  '2024-01-00',
  '2024-00-01',
  '2024-13-01',
  '0000-01-01',
])('%s is not a calendar day', (day) => {
  expect(isCalendarDay(day)).toBe(false);
});

test('timestamp() throws on other text and quotes at most 40 characters of it', () => {
  expect(() => timestamp('soon')).toThrow(new RangeError('not a timestamp: soon'));
  expect(() => timestamp('x'.repeat(500))).toThrow(new RangeError(`not a timestamp: ${'x'.repeat(40)}`));
});

test('the schema gives canonical timestamps, and its message shows an example', () => {
  expect(z.parse(timestampSchema, '2024-01-15 10:32')).toBe('2024-01-15T10:32:00.000000Z');
  const issues = z.safeParse(z.object({ since: timestampSchema }), { since: 'soon' }).error?.issues;
  expect(issues).toMatchObject([
    { code: 'custom', path: ['since'], message: expect.stringContaining('like 2024-01-15T10:32:00.123456Z') as string },
  ]);
});

test('secondsBetween keeps microseconds and the sign', () => {
  const [from, to] = [timestamp('2024-01-15T23:59:59.999999Z'), timestamp('2024-01-16T00:00:01Z')];
  expect(secondsBetween(from, to)).toBe(1.000001);
  expect(secondsBetween(to, from)).toBe(-1.000001);
});

test('minusSeconds is exact to the microsecond and stops at the year 1', () => {
  const at = timestamp('2024-01-15T00:00:01.000001Z');
  expect(minusSeconds(at, 1.5)).toBe('2024-01-14T23:59:59.500001Z');
  expect(minusSeconds(at, 0.000002)).toBe('2024-01-15T00:00:00.999999Z');
  expect(minusSeconds(at, -1)).toBe('2024-01-15T00:00:02.000001Z');
  expect(minusSeconds(timestamp('1970-01-01'), 0.000001)).toBe('1969-12-31T23:59:59.999999Z');
  expect(minusSeconds(timestamp('0001-01-01T00:00:01'), 2)).toBe('0001-01-01T00:00:00.000000Z');
});

test('ofMicroseconds gives a timestamp only in the years 0001 to 9999', () => {
  const last = microsecondsOf(timestamp('9999-12-31T23:59:59.999999'));
  expect(ofMicroseconds(1_000_001n)).toBe('1970-01-01T00:00:01.000001Z');
  expect(ofMicroseconds(-1n)).toBe('1969-12-31T23:59:59.999999Z');
  expect(ofMicroseconds(last)).toBe('9999-12-31T23:59:59.999999Z');
  expect(ofMicroseconds(last + 1n)).toBeUndefined();
  // A Date holds no more than 8.64e15 milliseconds.
  for (const beyond of [8_640_000_000_000_000_000n, -8_640_000_000_000_000_000n, 8_640_000_000_001_000_000n]) {
    expect(ofMicroseconds(beyond)).toBeUndefined();
  }
});

test('latest and earliest compare to the microsecond, and utcDate is the day in UTC', () => {
  const [one, two] = [timestamp('2024-01-15'), timestamp('2024-01-15T00:00:00.000001Z')];
  expect([earliest(one, two), earliest(two, one)]).toEqual([one, one]);

  expect(latest(timestamp('2024-01-02'), timestamp('2024-01-01T23:00'))).toBe(timestamp('2024-01-02'));
  expect(utcDate(timestamp('2024-01-01T23:30-01:00'))).toBe('2024-01-02');
});
