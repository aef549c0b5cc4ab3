import * as z from 'zod/mini';

/**
 * A point in time as text, in UTC with microseconds: `2024-01-15T10:32:00.123456Z`.
 *
 * Always 27 characters, so plain string comparison is time order for the years 0001 to 9999.
 * A JavaScript `Date` holds only milliseconds, so no timestamp is ever kept in one.
 */
export type Timestamp = string & { readonly __timestamp: unique symbol };

const WRITTEN_BY_HAND =
  /^(\d{4}-\d{2}-\d{2})(?:[T ](\d{2}:\d{2})(?::(\d{2})(?:\.(\d{1,6}))?)?)?\s?(Z|[+-]\d{2}(?::?\d{2})?)?$/;

/** Undefined if the text is not a timestamp of the years 0001 to 9999. No zone means UTC, no fraction `.000000`. */
export function parseTimestamp(text: string): Timestamp | undefined {
  const match = WRITTEN_BY_HAND.exec(text);
  if (!match) return undefined;
  const [, date = '', minutes = '00:00', seconds = '00', fraction = '', zone = 'Z'] = match;
  if (![isCalendarDay(date), isTimeOfDay(minutes, seconds), isZone(zone)].every((isReal) => isReal)) return undefined;
  const whole = zone === 'Z' ? `${date}T${minutes}:${seconds}` : atUtc(`${date}T${minutes}:${seconds}Z`, zone);
  return /^\d{4}-/.test(whole) && !whole.startsWith('0000')
    ? canonical(`${whole}.${fraction.padEnd(6, '0')}Z`)
    : undefined;
}

/** The UTC time without fraction and `Z`. It begins with a sign if it leaves the years 0000 to 9999. */
function atUtc(local: string, zone: string): string {
  return new Date(Date.parse(local) - offsetMs(zone)).toISOString().slice(0, 19);
}

/** Real zones are less than a day away from UTC. `Z` has neither hours nor minutes, and passes. */
function isZone(zone: string): boolean {
  return zone.slice(1, 3) <= '23' && zone.slice(3).replace(':', '') <= '59';
}

/** @param minutes `10:32` */
function isTimeOfDay(minutes: string, seconds: string): boolean {
  return minutes <= '23:59' && minutes.slice(3) <= '59' && seconds <= '59';
}

const MONTH_DAYS = [31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31] as const;

/** Whether a text such as `2024-02-29` names a day that exists, in the years 0001 to 9999. */
export function isCalendarDay(text: string): boolean {
  const [year, month, day] = [Number(text.slice(0, 4)), Number(text.slice(5, 7)), Number(text.slice(8, 10))];
  if (year === 0 || day === 0 || day > (MONTH_DAYS[month - 1] ?? 0)) return false;
  return month !== 2 || day < 29 || (year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0));
}

function offsetMs(zone: string): number {
  const hours = Number(zone.slice(1, 3));
  const minutes = Number(zone.slice(3).replace(':', ''));
  return (zone.startsWith('-') ? -1 : 1) * (hours * 60 + minutes) * 60_000;
}

function canonical(text: string): Timestamp {
  return text as Timestamp;
}

/** For constants and values already checked. @throws RangeError if the text is not a timestamp */
export function timestamp(text: string): Timestamp {
  const parsed = parseTimestamp(text);
  if (!parsed) throw new RangeError(`not a timestamp: ${text.slice(0, 40)}`);
  return parsed;
}

/** The `since` of a full load, which takes everything. */
export const EPOCH: Timestamp = timestamp('1970-01-01T00:00:00Z');

export function latest(a: Timestamp, b: Timestamp): Timestamp {
  return a >= b ? a : b;
}

export function earliest(a: Timestamp, b: Timestamp): Timestamp {
  return a <= b ? a : b;
}

/** Microseconds since the Unix epoch. */
export function microsecondsOf(at: Timestamp): bigint {
  return BigInt(Date.parse(`${at.slice(0, 19)}Z`)) * 1000n + BigInt(at.slice(20, 26));
}

/** @param micros since the Unix epoch. @returns undefined outside the years 0001 to 9999 */
export function ofMicroseconds(micros: bigint): Timestamp | undefined {
  const below = ((micros % 1_000_000n) + 1_000_000n) % 1_000_000n;
  const milliseconds = Number((micros - below) / 1000n);
  if (Math.abs(milliseconds) > 8.64e15) return undefined;
  const whole = new Date(milliseconds).toISOString();
  return parseTimestamp(`${whole.slice(0, 19)}.${String(below).padStart(6, '0')}Z`);
}

/** Seconds from `from` to `to`, to the microsecond; negative if `to` is earlier. */
export function secondsBetween(from: Timestamp, to: Timestamp): number {
  return Number(microsecondsOf(to) - microsecondsOf(from)) / 1e6;
}

/** The timestamp `seconds` earlier, but never before the year 1. */
export function minusSeconds(at: Timestamp, seconds: number): Timestamp {
  return ofMicroseconds(microsecondsOf(at) - BigInt(Math.round(seconds * 1e6))) ?? timestamp('0001-01-01');
}

/** The UTC date: `2024-01-15` for `2024-01-15T10:32:00.123456Z`. */
export function utcDate(at: Timestamp): string {
  return at.slice(0, 10);
}

const DAY_MS = 24 * 60 * 60 * 1000;

/** Each UTC day from one time to another, the first first: `['2024-01-15', '2024-01-16']`. */
export function utcDays(since: Timestamp, until: Timestamp): string[] {
  const first_ms = Date.parse(utcDate(since));
  const days = Math.round((Date.parse(utcDate(until)) - first_ms) / DAY_MS) + 1;
  return Array.from({ length: Math.max(0, days) }, (_, day) =>
    new Date(first_ms + day * DAY_MS).toISOString().slice(0, 10),
  );
}

/** Decodes every spelling that {@link parseTimestamp} accepts to the canonical one. */
export const timestampSchema = z.pipe(
  z.string(),
  z.transform((text: string, context): Timestamp => {
    const parsed = parseTimestamp(text);
    if (parsed) return parsed;
    context.issues.push({
      code: 'custom',
      input: text,
      message: 'expected a timestamp like 2024-01-15T10:32:00.123456Z',
    });
    return z.NEVER;
  }),
);
