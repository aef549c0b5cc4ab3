import type { ParquetType } from '../parquet/type-mapping.ts';

/** A type as Glue and Athena's DDL name it: `bigint`, `decimal(12,2)`, `string`. */
export function glueType(type: ParquetType): string {
  switch (type.kind) {
    case 'int32':
      return 'int';
    case 'int64':
      return 'bigint';
    case 'decimal':
      return `decimal(${type.precision},${type.scale})`;
    case 'timestamp':
    case 'timestamptz':
      return 'timestamp';
    case 'bytes':
      return 'binary';
    case 'json':
    case 'text':
      return 'string';
    case 'float':
    case 'double':
    case 'boolean':
    case 'date':
      return type.kind;
    default:
      return type satisfies never;
  }
}

/**
 * The narrowest type by which Athena reads files of all these types, where they lie in one partition: its reader of
 * Parquet widens integers, floats and decimals, and nothing else. Undefined: there is none.
 */
export function readableAs(types: ReadonlySet<string>): string | undefined {
  const [first, ...others] = types;
  if (first === undefined || others.length === 0) return first;
  for (const [narrow, wide] of WIDER) {
    if ([...types].every((type) => type === narrow || type === wide)) return wide;
  }
  return widerDecimal([...types]);
}

const WIDER = [
  ['int', 'bigint'],
  ['float', 'double'],
] as const;

/**
 * The type of a table's column whose partitions have these types: what {@link readableAs} says, else text, to which
 * Athena casts what each partition holds. Undefined: there is a type among them that it can't cast.
 */
export function castableTo(types: ReadonlySet<string>): string | undefined {
  const read = readableAs(types);
  if (read !== undefined || types.size === 0) return read;
  return [...types].every((type) => CAST_TO_TEXT.test(type)) ? 'string' : undefined;
}

/** Booleans, dates, floats and binary values are not cast to text. */
const CAST_TO_TEXT = /^(?:int|bigint|double|timestamp|string|decimal\(.*)$/;

const DECIMAL = /^decimal\((\d+),(\d+)\)$/;
const PRECISION_MAX = 38;

/** As many digits before and behind the point as any of them has. */
function widerDecimal(types: readonly string[]): string | undefined {
  const digits = types.map((type) => DECIMAL.exec(type));
  const scale = Math.max(...digits.map((found) => Number(found?.[2])));
  const precision = scale + Math.max(...digits.map((found) => Number(found?.[1]) - Number(found?.[2])));
  return precision <= PRECISION_MAX ? `decimal(${precision},${scale})` : undefined;
}
