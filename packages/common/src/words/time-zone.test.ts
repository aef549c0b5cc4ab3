import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { isTimeZone, type LocalTime, TimeZone } from './time-zone.ts';
import { ofMicroseconds, type Timestamp, timestamp } from './timestamp.ts';

const local = (text: string) => timestamp(text) as LocalTime;
const instant = (zone: string, text: string) => TimeZone.named(zone).instantOf(local(text));

describe('a time without a zone', () => {
  test.each([
    ['UTC', '2024-01-15T10:32:00.123456', '2024-01-15T10:32:00.123456Z'],
    ['America/New_York', '2024-01-15T10:32:00.123456', '2024-01-15T15:32:00.123456Z'],
    ['America/New_York', '2024-07-15T10:32:00', '2024-07-15T14:32:00.000000Z'],
    ['Asia/Tokyo', '2024-01-15T05:00:00', '2024-01-14T20:00:00.000000Z'],
    ['Asia/Kathmandu', '2024-01-15T05:45:00', '2024-01-15T00:00:00.000000Z'],
    ['+05:30', '2024-01-15T05:30:00', '2024-01-15T00:00:00.000000Z'],
    ['America/New_York', '1850-01-01T00:00:00', '1850-01-01T04:56:02.000000Z'],
  ])('in %s, %s, is %s', (zone, text, at) => {
    expect(instant(zone, text)).toBe(at);
  });

  test.each([
    ['which clocks show twice, is the later', '2026-11-01T01:30:00', '2026-11-01T06:30:00.000000Z'],
    ['just before those', '2026-11-01T00:59:59.999999', '2026-11-01T04:59:59.999999Z'],
    ['just after those', '2026-11-01T02:00:00', '2026-11-01T07:00:00.000000Z'],
    ['which clocks skip, is the later', '2026-03-08T02:30:00', '2026-03-08T07:30:00.000000Z'],
    ['just before those that they skip', '2026-03-08T01:59:59', '2026-03-08T06:59:59.000000Z'],
    ['just after those that they skip', '2026-03-08T03:00:00', '2026-03-08T07:00:00.000000Z'],
  ])('in New York, %s', (_, text, at) => {
    expect(instant('America/New_York', text)).toBe(at);
  });

  test('at the ends of the calendar is the first or last time that there is', () => {
    expect(instant('America/New_York', '9999-12-31T23:00:00')).toBe('9999-12-31T23:59:59.999999Z');
    expect(instant('Asia/Tokyo', '0001-01-01T00:00:00')).toBe('0001-01-01T00:00:00.000000Z');
  });
});

const ZONES = ['America/New_York', 'Europe/Berlin', 'Australia/Lord_Howe', 'America/St_Johns', 'Africa/Casablanca'];

/** Any second of the years 1990 to 2030. */
const instants = fc
  .integer({ min: 631_152_000, max: 1_893_456_000 })
  .map((second): Timestamp => ofMicroseconds(BigInt(second) * 1_000_000n) ?? timestamp('1990-01-01'));

test('a time that a zone’s clocks show is never read as an earlier one, and otherwise as itself', () => {
  fc.assert(
    fc.property(fc.constantFrom(...ZONES), instants, (name, at) => {
      const zone = TimeZone.named(name);
      const read = zone.instantOf(zone.localAt(at));
      expect(read >= at).toBe(true);
      expect(zone.localAt(read)).toBe(zone.localAt(at));
    }),
  );
});

test('whatever is read as `at` or later is at or after the local time that is asked for', () => {
  const around = fc.integer({ min: -7 * 3600, max: 7 * 3600 });
  const changes = fc.constantFrom(
    ['America/New_York', '2026-11-01T06:00:00Z'],
    ['America/New_York', '2026-03-08T07:00:00Z'],
    ['Australia/Lord_Howe', '2026-04-04T15:00:00Z'],
    ['Europe/Berlin', '2026-10-25T01:00:00Z'],
  );
  const later = (at: string, seconds: number) => timestamp(new Date(Date.parse(at) + seconds * 1000).toISOString());
  fc.assert(
    fc.property(changes, around, around, ([name = '', change = ''], a, b) => {
      const zone = TimeZone.named(name);
      const [at, shown] = [later(change, a), zone.localAt(later(change, b))];
      expect(zone.instantOf(shown) < at || shown >= zone.earliestLocalFrom(at)).toBe(true);
      expect(zone.earliestLocalFrom(at) <= zone.localAt(at)).toBe(true);
    }),
    { numRuns: 300 },
  );
});

test.each([
  ['2026-11-01T01:30:00', '2026-11-01T05:30:00.000000Z'],
  ['2026-03-08T02:30:00', '2026-03-08T06:30:00.000000Z'],
  ['2026-11-01T00:59:59', '2026-11-01T04:59:59.000000Z'],
  ['2026-11-01T02:00:00', '2026-11-01T07:00:00.000000Z'],
  ['2026-10-31T12:00:00', '2026-10-31T16:00:00.000000Z'],
])('the earliest time that %s can mean in New York is %s', (text, at) => {
  expect(TimeZone.named('America/New_York').earliestInstantOf(local(text))).toBe(at);
});

test('the earliest local time goes back only where clocks are about to', () => {
  const from = (at: string) => TimeZone.named('America/New_York').earliestLocalFrom(timestamp(at));
  expect(from('2026-11-01T04:59:00.5Z')).toBe('2026-11-01T00:59:00.500000Z');
  expect(from('2026-11-01T05:30:00.5Z')).toBe('2026-11-01T01:00:00.000000Z');
  expect(from('2026-11-01T06:30:00.5Z')).toBe('2026-11-01T01:30:00.500000Z');
});

test('a zone is known by its name', () => {
  expect(['UTC', 'America/New_York', 'Etc/GMT+12', '+09:00'].every((name) => isTimeZone(name))).toBe(true);
  expect(['', 'Mars', 'GMT+9', 'New York'].some((name) => isTimeZone(name))).toBe(false);
});
