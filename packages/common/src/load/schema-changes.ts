import { createHash } from 'node:crypto';
import * as z from 'zod/mini';
import type { Column } from '../words/entity.ts';
import type { SliceManifest } from './slice-manifest.ts';

/** How a column differs between two loads. Types are the source's: `numeric(12,2)`. */
export const schemaChangeSchema = z.object({
  kind: z.enum(['added', 'dropped', 'renamed', 'retyped']),
  /** Its name in Bronze now; of a dropped column the last one. */
  column: z.string(),
  /** What it was: a dropped column's or a retyped one's type, a renamed one's name. */
  from: z.optional(z.string()),
  /** What it is: an added column's or a retyped one's type. */
  to: z.optional(z.string()),
});
export type SchemaChange = z.infer<typeof schemaChangeSchema>;

/** What a load, or one slice of it, knew about the columns of its entity. */
export interface Schema {
  readonly columns: readonly Column[];
  /**
   * Columns that stand for fields which no record has any more: the types of an API's fields are kept (decision 17).
   * Undefined: nobody looked.
   */
  readonly unseen_columns?: readonly string[] | undefined;
}

/**
 * How the columns of a load differ from those of an earlier one, in the order of the columns now, dropped ones last.
 *
 * A column with another name and the same id was renamed. One with the same name and another id in the same table is
 * another column: the old one is dropped, the new one added. Where ids say nothing, because a source has none or the
 * table was replaced, columns go by their names, and a renamed one is dropped and added.
 */
export function schemaChanges(before: Schema, now: Schema): SchemaChange[] {
  const old = present(before);
  const columns = present(now);
  const kept = new Set<Column>();
  const changes = columns.flatMap((column): SchemaChange[] => {
    const was = old.find((one) => isSame(one, column)) ?? old.find((one) => isNamesake(one, column));
    if (!was) return [{ kind: 'added', column: column.name, to: column.type }];
    kept.add(was);
    return changesOf(was, column);
  });
  const dropped = old.filter((column) => !kept.has(column));
  return [...changes, ...dropped.map(({ name, type }) => ({ kind: 'dropped' as const, column: name, from: type }))];
}

function present({ columns, unseen_columns = [] }: Schema): Column[] {
  return columns.filter(({ name }) => !unseen_columns.includes(name));
}

function isSame(was: Column, is: Column): boolean {
  return is.id !== undefined && was.id === is.id;
}

function isNamesake(was: Column, is: Column): boolean {
  return was.name === is.name && (was.id === undefined || is.id === undefined || tableOf(was.id) !== tableOf(is.id));
}

/** `16384` of `16384.3`. */
function tableOf(id: string): string | undefined {
  return id.split('.')[0];
}

function changesOf(was: Column, { name, type }: Column): SchemaChange[] {
  return [
    ...(was.name === name ? [] : [{ kind: 'renamed' as const, column: name, from: was.name }]),
    ...(was.type === type ? [] : [{ kind: 'retyped' as const, column: name, from: was.type, to: type }]),
  ];
}

const DIGEST_CHARACTERS = 16;

/** Equal for equal schemas, so that the load before has to be read only if something has changed. */
export function schemaDigest({ columns, unseen_columns = [] }: Schema): string {
  const named = columns.map(({ name, type, id }) => [name, type, id]);
  const text = JSON.stringify([named, unseen_columns.toSorted()]);
  return createHash('sha256').update(text).digest('hex').slice(0, DIGEST_CHARACTERS);
}

/**
 * The schema of a load: the columns of its last slice, and those that no record of a full load had. What an incremental
 * load doesn't show may be in other records: it only shows that a field is back.
 */
export function schemaOf(
  slices: readonly SliceManifest[],
  before: Schema | undefined,
): Schema & { readonly unseen_columns: readonly string[] } {
  const columns = slices.at(-1)?.columns ?? [];
  const looked = slices.flatMap(({ unseen_columns }) => (unseen_columns ? [unseen_columns] : []));
  const [first, ...others] = looked;
  const unseen = first?.filter((name) => others.every((one) => one.includes(name)));
  const was = before?.unseen_columns ?? [];
  if (!unseen) return { columns, unseen_columns: was };
  const isFull = slices.at(-1)?.load.load_type === 'full';
  return { columns, unseen_columns: isFull ? unseen : was.filter((name) => unseen.includes(name)) };
}

const CHANGES_SHOWN = 10;

/** `added vip (boolean), qty from integer to text, renamed old_name to new_name, dropped gone (text)`, in one line. */
export function describeChanges(changes: readonly SchemaChange[]): string {
  const described = changes.slice(0, CHANGES_SHOWN).map(describeChange);
  const more = changes.length - described.length;
  return [...described, ...(more > 0 ? [`and ${more} more`] : [])].join(', ');
}

function describeChange({ kind, column, from = '', to = '' }: SchemaChange): string {
  switch (kind) {
    case 'added':
      return `added ${inLine(column)} (${inLine(to)})`;
    case 'dropped':
      return `dropped ${inLine(column)} (${inLine(from)})`;
    case 'renamed':
      return `renamed ${inLine(from)} to ${inLine(column)}`;
    case 'retyped':
      return `${inLine(column)} from ${inLine(from)} to ${inLine(to)}`;
    default:
      return kind satisfies never;
  }
}

/** A name as it can stand in a line of a log or a terminal: sources allow any character in it. */
export function inLine(name: string): string {
  return /\p{Cc}/u.test(name) ? JSON.stringify(name) : name;
}
