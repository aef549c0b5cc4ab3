import type { LoadRecord } from '@bronze/common/load/load-record';
import { describeChanges, inLine, type SchemaChange } from '@bronze/common/load/schema-changes';
import { identifier } from '@bronze/writer/parquet/duckdb-sql';
import { typeName, writtenType } from '@bronze/writer/parquet/type-mapping';
import { commandLine, type GivenOptions } from '../terminal/command-line.ts';
import { readTogether } from './read-together.ts';

type DriftedLoad = Pick<
  LoadRecord,
  'entity' | 'load_type' | 'window_fallback' | 'columns' | 'engines' | 'schema_changes'
>;

/** As many lines about single columns as fit a screen; the load record has all. */
const LINES_MAX = 10;
const NAMES_MAX = 10;
const RECIPE = 'docs/recipes.md#a-column-that-changed-its-type';

/**
 * What a run says about a load whose columns are not those of the load before: what changed, and what that means.
 *
 * @param called for the command that a line proposes
 * @param isReadAgain whether the same run has made a full load after it
 */
export function driftLines(record: DriftedLoad, called: GivenOptions, isReadAgain = false): string[] {
  const changes = record.schema_changes ?? [];
  if (changes.length === 0) return [];
  const meaning = [
    ...addedLines(changes, isReadAgain ? 'the full load after this one has it' : whatBrings(record, called)),
    ...droppedLines(changes),
    ...changes.flatMap((change) => lineOf(record, changes, change)),
  ];
  const shown = meaning.slice(0, LINES_MAX);
  const more = meaning.length > shown.length ? ['and more: schema_changes of the load record has all'] : [];
  const first = `${record.entity}: its columns changed: ${describeChanges(changes)}`;
  return [first, ...[...shown, ...more].map((line) => `  ${line}`)];
}

function addedLines(changes: readonly SchemaChange[], remedy: string): string[] {
  const names = changes.filter((one) => one.kind === 'added' && !isReplaced(changes, one)).map(({ column }) => column);
  if (names.length === 0) return [];
  return [`${listed(names)}: rows loaded before have NULL there, whatever the source has now; ${remedy}`];
}

/** A table that a new column rewrote is read whole; otherwise its old rows look as if nothing had happened to them. */
function whatBrings({ entity, load_type, window_fallback }: DriftedLoad, called: GivenOptions): string {
  if (load_type === 'full') return 'this full load has it';
  return window_fallback === 'table_rewritten'
    ? 'the table was rewritten, so this load read it whole and has it'
    : `${commandLine(['run', entity, '--full'], called)} brings it`;
}

function droppedLines(changes: readonly SchemaChange[]): string[] {
  const names = changes
    .filter((one) => one.kind === 'dropped' && !isReplaced(changes, one))
    .map(({ column }) => column);
  return names.length === 0 ? [] : [`${listed(names)}: rows loaded before keep it, later ones have NULL there`];
}

/** Whether one column was dropped and another one has its name. */
function isReplaced(changes: readonly SchemaChange[], { kind, column }: SchemaChange): boolean {
  return has(changes, kind === 'added' ? 'dropped' : 'added', column);
}

function lineOf(record: DriftedLoad, changes: readonly SchemaChange[], change: SchemaChange): string[] {
  const { kind, column, from = '', to = '' } = change;
  const name = inLine(column);
  if (kind === 'renamed') return [`${name}: ${renamedText(record, changes, change)}`];
  if (kind === 'retyped' && !has(changes, 'renamed', column)) return [`${name}: ${typesText(record, from, to)}`];
  if (kind !== 'added' || !isReplaced(changes, change)) return [];
  return [`${name}: another column has this name now; ${replacedText(record, changes, change)}`];
}

function has(changes: readonly SchemaChange[], kind: SchemaChange['kind'], column: string): boolean {
  return changes.some((one) => one.kind === kind && one.column === column);
}

function replacedText(record: DriftedLoad, changes: readonly SchemaChange[], { column, to = '' }: SchemaChange) {
  const text = 'rows loaded before have values of the old one';
  const { from = '' } = changes.find((one) => one.kind === 'dropped' && one.column === column) ?? {};
  return from === to ? text : `${text}; ${typesText(record, from, to)}`;
}

/** `coalesce` reads both only if no file has another column of one of the names. */
function renamedText(record: DriftedLoad, changes: readonly SchemaChange[], { column, from = '' }: SchemaChange) {
  const text = `rows loaded before have it as ${inLine(from)}`;
  const isTaken =
    record.columns.some(({ name }) => name === from) ||
    changes.some((one) => one.kind === 'renamed' && one.from === column) ||
    has(changes, 'dropped', column);
  if (isTaken) return `${text}, and another column as ${inLine(column)}`;
  const isRetyped = has(changes, 'retyped', column);
  const [now, before] = [column, from].map((name) => (isRetyped ? `${identifier(name)}::VARCHAR` : identifier(name)));
  return `${text}: coalesce(${now}, ${before}) reads both`;
}

function typesText({ engines }: DriftedLoad, from: string, to: string): string {
  const engine = engines.at(-1)?.name ?? 'duckdb';
  const [before, now] = [writtenType(from, engine), writtenType(to, engine)];
  const together = readTogether(before, now);
  if (together.kind === 'same')
    return `both types are ${typeName(now)} in Parquet, so queries read all files as before`;
  const files = `files from before have ${typeName(before)}, later ones ${typeName(now)}`;
  switch (together.kind) {
    case 'exact':
      return `${files}; with union_by_name = true DuckDB reads both as ${together.as}`;
    case 'inexact':
      return `${files}; read together, values may be rounded or refused: see ${RECIPE}`;
    case 'impossible':
      return `${files}; DuckDB can’t read both in one query: see ${RECIPE}`;
    default:
      return together satisfies never;
  }
}

function listed(names: readonly string[]): string {
  const more = names.length - NAMES_MAX;
  return `${names.slice(0, NAMES_MAX).map(inLine).join(', ')}${more > 0 ? ` and ${more} more` : ''}`;
}
