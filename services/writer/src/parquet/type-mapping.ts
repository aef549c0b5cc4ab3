/** What a source's type becomes in Parquet, for both engines. A test compares this mapping with `docs/types.md`. */
export type ParquetType =
  | { readonly kind: 'int32' }
  | { readonly kind: 'int64' }
  | { readonly kind: 'decimal'; readonly precision: number; readonly scale: number }
  | { readonly kind: 'float' }
  | { readonly kind: 'double' }
  | { readonly kind: 'boolean' }
  /** Microseconds, adjusted to UTC. */
  | { readonly kind: 'timestamptz' }
  /** Microseconds of local time: the zone is not known. */
  | { readonly kind: 'timestamp' }
  | { readonly kind: 'date' }
  | { readonly kind: 'json' }
  | { readonly kind: 'bytes' }
  | { readonly kind: 'text' };

/** The most digits of a DECIMAL in DuckDB and in most readers of Parquet. */
const PRECISION_MAX = 38;

const BY_NAME: Readonly<Record<string, ParquetType>> = {
  smallint: { kind: 'int32' },
  integer: { kind: 'int32' },
  bigint: { kind: 'int64' },
  real: { kind: 'float' },
  'double precision': { kind: 'double' },
  boolean: { kind: 'boolean' },
  date: { kind: 'date' },
  json: { kind: 'json' },
  jsonb: { kind: 'json' },
  bytea: { kind: 'bytes' },
};

/**
 * @param sourceType as PostgreSQL's `format_type` prints it: `numeric(12,2)`, `timestamp(3) with time zone`,
 *   `text[]`, `public.mood`. A type that is not in the table is kept as the text that PostgreSQL prints.
 */
export function parquetType(sourceType: string): ParquetType {
  const numeric = /^numeric\((\d+),(-?\d+)\)$/.exec(sourceType);
  if (numeric) return decimal(Number(numeric[1]), Number(numeric[2]));
  if (/^timestamp(?:\(\d\))? with time zone$/.test(sourceType)) return { kind: 'timestamptz' };
  if (/^timestamp(?:\(\d\))? without time zone$/.test(sourceType)) return { kind: 'timestamp' };
  return Object.hasOwn(BY_NAME, sourceType) ? (BY_NAME[sourceType] ?? TEXT) : TEXT;
}

const TEXT: ParquetType = { kind: 'text' };

/** PostgreSQL allows 1,000 digits, negative scales, and scales above the precision. Such columns become text. */
function decimal(precision: number, scale: number): ParquetType {
  const fits = precision <= PRECISION_MAX && scale >= 0 && scale <= precision;
  return fits ? { kind: 'decimal', precision, scale } : TEXT;
}

/** The kinds whose every value parquetjs-lite writes exactly. */
const PARQUETJS_KINDS: ReadonlySet<ParquetType['kind']> = new Set(['int32', 'boolean', 'date', 'bytes']);

/** The type that an engine gives the column in its files. Neither marks JSON, which is text there. */
export function writtenType(sourceType: string, engine: string): ParquetType {
  const type = parquetType(sourceType);
  const isText = type.kind === 'json' || (engine === 'parquetjs-lite' && !PARQUETJS_KINDS.has(type.kind));
  return isText ? TEXT : type;
}

/** The type's name for quarantine reasons and reports: `decimal(12,2)`, `timestamptz`. */
export function typeName(type: ParquetType): string {
  return type.kind === 'decimal' ? `decimal(${type.precision},${type.scale})` : type.kind;
}
