import fc from 'fast-check';
import { expect, test } from 'vitest';
import { latest, parseTimestamp, timestamp, utcDate } from './timestamp.ts';

test.each([
  ['2024-01-15T10:32:00.123456Z', '2024-01-15T10:32:00.123456Z'],
  ['2024-01-15 10:32:00.5+00', '2024-01-15T10:32:00.500000Z'],
  ['2024-01-15', '2024-01-15T00:00:00.000000Z'],
  ['2024-01-15T10:32', '2024-01-15T10:32:00.000000Z'],
  ['2024-01-15T01:32:00.000001+02:30', '2024-01-14T23:02:00.000001Z'],
  ['2024-12-31T23:30:00-01', '2025-01-01T00:30:00.000000Z'],
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
])('%j is refused', (written) => {
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

test('latest and utcDate', () => {
  expect(latest(timestamp('2024-01-02'), timestamp('2024-01-01T23:00'))).toBe(timestamp('2024-01-02'));
  expect(utcDate(timestamp('2024-01-01T23:30-01:00'))).toBe('2024-01-02');
});
