/** When a record changed, by its cursor. */
import { declaredType } from '@bronze/common/config/columns';
import { cursorZone, type EndpointEntity } from '@bronze/common/config/rest';
import { BronzeError } from '@bronze/common/words/failure';
import { type Timestamp, timestamp, utcDate } from '@bronze/common/words/timestamp';
import { type LocalTime, TimeZone } from '@bronze/common/words/time-zone';
import type { JsonNode } from './json-node.ts';
import { hasZone, momentOf, parseTimestampText } from './parsed-timestamp.ts';

export interface CursorTime {
  readonly at: Timestamp;
  /** What it can also mean where clocks go back; else as `at`. */
  readonly earliest: Timestamp;
  /** `2024-01-15` if the cursor is a day without a time: when on that day the record changed is unknown. */
  readonly day?: string;
}

/** Where a day begins first and where it ends last: a day whose zone is not known may have begun, and may not be over. */
const [FIRST_ZONE, LAST_ZONE] = ['Etc/GMT-14', 'Etc/GMT+12'] as const;

/** The zones in which a day without a time begins first, and in which it ends last. */
export function zonesOfDays(entity: EndpointEntity): { readonly first: TimeZone; readonly last: TimeZone } {
  const zone = cursorZone(entity);
  return { first: TimeZone.named(zone ?? FIRST_ZONE), last: TimeZone.named(zone ?? LAST_ZONE) };
}

/**
 * The time that a cursor holds; undefined if it holds none. One beyond the years 0001 to 9999 in UTC is the first or last
 * time of these.
 *
 * @throws BronzeError TIME_ZONE_UNDECLARED for a time without a zone where `cursor_time_zone` is not set
 */
export function cursorTime(entity: EndpointEntity, value: JsonNode | undefined): CursorTime | undefined {
  const { cursor } = entity;
  const type = (cursor !== null && declaredType(entity, cursor)) || '';
  const parsed = momentOf(value, type);
  if (typeof value !== 'string' || type.startsWith('unix')) return parsed && exactly(parsed.at);
  if (!parsed) return beyondCalendar(value);
  const local = parsed.at as LocalTime;
  if (parsed.is_day) return { ...exactly(zonesOfDays(entity).last.instantOf(local)), day: utcDate(local) };
  if (hasZone(value)) return exactly(parsed.at);
  const declared = cursorZone(entity);
  if (declared === undefined) throw zoneUndeclared(entity, value);
  const zone = TimeZone.named(declared);
  return { at: zone.instantOf(local), earliest: zone.earliestInstantOf(local) };
}

function exactly(at: Timestamp): CursorTime {
  return { at, earliest: at };
}

const AT_THE_END = /^(0001-01-01|9999-12-31)(.*)[+-](?:[01]\d|2[0-3])(?::?[0-5]\d)?$/;

/** `9999-12-31T23:59:59-05:00` is in the year 10000 in UTC. */
function beyondCalendar(text: string): CursorTime | undefined {
  const [, day = '', time = ''] = AT_THE_END.exec(text) ?? [];
  if (!parseTimestampText(`${day}${time}`)) return undefined;
  return exactly(timestamp(day === '0001-01-01' ? day : '9999-12-31T23:59:59.999999Z'));
}

function zoneUndeclared({ name, cursor }: EndpointEntity, value: string): BronzeError {
  return new BronzeError('TIME_ZONE_UNDECLARED', {
    message: `the field ${cursor ?? ''}, cursor of ${name}, holds times without a zone, such as ${value.slice(0, 40)}`,
    hint: `Set cursor_time_zone of ${name}: 'UTC' if the API’s times are in UTC, or such as 'America/New_York'. If it were wrong, records would be lost.`,
  });
}
