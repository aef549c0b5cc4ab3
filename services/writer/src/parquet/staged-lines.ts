import type { Column, SourceSystem } from '@bronze/common/words/entity';
import { BronzeError } from '@bronze/common/words/failure';
import { asEventDate, NULL_EVENT_DATE } from '@bronze/common/load/object-keys';
import { isRepresentable } from './representable.ts';
import { parquetType, typeName } from './type-mapping.ts';

/** A record as staged: each value is PostgreSQL's text or null. Only own properties count, even `__proto__`. */
export type StagedRow = Readonly<Record<string, string | null>>;

const SHOWN_CHARACTERS = 200;

interface MismatchContext {
  readonly columns: readonly Column[];
  readonly source_system: SourceSystem;
}

/** Calls `visit` with each line of an NDJSON batch, in order and without its newline. */
export function eachLine(ndjson: Uint8Array, visit: (line: Uint8Array) => void): void {
  for (let start = 0; start < ndjson.length;) {
    const end = ndjson.indexOf(0x0a, start);
    visit(ndjson.subarray(start, end === -1 ? ndjson.length : end));
    start = end === -1 ? ndjson.length : end + 1;
  }
}

export function parseLine(line: Uint8Array): StagedRow {
  return JSON.parse(Buffer.from(line.buffer, line.byteOffset, line.length).toString()) as StagedRow;
}

/** Whether the source's lines omit nulls: an API's do (decision 13), a table's have every column. */
export function leavesNullsOut(source_system: SourceSystem): boolean {
  return source_system === 'api';
}

/** A key without a column would be lost. @throws BronzeError OBJECT_CORRUPT if the row has one */
export function assertKnownKeys(row: StagedRow, columns: readonly Column[]): void {
  const names = new Set(columns.map(({ name }) => name));
  if (Object.keys(row).every((key) => names.has(key))) return;
  throw new BronzeError('OBJECT_CORRUPT', {
    message: 'a staged line has a key that is not a column of its slice',
    hint: 'Nothing was written. Please report this with the load’s staging folder.',
  });
}

/** Why a row can't be in bronze, naming each column whose value does not fit its type; undefined if it can. */
export function typeMismatch(row: StagedRow, { columns, source_system }: MismatchContext): string | undefined {
  const absent = leavesNullsOut(source_system) ? null : undefined;
  const reasons = columns.flatMap(({ name, type }) => {
    const value = Object.hasOwn(row, name) ? row[name] : absent;
    const parquet = parquetType(type);
    if (value === null || (typeof value === 'string' && isRepresentable(parquet, value))) return [];
    return [`${name}: ${JSON.stringify(value?.slice(0, SHOWN_CHARACTERS))} is not exactly a ${typeName(parquet)}`];
  });
  return reasons.length === 0 ? undefined : reasons.join('; ');
}

/**
 * The event date of a row that fits: the text of a date or timestamp begins with it. Null without such a column.
 *
 * @throws BronzeError COLUMN_UNSUPPORTED if the column is of another type, and the value no date
 */
export function eventDateOf(row: StagedRow, column: string | null): string | null {
  if (column === null) return null;
  const text = Object.hasOwn(row, column) ? row[column] : null;
  return typeof text === 'string' ? asEventDate(text.slice(0, 10)) : NULL_EVENT_DATE;
}
