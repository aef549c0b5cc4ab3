import type { Fields, FieldTypes } from './field-types.ts';
import { canonicalJson, compareBytes, type JsonNode, JsonNumber } from './json-node.ts';
import { toPostgresText, hasZone, momentOf, parseTimestampText } from './parsed-timestamp.ts';

/**
 * A record as one line of NDJSON: keys sorted by their UTF-8 bytes, every value a string in PostgreSQL's text form,
 * nulls left out. `_record_hash` is the MD5 of this line, so it depends on nothing but the record's own values.
 */
export function recordLine(fields: Fields, types: FieldTypes): string {
  const names = [...fields.keys()].sort(compareBytes);
  const members = names.map((name) => {
    const text = stagedText(fields.get(name) ?? null, types.of(name));
    return `${JSON.stringify(name)}:${JSON.stringify(text)}`;
  });
  return `{${members.join(',')}}`;
}

/**
 * A value as text of its column's type. One that the type can't hold is staged as it came: the writer sees that it
 * doesn't fit and puts the record into quarantine.
 */
export function stagedText(value: JsonNode, type: string): string {
  switch (type) {
    case 'json':
    case 'jsonb':
      return canonicalJson(value);
    case 'boolean':
      return typeof value === 'boolean' ? (value ? 't' : 'f') : canonicalJson(value);
    case 'timestamptz':
    case 'timestamp with time zone':
      return stagedMoment(value, 'timestamptz');
    case 'unix_seconds':
    case 'unix_milliseconds':
      return stagedMoment(value, type);
    case 'timestamp':
    case 'timestamp without time zone':
      return typeof value === 'string' ? stagedLocal(value) : plainText(value);
    case 'real':
    case 'double precision':
      return value instanceof JsonNumber ? realText(value.text) : plainText(value);
    case 'text':
    case 'numeric':
      return plainText(value);
    default:
      return value instanceof JsonNumber ? withoutExponent(value.text) : plainText(value);
  }
}

/** A text that UTF-8 can't hold (half of a surrogate pair) is kept as JSON, escaped. */
function plainText(value: JsonNode): string {
  return typeof value === 'string' && value.isWellFormed()
    ? value
    : value instanceof JsonNumber
      ? value.text
      : canonicalJson(value);
}

function stagedMoment(value: JsonNode, type: string): string {
  const moment = momentOf(value, type);
  return moment?.is_exact ? `${toPostgresText(moment.at)}+00` : plainText(value);
}

/** A zone, if there is one, would be lost. */
function stagedLocal(text: string): string {
  const moment = hasZone(text) ? undefined : parseTimestampText(text);
  return moment?.is_exact ? toPostgresText(moment.at) : text;
}

/** JSON writes `1E5` and `1e5` where PostgreSQL writes `1e+05`: the sign and the small letter are what the types expect. */
function realText(text: string): string {
  return text.toLowerCase().replace(/e(?=[0-9])/, 'e+');
}

const SCIENTIFIC = /^(-?)([0-9]+)(?:\.([0-9]+))?[eE]([+-]?[0-9]{1,3})$/;
const EXPONENT_MAX = 60;

/** `1.5e3` as `1500`: exact, since only the point moves. Larger exponents stay as they came. */
function withoutExponent(text: string): string {
  const match = SCIENTIFIC.exec(text);
  const exponent = Number(match?.[4] ?? EXPONENT_MAX + 1);
  if (!match || Math.abs(exponent) > EXPONENT_MAX) return text;
  const [, sign = '', whole = '', fraction = ''] = match;
  const digits = `${whole}${fraction}`;
  const point = whole.length + exponent;
  const left =
    point > 0
      ? digits
          .slice(0, point)
          .padEnd(point, '0')
          .replace(/^0+(?=[0-9])/, '')
      : '0';
  const right = point > 0 ? digits.slice(point) : digits.padStart(digits.length - point, '0');
  return `${sign}${left}${right && `.${right}`}`;
}
