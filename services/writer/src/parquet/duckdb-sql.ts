/** Builds the SQL of one write task. Nothing here executes it. */
import { METADATA_COLUMNS } from '@bronze/common/words/entity';
import { parquetType, typeName } from './type-mapping.ts';
import { duckDbType } from './duckdb-types.ts';
import type { Conversion } from './parquet-engine.ts';
import { leavesNullsOut } from './staged-lines.ts';

/**
 * Partition names that are not dates: rows without one, all rows of an entity without one, and the quarantine. No value
 * is mistaken for the first or the last: ten characters of it count.
 */
export const NO_DATE = '__no_date__';
export const ALL_ROWS = '__all__';
export const QUARANTINED = '__quarantine__';

/** One COPY holds a buffer for each column of each event date. With more dates the rows go to a table first. */
const BUFFERS_PER_COPY = 2000;
const DATES_PER_COPY_MAX = 100;

/**
 * How many event dates one COPY may write: the wider the table, the fewer. It depends only on the columns, because the
 * bytes of the parts depend on it.
 */
export function datesPerCopy(task: DuckDbTask): number {
  const columns = task.columns.length + METADATA_COLUMNS.length;
  return Math.min(DATES_PER_COPY_MAX, Math.max(1, Math.floor(BUFFERS_PER_COPY / columns)));
}

/** How much DuckDB may buffer before it flushes the open partitions, and how much a row group may hold. */
const FLUSH_BYTES = 16 * 1024 * 1024;
const ROW_GROUP_BYTES = 64 * 1024 * 1024;
const FLUSH_ROWS_MAX = 65_536;
/** DuckDB's own default for row groups; and its vector size, which is the least it takes. */
const ROW_GROUP_ROWS_MAX = 122_880;
const ROWS_MIN = 2048;

/** A conversion whose batches are files. */
export interface DuckDbTask extends Omit<Conversion, 'batches'> {
  readonly files: readonly string[];
  readonly row_bytes_max: number;
  readonly row_bytes_mean: number;
  /** Whether a float column may hold 0 and -0. DuckDB 1.5's dictionary takes them for equal: all become the first. */
  readonly has_negative_zero: boolean;
}

export function literal(text: string): string {
  return `'${text.replaceAll("'", "''")}'`;
}

export function identifier(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}

/** Settings that the bytes of the parts depend on. So they must follow from the task alone. */
export function settingsSql(task: DuckDbTask): string[] {
  return [
    `SET TimeZone = 'UTC'`,
    `SET partitioned_write_max_open_files = ${datesPerCopy(task) + 2}`,
    `SET partitioned_write_flush_threshold = ${rowsWithin(FLUSH_BYTES, task, FLUSH_ROWS_MAX)}`,
  ];
}

function rowsWithin(bytes: number, task: DuckDbTask, rows_max: number): number {
  return Math.min(rows_max, Math.max(ROWS_MIN, Math.floor(bytes / Math.max(1, task.row_bytes_mean))));
}

/** One row per staged line, with the line as the column `json`. */
function linesSql(task: DuckDbTask): string {
  // DuckDB needs a bound on the length of a line. It is never less than DuckDB's own default of 16 MiB.
  const bound = Math.max(16 * 1024 * 1024, task.row_bytes_max + 1024);
  return `read_ndjson_objects([${task.files.map(literal).join(', ')}], compression = 'zstd', maximum_object_size = ${bound})`;
}

/**
 * Columns raw, t0…tn (the staged texts), with one parse per line. It raises on an extra key, which would be lost, and
 * on a missing one unless the source omits nulls, because the columns of a slice are fixed.
 */
function textsSql(task: DuckDbTask): string {
  const shape = task.columns.map(({ name }) => `${JSON.stringify(name)}:"VARCHAR"`).join(',');
  const texts = task.columns.map((_, i) => `, struct_extract_at(j, ${i + 1}) AS t${i}`);
  const object = leavesNullsOut(task.source_system)
    ? `from_json(${knownKeysSql(task)}, ${literal(`{${shape}}`)})`
    : `from_json_strict(raw, ${literal(`{${shape}}`)})`;
  return `SELECT raw${texts.join('')} FROM (SELECT raw, ${object} AS j
    FROM (SELECT CAST(json AS VARCHAR) AS raw FROM ${linesSql(task)}))`;
}

function knownKeysSql(task: DuckDbTask): string {
  const names = task.columns.map(({ name }) => literal(name)).join(', ');
  return `CASE WHEN list_has_all([${names}]::VARCHAR[], json_keys(raw)) THEN raw
    ELSE error('a staged line has a key that is not a column of its slice') END`;
}

/** SQL that is true or false, never null: whether the text of column i fits its type. Undefined: it always does. */
function fitsSql(task: DuckDbTask, i: number): string | undefined {
  const exact = duckDbType(parquetType(task.columns[i]?.type ?? '')).exact?.(`t${i}`, `v${i}`);
  return exact && `(t${i} IS NULL OR coalesce(${exact}, false))`;
}

/** SQL for the event date of a row that fits: the text of a date or timestamp begins with it. */
function dateSql(task: DuckDbTask): string {
  if (task.event_date_column === null) return literal(ALL_ROWS);
  const i = task.columns.findIndex(({ name }) => name === task.event_date_column);
  return `coalesce(left(t${i}, 10), ${literal(NO_DATE)})`;
}

/** Columns raw, t…, v… (typed values), part: the event date, or QUARANTINED if any value does not fit (decision 5). */
function typedSql(task: DuckDbTask): string {
  const values = task.columns.map(({ type }, i) => `, ${duckDbType(parquetType(type)).value(`t${i}`)} AS v${i}`);
  const fits = task.columns.map((_, i) => fitsSql(task, i)).filter((one) => one !== undefined);
  const all = fits.length > 0 ? fits.join('\n AND ') : 'true';
  return `SELECT *, CASE WHEN ${all} THEN ${dateSql(task)} ELSE ${literal(QUARANTINED)} END AS part
    FROM (SELECT *${values.join('')} FROM (${textsSql(task)}))`;
}

/** Columns hash, v0…vn, part: everything of a row that the files need. */
export function rowsSql(task: DuckDbTask): string {
  const values = task.columns.map((_, i) => `, v${i}`).join('');
  return `SELECT md5(raw) AS hash${values}, part FROM (${typedSql(task)})`;
}

/** Puts the same rows into a table that spills to disk, by date and within a date in their order. */
export function stageSql(task: DuckDbTask): string {
  return `CREATE TABLE stage.typed AS SELECT * EXCLUDE (seq)
    FROM (SELECT *, row_number() OVER () AS seq FROM (${rowsSql(task)})) ORDER BY part, seq`;
}

/** One FROM clause for each COPY from that table. */
export function stagedRanges(task: DuckDbTask, parts: readonly string[]): string[] {
  const dates = datesPerCopy(task);
  const starts = Array.from({ length: Math.ceil(parts.length / dates) }, (_, n) => n * dates);
  return starts.map((start) => {
    const range = parts.slice(start, start + dates);
    return `stage.typed WHERE part BETWEEN ${literal(range[0] ?? '')} AND ${literal(range.at(-1) ?? '')}`;
  });
}

/** How many event dates the first batch has: a guess at how many the task has, at a fifth of the cost. */
export function guessDatesSql(task: DuckDbTask): string {
  const i = task.columns.findIndex(({ name }) => name === task.event_date_column);
  const pointer = `/${(task.event_date_column ?? '').replaceAll('~', '~0').replaceAll('/', '~1')}`;
  return `SELECT count(DISTINCT ${dateSql(task)}) FROM (
    SELECT json_extract_string(json, ${literal(pointer)}) AS t${i} FROM ${linesSql({ ...task, files: task.files.slice(0, 1) })})`;
}

/** Writes `{folder}/{partition}={part}/part_0.parquet` for each part, and returns one row about each file. */
export function copySql(task: DuckDbTask, folder: string, from: string): string {
  const partition = identifier(partitionColumn(task));
  const metadata = Object.entries(task.provenance).map(([key, value]) => `${identifier(key)}: ${literal(value)}`);
  return `COPY (${bronzeSql(task, from)}) TO ${literal(folder)} (FORMAT parquet, COMPRESSION snappy,
    ROW_GROUP_SIZE ${rowsWithin(ROW_GROUP_BYTES, task, ROW_GROUP_ROWS_MAX)}, KV_METADATA {${metadata.join(', ')}},${task.has_negative_zero ? ' DICTIONARY_SIZE_LIMIT 0,' : ''}
    PARTITION_BY (${partition}), FILENAME_PATTERN 'part_{i}', OVERWRITE_OR_IGNORE, RETURN_STATS)`;
}

function bronzeSql(task: DuckDbTask, from: string): string {
  const columns = task.columns.map(
    ({ name, type }, i) => `${duckDbType(parquetType(type)).output(`v${i}`)} AS ${identifier(name)}, `,
  );
  return `SELECT ${columns.join('')}TIMESTAMPTZ ${literal(task.ingested_at)} AS "_ingestion_ts",
    ${literal(task.source_system)} AS "_source_system", hash AS "_record_hash", ${literal(task.load_id)} AS "_ingestion_id",
    part AS ${identifier(partitionColumn(task))} FROM ${from}`;
}

/** The partition column only names folders and is not in the files. No source column may have the same name. */
function partitionColumn(task: DuckDbTask): string {
  const taken = new Set(task.columns.map(({ name }) => name.toLowerCase()));
  let name = 'part';
  while (taken.has(name)) name += '_';
  return name;
}

/** Columns reason, raw for each row that does not fit. */
export function quarantineSql(task: DuckDbTask): string {
  const reasons = task.columns.flatMap(({ name, type }, i) => {
    const fits = fitsSql(task, i);
    if (!fits) return [];
    const says = literal(`${name}: `);
    const ends = literal(` is not exactly a ${typeName(parquetType(type))}`);
    return [`CASE WHEN NOT ${fits} THEN ${says} || to_json(left(t${i}, 200)) || ${ends} END`];
  });
  return `SELECT concat_ws('; ', ${reasons.join(', ')}) AS reason, raw
    FROM (${typedSql(task)}) WHERE part = ${literal(QUARANTINED)}`;
}
