/** Timestamps as APIs write them, to the microsecond. A source's digits never pass through a `Date`. */
import { ofMicroseconds, parseTimestamp, type Timestamp } from '@bronze/common/words/timestamp';
import { type JsonNode, JsonNumber } from './json-node.ts';

/** ISO 8601 with a date and, optionally, a time, a fraction of any length, and a zone. */
const ISO =
  /^([0-9]{4}-[0-9]{2}-[0-9]{2}(?:[Tt ][0-9]{2}:[0-9]{2}(?::[0-9]{2})?)?)(?:\.([0-9]{1,30}))?([Zz]|[+-][0-9]{2}(?::?[0-9]{2})?)?$/;
const NUMBER = /^(-?[0-9]{1,16})(?:\.([0-9]{1,30}))?$/;
const FRACTION_DIGITS = 6;
const ZONED = /(?:[Zz]|[+-][0-9]{2}(?::?[0-9]{2})?)$/;

export interface ParsedTimestamp {
  readonly at: Timestamp;
  /** False when non-zero digits below the microsecond were cut off. */
  readonly is_exact: boolean;
  /** A day without a time: when on that day something happened is unknown. */
  readonly is_day: boolean;
}

/** Parses a date or time in ISO 8601; without a zone it is UTC. Undefined for anything else. */
export function parseTimestampText(text: string): ParsedTimestamp | undefined {
  const match = text.length <= 80 ? ISO.exec(text) : null;
  if (!match) return undefined;
  const [, whole = '', fraction = '', zone = ''] = match;
  if (fraction !== '' && whole.length < 19) return undefined;
  const digits = fraction.slice(0, FRACTION_DIGITS);
  const at = parseTimestamp(`${whole}${digits && `.${digits}`}${whole.length > 10 ? zone : ''}`.toUpperCase());
  return at && { at, is_exact: isZero(fraction.slice(FRACTION_DIGITS)), is_day: whole.length === 10 };
}

/**
 * Parses a number of seconds or milliseconds since 1970. Undefined for anything else.
 *
 * @param unit how many of the number's integer digits are below the second: 0 for seconds, 3 for milliseconds
 */
export function parseUnixTime(text: string, unit: 0 | 3): ParsedTimestamp | undefined {
  const match = NUMBER.exec(text);
  if (!match) return undefined;
  const [, whole = '', fraction = ''] = match;
  const kept = fraction.slice(0, FRACTION_DIGITS - unit);
  const micros = BigInt(`${whole}${kept.padEnd(FRACTION_DIGITS - unit, '0')}`);
  const at = ofMicroseconds(micros);
  return at && { at, is_exact: isZero(fraction.slice(FRACTION_DIGITS - unit)), is_day: false };
}

function isZero(digits: string): boolean {
  return !/[1-9]/.test(digits);
}

/** The timestamp that a field holds, read by the type of its column; undefined if it holds none. */
export function momentOf(node: JsonNode | undefined, type: string): ParsedTimestamp | undefined {
  const text = node instanceof JsonNumber ? node.text : node;
  if (typeof text !== 'string') return undefined;
  if (type === 'unix_seconds') return parseUnixTime(text, 0);
  if (type === 'unix_milliseconds') return parseUnixTime(text, 3);
  return typeof node === 'string' ? parseTimestampText(text) : undefined;
}

/** Whether the text of a timestamp names its zone. */
export function hasZone(text: string): boolean {
  return text.length > 10 && ZONED.test(text.slice(10));
}

/** `2024-01-15 10:32:00.5`: a timestamp as PostgreSQL prints it, without its zone. */
export function toPostgresText(at: Timestamp): string {
  let end = 26;
  while (at[end - 1] === '0') end -= 1;
  return `${at.slice(0, 10)} ${at.slice(11, at[end - 1] === '.' ? end - 1 : end)}`;
}
