import type { ParquetType } from '@bronze/writer/parquet/type-mapping';

/** What DuckDB makes of a column that has one type in some files and another in others, with `union_by_name = true`. */
export type Together =
  /** Nothing differs. */
  | { readonly kind: 'same' }
  /** It reads every value of both, as this type. */
  | { readonly kind: 'exact'; readonly as: string }
  /** It may round values, or refuse some. */
  | { readonly kind: 'inexact' }
  /** It fails. */
  | { readonly kind: 'impossible' };

type Kind = ParquetType['kind'];

const NUMBERS: ReadonlySet<Kind> = new Set(['boolean', 'int32', 'int64', 'decimal', 'float', 'double']);
/** The later one holds what the earlier ones hold. A time without a zone is read as one of the session's. */
const TIMES: readonly Kind[] = ['date', 'timestamp', 'timestamptz'];
const TIME_NAMES = ['DATE', 'TIMESTAMP', 'TIMESTAMP WITH TIME ZONE'];
const DECIMAL_DIGITS_MAX = 38;

/** For types as they are in the files: JSON is text there. The rules are those of DuckDB 1.5, and a test holds them. */
export function readTogether(before: ParquetType, now: ParquetType): Together {
  const kinds = [before.kind, now.kind];
  if (JSON.stringify(before) === JSON.stringify(now)) return { kind: 'same' };
  if (kinds.includes('bytes')) return kinds.includes('text') ? { kind: 'inexact' } : { kind: 'impossible' };
  if (kinds.includes('text')) return { kind: 'exact', as: 'VARCHAR' };
  if (kinds.every((kind) => NUMBERS.has(kind))) return numbersTogether(before, now);
  if (!kinds.every((kind) => TIMES.includes(kind))) return { kind: 'impossible' };
  const as = TIME_NAMES[Math.max(...kinds.map((kind) => TIMES.indexOf(kind)))];
  return as === undefined ? { kind: 'impossible' } : { kind: 'exact', as };
}

function numbersTogether(before: ParquetType, now: ParquetType): Together {
  const kinds = [before.kind, now.kind];
  if (kinds.includes('double')) return floating('DOUBLE', kinds, ['boolean', 'int32', 'float', 'double']);
  if (kinds.includes('float')) return floating('FLOAT', kinds, ['boolean', 'float']);
  if (!kinds.includes('decimal')) return { kind: 'exact', as: kinds.includes('int64') ? 'BIGINT' : 'INTEGER' };
  const digits = [digitsOf(before), digitsOf(now)];
  const whole = Math.max(...digits.map((one) => one.whole));
  const scale = Math.max(...digits.map((one) => one.scale));
  if (whole + scale > DECIMAL_DIGITS_MAX) return { kind: 'inexact' };
  return { kind: 'exact', as: `DECIMAL(${whole + scale},${scale})` };
}

function floating(as: string, kinds: readonly Kind[], held: readonly Kind[]): Together {
  return kinds.every((kind) => held.includes(kind)) ? { kind: 'exact', as } : { kind: 'inexact' };
}

/** How many digits a number has before and after the point. */
function digitsOf(type: ParquetType): { readonly whole: number; readonly scale: number } {
  if (type.kind === 'decimal') return { whole: type.precision - type.scale, scale: type.scale };
  const whole = { boolean: 1, int32: 10, int64: 19 }[type.kind as 'boolean'];
  return { whole, scale: 0 };
}
