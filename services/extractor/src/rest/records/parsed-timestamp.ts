/** Moments as APIs write them, to the microsecond and never by way of a `Date` with a source's digits in it. */
import {
  minusSeconds,
  microsecondsOf,
  ofMicroseconds,
  parseTimestamp,
  type Timestamp,
} from '@bronze/common/words/timestamp';
import type { SinceConfig, SinceFormat } from '@bronze/common/config/rest';
import { type JsonNode, JsonNumber } from './json-node.ts';

/** ISO 8601 with a date and, optionally, a time, a fraction of any length, and a zone. */
const ISO =
  /^([0-9]{4}-[0-9]{2}-[0-9]{2}(?:[Tt ][0-9]{2}:[0-9]{2}(?::[0-9]{2})?)?)(?:\.([0-9]{1,30}))?([Zz]|[+-][0-9]{2}(?::?[0-9]{2})?)?$/;
const NUMBER = /^(-?[0-9]{1,16})(?:\.([0-9]{1,30}))?$/;
const FRACTION_DIGITS = 6;
const ZONED = /(?:Z|[+-][0-9]{2}(?::?[0-9]{2})?)$/;

export interface ParsedTimestamp {
  readonly at: Timestamp;
  /** False when digits below the microsecond were cut. */
  readonly is_exact: boolean;
  /** A day without a time: when in it something happened is not known. */
  readonly is_day: boolean;
}

/** A date or time as text; without a zone it is UTC. Undefined when it is none. */
export function parseTimestampText(text: string): ParsedTimestamp | undefined {
  const match = text.length <= 80 ? ISO.exec(text) : null;
  if (!match) return undefined;
  const [, whole = '', fraction = '', zone = ''] = match;
  if (fraction !== '' && whole.length < 19) return undefined;
  const digits = fraction.slice(0, FRACTION_DIGITS);
  const at = parseTimestamp(`${whole}${digits && `.${digits}`}${whole.length > 10 ? zone : ''}`.toUpperCase());
  return at && { at, is_exact: isZero(fraction.slice(FRACTION_DIGITS)), is_day: whole.length === 10 };
}

/** @param unit how many decimal digits of the number are below the second: 0 for seconds, 3 for milliseconds */
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

/** The moment that a field holds, by the type of its column; undefined when it holds none. */
export function momentOf(node: JsonNode | undefined, type: string): ParsedTimestamp | undefined {
  const text = node instanceof JsonNumber ? node.text : node;
  if (typeof text !== 'string') return undefined;
  if (type === 'unix_seconds') return parseUnixTime(text, 0);
  if (type === 'unix_milliseconds') return parseUnixTime(text, 3);
  return typeof node === 'string' ? parseTimestampText(text) : undefined;
}

/** Whether a text says which zone it is in. */
export function hasZone(text: string): boolean {
  return text.length > 10 && ZONED.test(text.slice(10));
}

/** `2024-01-15 10:32:00.5`: as PostgreSQL prints a timestamp, before its zone. */
export function toPostgresText(at: Timestamp): string {
  let end = 26;
  while (at[end - 1] === '0') end -= 1;
  return `${at.slice(0, 10)} ${at.slice(11, at[end - 1] === '.' ? end - 1 : end)}`;
}

/** What to ask an API for, so that nothing since `at` is missing: with the overlap, and never later for the format's sake. */
export function sinceText(at: Timestamp, { format, overlap_seconds }: SinceConfig): string {
  return formatMoment(minusSeconds(at, overlap_seconds), format);
}

/** The moment that {@link sinceText} spells. */
export function sinceTimestamp(at: Timestamp, since: SinceConfig): Timestamp {
  const text = sinceText(at, since);
  const unit = since.format === 'unix_seconds' ? 0 : 3;
  return (since.format.startsWith('unix') ? parseUnixTime(text, unit) : parseTimestampText(text))?.at ?? at;
}

function formatMoment(at: Timestamp, format: SinceFormat): string {
  switch (format) {
    case 'iso':
      return at;
    case 'iso_milliseconds':
      return `${at.slice(0, 23)}Z`;
    case 'iso_seconds':
      return `${at.slice(0, 19)}Z`;
    case 'date':
      return at.slice(0, 10);
    case 'unix_seconds':
      return String(floorDivide(microsecondsOf(at), 1_000_000n));
    case 'unix_milliseconds':
      return String(floorDivide(microsecondsOf(at), 1000n));
    default:
      return format satisfies never;
  }
}

function floorDivide(a: bigint, b: bigint): bigint {
  const quotient = a / b;
  return a % b < 0n ? quotient - 1n : quotient;
}
