import type { ParquetType } from './type-mapping.ts';

/** How DuckDB types one column, from SQL `t` (the staged text) to SQL `v` (the typed value). */
export interface DuckDbType {
  /** SQL that never raises: null if the text is not a value of the type. */
  value(t: string): string;
  /** SQL: true if `v` is exactly the value that `t` spells; false or null if not. Undefined: every text fits. */
  readonly exact: ((t: string, v: string) => string) | undefined;
  /** SQL for the value as it is written to the file. */
  output(v: string): string;
}

/**
 * `TRY_CAST` alone changes values silently: '1.5' becomes 2, '12.345' 12.35, '1e400' infinity, a seventh fraction
 * digit is cut off, and '0044-03-15 BC' becomes the year 44. So a value counts only if it prints as the text it came
 * from, or if that text is another spelling of the same number.
 *
 * A -0 counts as exact. A DECIMAL has no sign for it; a FLOAT or DOUBLE keeps it, see `negative-zero.ts`.
 */
export function duckDbType(type: ParquetType): DuckDbType {
  switch (type.kind) {
    case 'int32':
      return casting('INTEGER', sameText);
    case 'int64':
      return casting('BIGINT', sameText);
    case 'decimal':
      return casting(`DECIMAL(${type.precision},${type.scale})`, decimalExact(type.scale));
    case 'float':
      return casting('FLOAT', realExact('FLOAT', 9));
    case 'double':
      return casting('DOUBLE', realExact('DOUBLE', 17));
    case 'boolean':
      return { value: (t) => `(${t} = 't')`, exact: (t) => `${t} IN ('t', 'f')`, output: (v) => v };
    case 'date':
      return casting('DATE', (t, v) => `${sameText(t, v)} AND ${inYears(v, 'DATE')}`);
    case 'timestamp':
      return casting('TIMESTAMP', (t, v) => `${sameText(t, v)} AND ${inYears(v, 'TIMESTAMP')}`);
    case 'timestamptz':
      return TIMESTAMPTZ;
    case 'bytes':
      return BYTES;
    case 'json':
    case 'text':
      return { value: (t) => t, exact: undefined, output: (v) => v };
    default:
      return type satisfies never;
  }
}

function casting(name: string, exact: NonNullable<DuckDbType['exact']>): DuckDbType {
  return { value: (t) => `TRY_CAST(${t} AS ${name})`, exact, output: (v) => v };
}

function sameText(t: string, v: string): string {
  return `CAST(${v} AS VARCHAR) = ${t}`;
}

/** Parquet readers agree only on the years 1 to 9999. Infinities compare as outside of them. */
function inYears(v: string, type: 'DATE' | 'TIMESTAMP'): string {
  return `${v} >= ${type} '0001-01-01' AND ${v} < ${type} '10000-01-01'`;
}

/** '12.3' and '12.3000' are DECIMAL(12,2) too. DuckDB's CASE is lazy and OR is not: the pattern runs only if needed. */
function decimalExact(scale: number): NonNullable<DuckDbType['exact']> {
  const fraction = scale === 0 ? '0+' : `[0-9]{1,${scale}}0*`;
  return (t, v) =>
    `CASE WHEN ${sameText(t, v)} THEN true ELSE ${v} IS NOT NULL AND regexp_full_match(${t}, '-?(0|[1-9][0-9]*)([.]${fraction})?') END`;
}

/**
 * A text counts if its number is finite and, printed with as many digits as the text has, the same decimal again. That
 * holds for the shortest text, which PostgreSQL and most APIs print, and for a printed `%.17g`. DuckDB's own text of a
 * float says yes, but never no: it may be longer than the shortest, and of 2^81 it is wrong.
 *
 * @param digits_max how many the width distinguishes: 9 for float4, 17 for float8
 */
function realExact(name: 'FLOAT' | 'DOUBLE', digits_max: number): NonNullable<DuckDbType['exact']> {
  return (t, v) => {
    const digits = mantissa(t);
    const printed = printedSql(v, `greatest(length(${digits}), 1)`);
    // Each case costs more than those before it. DuckDB's CASE is lazy and OR is not.
    return `CASE WHEN ${sameText(t, v)} AND isfinite(${v}) THEN true
      WHEN ${t} IN ('NaN', 'Infinity', '-Infinity') THEN true
      WHEN NOT coalesce(isfinite(${v}) AND regexp_full_match(${t}, '-?[0-9]+([.][0-9]+)?(e[+-][0-9]{1,4})?')
        AND length(${digits}) <= ${digits_max}, false) THEN false
      WHEN ${mantissa(printed)} = ${digits} THEN true
      WHEN coalesce(TRY_CAST(${printed} AS ${name}) <> ${v}, true) THEN true
      ELSE ${isHalfway(digits, mantissa(printedSql(v, `length(${digits}) + 20`)))} END`;
  };
}

/** SQL for a float with so many digits: `1.50e+05`. */
function printedSql(v: string, digits: string): string {
  return `format('{:.' || (${digits} - 1) || 'e}', CAST(${v} AS DOUBLE))`;
}

/** SQL: whether a number of the digits `more` lies exactly between `digits` and others. Languages print either. */
function isHalfway(digits: string, more: string): string {
  const below = `TRY_CAST(left(${more}, -1) AS HUGEINT)`;
  return `coalesce(length(${more}) = length(${digits}) + 1 AND right(${more}, 1) = '5'
    AND TRY_CAST(${digits} AS HUGEINT) - ${below} IN (0, 1), false)`;
}

/** SQL for the digits of a number from its first to its last that is not zero. */
function mantissa(t: string): string {
  return `trim(replace(replace(split_part(${t}, 'e', 1), '.', ''), '-', ''), '0')`;
}

/** A TIMESTAMP until it is written: printing a TIMESTAMPTZ goes through ICU and takes 40 % longer. */
const TIMESTAMPTZ: DuckDbType = {
  value: (t) => `TRY_CAST(${t} AS TIMESTAMP)`,
  exact: (t, v) => `CAST(${v} AS VARCHAR) || '+00' = ${t} AND ${inYears(v, 'TIMESTAMP')}`,
  output: (v) => `make_timestamptz(epoch_us(${v}))`,
};

const BYTES: DuckDbType = {
  value: (t) => `CASE WHEN regexp_full_match(${t}, '\\\\x([0-9a-f][0-9a-f])*') THEN unhex(substr(${t}, 3)) END`,
  exact: (_, v) => `${v} IS NOT NULL`,
  output: (v) => v,
};
