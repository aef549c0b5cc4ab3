/** The time that an API is asked for: never later than what a load needs. */
import { cursorZone, type EndpointEntity, type SinceConfig } from '@bronze/common/config/rest';
import { microsecondsOf, minusSeconds, type Timestamp } from '@bronze/common/words/timestamp';
import { type LocalTime, TimeZone } from '@bronze/common/words/time-zone';
import { parseTimestampText, parseUnixTime } from './parsed-timestamp.ts';

type Asked = Pick<EndpointEntity, 'cursor' | 'cursor_time_zone' | 'columns'>;

/** An API that means “after” a day leaves out that day whole. */
const DAY_SECONDS = 24 * 3600;
/** A date without a zone begins up to 14 hours earlier than in UTC, and up to 12 hours later. */
const DATE_EARLIER_SECONDS = 14 * 3600;
const DATE_LATER_SECONDS = 12 * 3600;

/**
 * What to ask an API for so that nothing since `at` is missing: earlier by the overlap, and rounded down to what the
 * format can express. In the zone of the cursor if one is configured, and then without naming a zone, as the API's own times do.
 */
export function sinceText(at: Timestamp, since: SinceConfig, entity: Asked): string {
  const zone = cursorZone(entity);
  const overlap_seconds =
    since.overlap_seconds + (since.format === 'date' && since.overlap_seconds > 0 ? DAY_SECONDS : 0);
  const from = minusSeconds(at, overlap_seconds);
  if (since.format === 'unix_seconds') return String(floorDivide(microsecondsOf(from), 1_000_000n));
  if (since.format === 'unix_milliseconds') return String(floorDivide(microsecondsOf(from), 1000n));
  const length = LENGTHS[since.format];
  if (zone !== undefined)
    return minusSeconds(TimeZone.named(zone).earliestLocalFrom(at), overlap_seconds).slice(0, length);
  return since.format === 'date'
    ? minusSeconds(from, DATE_LATER_SECONDS).slice(0, length)
    : `${from.slice(0, length)}Z`;
}

/** Characters of a timestamp, without its `Z`. */
const LENGTHS = { iso: 26, iso_milliseconds: 23, iso_seconds: 19, date: 10 } as const;

/** The earliest time that an API can mean by what {@link sinceText} writes: older records show that it ignores it. */
export function sinceTimestamp(at: Timestamp, since: SinceConfig, entity: Asked): Timestamp {
  const text = sinceText(at, since, entity);
  if (since.format === 'unix_seconds') return parseUnixTime(text, 0)?.at ?? at;
  if (since.format === 'unix_milliseconds') return parseUnixTime(text, 3)?.at ?? at;
  const asked = parseTimestampText(text)?.at ?? at;
  const zone = cursorZone(entity);
  if (zone !== undefined) return TimeZone.named(zone).earliestInstantOf(asked as LocalTime);
  return since.format === 'date' ? minusSeconds(asked, DATE_EARLIER_SECONDS) : asked;
}

function floorDivide(a: bigint, b: bigint): bigint {
  const quotient = a / b;
  return a % b < 0n ? quotient - 1n : quotient;
}
