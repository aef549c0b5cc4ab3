import type { SinceFormat } from '@bronze/common/config/rest';
import { type LocalTime, TimeZone } from '@bronze/common/words/time-zone';
import { minusSeconds, ofMicroseconds, type Timestamp, timestamp } from '@bronze/common/words/timestamp';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { sinceText, sinceTimestamp } from './since-text.ts';

const formats: readonly SinceFormat[] = [
  'iso',
  'iso_milliseconds',
  'iso_seconds',
  'date',
  'unix_seconds',
  'unix_milliseconds',
];
const inZone = (cursor_time_zone?: string) => ({ cursor: 'updated_at', columns: {}, cursor_time_zone });
const UNDECLARED = inZone();
const within = (from: string, to: string) =>
  fc
    .integer({ min: Date.parse(from), max: Date.parse(to) })
    .map((ms): Timestamp => ofMicroseconds(BigInt(ms) * 1000n + 7n) ?? timestamp(from));

test('an API is never asked for a later time than is needed', () => {
  fc.assert(
    fc.property(
      within('0100-01-01', '9000-01-01'),
      fc.constantFrom(...formats),
      fc.constantFrom(0, 0.000001, 1, 3600),
      fc.constantFrom(undefined, 'America/New_York', 'Asia/Tokyo'),
      (at, format, overlap_seconds, cursor_time_zone) => {
        const asked = sinceTimestamp(at, { param: 'since', format, overlap_seconds }, inZone(cursor_time_zone));
        expect(asked <= minusSeconds(at, overlap_seconds)).toBe(true);
      },
    ),
  );
});

test('around the end of daylight saving time, whatever a zone’s clocks show later is asked for, and nothing older is given', () => {
  const zone = TimeZone.named('America/New_York');
  const since = { param: 'since', format: 'iso_seconds', overlap_seconds: 0 } as const;
  const entity = inZone('America/New_York');
  const around = within('2026-11-01T02:00:00Z', '2026-11-01T10:00:00Z');
  fc.assert(
    fc.property(around, around, (at, changed_at) => {
      const shown: LocalTime = zone.localAt(changed_at);
      const isGiven = shown.slice(0, 19) >= sinceText(at, since, entity);
      // What the API dates at or after `at`, by its ambiguous clocks, is given.
      const read = zone.instantOf(shown);
      expect(isGiven || read < at).toBe(true);
      expect(!isGiven || read >= sinceTimestamp(at, since, entity)).toBe(true);
    }),
  );
});

test.each([
  ['iso', '2024-01-15T10:31:59.123456Z', '2024-01-15T05:31:59.123456'],
  ['iso_milliseconds', '2024-01-15T10:31:59.123Z', '2024-01-15T05:31:59.123'],
  ['iso_seconds', '2024-01-15T10:31:59Z', '2024-01-15T05:31:59'],
  ['date', '2024-01-13', '2024-01-14'],
  ['unix_seconds', '1705314719', '1705314719'],
  ['unix_milliseconds', '1705314719123', '1705314719123'],
] as const)('since in the format %s, with an overlap of a second, is %s, and in New York %s', (format, text, local) => {
  const at = timestamp('2024-01-15T10:32:00.123456Z');
  const since = { param: 'since', format, overlap_seconds: 1 };
  expect(sinceText(at, since, UNDECLARED)).toBe(text);
  expect(sinceText(at, since, inZone('America/New_York'))).toBe(local);
});

test('a date that names no zone may begin anywhere on Earth', () => {
  const since = { param: 'since', format: 'date', overlap_seconds: 0 } as const;
  // Where it is half past eleven in the evening, and where it is two in the afternoon of the next day.
  expect(sinceText(timestamp('2024-01-15T11:30:00Z'), since, UNDECLARED)).toBe('2024-01-14');
  expect(sinceText(timestamp('2024-01-15T12:00:00Z'), since, UNDECLARED)).toBe('2024-01-15');
  expect(sinceTimestamp(timestamp('2024-01-15T12:00:00Z'), since, UNDECLARED)).toBe('2024-01-14T10:00:00.000000Z');
});
