import type { Fields, FieldTypes } from './field-types.ts';
import { canonicalJson, compareBytes, type JsonNode, JsonNumber } from './json-node.ts';
import { toPostgresText, hasZone, momentOf, parseTimestampText } from './parsed-timestamp.ts';

/**
 * A record as one line of NDJSON: keys, which are names in Bronze, sorted by their UTF-8 bytes, every value a string in PostgreSQL's text form,
 * nulls left out (decision 13). `_record_hash` is the MD5 of this line (decision 8), so it depends on nothing but the
 * record's own values.
 */
export function recordLine(fields: Fields, types: FieldTypes): string {
  const members = [...fields]
    .map(([field, value]) => ({ name: types.nameOf(field), text: stagedText(value, types.of(field)) }))
    .sort((a, b) => compareBytes(a.name, b.name))
    .map(({ name, text }) => `${JSON.stringify(name)}:${JSON.stringify(text)}`);
  return `{${members.join(',')}}`;
}

/**
 * A value as text of its column's type. A value that the type can't hold is staged as it came: the writer sees the type
 * mismatch and quarantines the record.
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
      return stagedTimestamp(value, 'timestamptz');
    case 'unix_seconds':
    case 'unix_milliseconds':
      return stagedTimestamp(value, type);
    case 'timestamp':
    case 'timestamp without time zone':
      return typeof value === 'string' ? stagedLocal(value) : plainText(value);
    case 'real':
    case 'double precision':
      return value instanceof JsonNumber ? realText(value.text) : plainText(value);
    case 'text':
    case 'numeric':
      return plainText(value);
    case 'smallint':
    case 'integer':
    case 'bigint':
      return value instanceof JsonNumber ? integerText(value.text) : plainText(value);
    default:
      return value instanceof JsonNumber ? withoutExponent(value.text) : plainText(value);
  }
}

/**
 * Text that UTF-8 can't represent (half of a surrogate pair) is kept as JSON, escaped. Text that is spelled just like
 * that, with quotes and a backslash, stays as it came too: it can't be told apart, but no text of UTF-8 is changed.
 */
function plainText(value: JsonNode): string {
  return typeof value === 'string' && value.isWellFormed()
    ? value
    : value instanceof JsonNumber
      ? value.text
      : canonicalJson(value);
}

function stagedTimestamp(value: JsonNode, type: string): string {
  const parsed = momentOf(value, type);
  return parsed?.is_exact ? `${toPostgresText(parsed.at)}+00` : plainText(value);
}

/** Text that names a zone stays as it came: the zone would be lost. */
function stagedLocal(text: string): string {
  const parsed = hasZone(text) ? undefined : parseTimestampText(text);
  return parsed?.is_exact ? toPostgresText(parsed.at) : text;
}

/** Where JSON has `1E5` or `1e5`, PostgreSQL writes `1e+05`: the types expect the sign and the small letter. */
function realText(text: string): string {
  return text.toLowerCase().replace(/e(?=[0-9])/, 'e+');
}

const ZERO = /^-?0(?:\.0+)?(?:[eE][+-]?[0-9]+)?$/;

/** `1.0`, `1e0` and `10e-1` are the integer 1, and `-0` and `0e99` are 0: JSON has no spelling of its own for integers. */
function integerText(text: string): string {
  return ZERO.test(text) ? '0' : withoutExponent(text).replace(/\.0+$/, '');
}

const SCIENTIFIC = /^(-?)([0-9]+)(?:\.([0-9]+))?[eE]([+-]?[0-9]{1,3})$/;
const EXPONENT_MAX = 60;

/** `1.5e3` as `1500`: exact, since only the point moves. Exponents beyond 60 stay as they came. */
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
