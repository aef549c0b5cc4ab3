/**
 * Whether a staged text is exactly a value of its Parquet type, as `duckdb-types.ts` judges it in SQL. A -0 is exactly
 * a decimal, float or double. Patterns are anchored and have no nested
 * repetition, so they take linear time.
 */
import { isCalendarDay } from '@bronze/common/words/timestamp';
import type { ParquetType } from './type-mapping.ts';

const INTEGER = /^(?:0|-?[1-9][0-9]{0,18})$/;
const DECIMAL = /^-?(0|[1-9][0-9]*)(?:\.([0-9]+))?$/;
const REAL = /^-?[0-9]+(?:\.[0-9]+)?(?:e[+-][0-9]{1,4})?$/;
const DATE = /^[0-9]{4}-[0-9]{2}-[0-9]{2}$/;
/** PostgreSQL prints no trailing zeros in a fraction. */
const CLOCK = /^ (?:[01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9](?:\.[0-9]{0,5}[1-9])?$/;
const BYTES = /^\\x(?:[0-9a-f]{2})*$/;
const SPECIAL_REALS: ReadonlySet<string> = new Set(['NaN', 'Infinity', '-Infinity']);

export function isRepresentable(type: ParquetType, text: string): boolean {
  switch (type.kind) {
    case 'int32':
      return isInteger(text) && Number(text) === (Number(text) | 0);
    case 'int64':
      return isInteger(text) && BigInt.asIntN(64, BigInt(text)) === BigInt(text);
    case 'decimal':
      return isDecimal(text, type.precision, type.scale);
    case 'float':
      return isReal(text, 9, Math.fround);
    case 'double':
      return isReal(text, 17, Number);
    case 'boolean':
      return text === 't' || text === 'f';
    case 'date':
      return isRealDate(text);
    case 'timestamp':
      return CLOCK.test(text.slice(10)) && isRealDate(text.slice(0, 10));
    case 'timestamptz':
      return text.endsWith('+00') && isRepresentable({ kind: 'timestamp' }, text.slice(0, -3));
    case 'bytes':
      return BYTES.test(text);
    case 'json':
    case 'text':
      return true;
    default:
      return type satisfies never;
  }
}

function isRealDate(text: string): boolean {
  return DATE.test(text) && isCalendarDay(text);
}

function isInteger(text: string): boolean {
  return INTEGER.test(text);
}

function isDecimal(text: string, precision: number, scale: number): boolean {
  const match = DECIMAL.exec(text);
  if (!match) return false;
  const [, whole = '', fraction = ''] = match;
  const digits = whole === '0' ? 0 : whole.length;
  return withoutClosingZeros(fraction) <= scale && digits <= precision - scale;
}

/**
 * Finite, and printed with as many digits as the text has, the same decimal again: `16777217` is no float, which would
 * print as 16777216.
 *
 * @param digits_max how many the width distinguishes: more are never the source's own
 */
function isReal(text: string, digits_max: number, round: (value: number) => number): boolean {
  if (SPECIAL_REALS.has(text)) return true;
  if (!REAL.test(text)) return false;
  const digits = mantissa(text);
  const value = round(Number(text));
  if (!Number.isFinite(value) || digits.length > digits_max) return false;
  const printed = value.toPrecision(Math.max(1, digits.length));
  // Just above a power of two the nearest decimal may read back as the number below; then the next one is printed.
  return mantissa(printed) === digits || round(Number(printed)) !== value || isHalfway(digits, value);
}

/** Whether the number lies exactly between these digits and others: which of them are printed depends on the language. */
function isHalfway(digits: string, value: number): boolean {
  const more = mantissa(value.toPrecision(digits.length + 20));
  if (more.length !== digits.length + 1 || !more.endsWith('5')) return false;
  return [0n, 1n].includes(BigInt(digits) - BigInt(more.slice(0, -1)));
}

/** The digits of a number from its first to its last that is not zero. */
function mantissa(text: string): string {
  const digits = (text.split('e')[0] ?? '').replace(/[-.]/g, '').replace(/^0+/, '');
  return digits.slice(0, withoutClosingZeros(digits));
}

/** The length of `digits` without its trailing zeros. It loops because /0+$/ takes quadratic time. */
function withoutClosingZeros(digits: string): number {
  let length = digits.length;
  while (length > 0 && digits[length - 1] === '0') length -= 1;
  return length;
}
