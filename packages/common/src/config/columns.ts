/** What the configuration says about single columns of a table, or fields of an endpoint's records. */
import * as z from 'zod/mini';
import { isColumnName, reservedBecause } from '../words/entity.ts';

/** Settings of one column, by its name in the source. */
export interface ColumnSettings {
  /** Only of an endpoint's field; a table's columns have types. */
  readonly type?: string | undefined;
  /** The column's name in Bronze; default: the name that it has in the source. */
  readonly as?: string | undefined;
}

/** What knows its columns' settings: an entity. */
export interface Columns {
  readonly columns: Readonly<Record<string, ColumnSettings>>;
}

export const newName = z
  .string()
  .check(
    z.refine(
      (name) => isColumnName(name) && name.trim() === name && !/\p{Cc}/u.test(name),
      'expected a name without control characters, and without spaces around it',
    ),
  );

/** The settings of a column; `{}` if there are none. */
export function settingsOf({ columns }: Columns, name: string): ColumnSettings {
  return (Object.hasOwn(columns, name) ? columns[name] : undefined) ?? {};
}

/** The type that is declared for a field; undefined if none is. */
export function declaredType(entity: Columns, name: string): string | undefined {
  return settingsOf(entity, name).type;
}

/** The name in Bronze (staged lines, manifests, Parquet) of a column that its source calls `name`. */
export function bronzeName(entity: Columns, name: string): string {
  return settingsOf(entity, name).as ?? name;
}

const SUGGESTED_CHARACTERS = 56;

interface Named extends Columns {
  readonly event_date: string | null;
  readonly deleted_at?: string | null;
  readonly exclude?: readonly string[];
}

/** Adds a mistake for each new name that no column can have. What the source has besides is not known here. */
export function checkNewNames(payload: z.core.ParsePayload<Named>): void {
  const { columns } = payload.value;
  for (const [name, { as }] of Object.entries(columns)) {
    const message = as === undefined ? undefined : whyNot(payload.value, name, as);
    if (message === undefined) continue;
    payload.issues.push({ code: 'custom', path: ['columns', name, 'as'], input: as, message });
  }
}

function whyNot(entity: Named, name: string, as: string): string | undefined {
  if (entity.exclude?.includes(name)) return `${name} is under exclude, so it has no name in Bronze`;
  const because = reservedBecause(as, entity);
  if (because !== undefined) return `no column can have this name, ${because}`;
  const twin = Object.keys(entity.columns).find((other) => {
    return other !== name && bronzeName(entity, other).toLowerCase() === as.toLowerCase();
  });
  return twin === undefined ? undefined : `${twin} has this name already; upper and lower case count alike`;
}

/**
 * Settings as they are written in bronze.config.ts: `event_date: { as: 'event_at' }`. Text in double quotes is escaped as
 * in JSON, which TypeScript reads too.
 */
export function written(name: string, { type, as }: ColumnSettings): string {
  const key = /^[a-zA-Z_][a-zA-Z0-9_]*$/.test(name) ? name : JSON.stringify(name);
  if (type !== undefined && as === undefined) return `${key}: '${type}'`;
  const members = [
    ...(type === undefined ? [] : [`type: '${type}'`]),
    ...(as === undefined ? [] : [`as: ${quoted(as)}`]),
  ];
  return `${key}: { ${members.join(', ')} }`;
}

function quoted(name: string): string {
  return /^[\w $-]*$/.test(name) ? `'${name}'` : JSON.stringify(name);
}

/**
 * How to rename columns whose names Bronze can't take: what to add to the entity's configuration, ready to be pasted.
 *
 * @param names the columns, as the source names them
 * @param taken all names that the source has
 */
export function renaming(
  entity: Columns & { readonly name: string },
  names: readonly string[],
  taken: Iterable<string>,
): string {
  const used = new Set([...taken, ...Object.keys(entity.columns).map((name) => bronzeName(entity, name))].map(folded));
  const entries = names.map((name) => {
    const as = freeName(suggested(name), used);
    used.add(as);
    return written(name, { ...settingsOf(entity, name), as });
  });
  return Object.keys(entity.columns).length === 0
    ? `set columns: { ${entries.join(', ')} } of ${entity.name}`
    : `set ${entries.join(', ')} in columns of ${entity.name}`;
}

/** `source_load_type` for `Load_Type`. */
function suggested(name: string): string {
  const words = folded(name)
    .replaceAll(/[^\p{L}\p{N}_]+/gu, '_')
    .replace(/^_+/, '');
  return `source_${words.slice(0, SUGGESTED_CHARACTERS) || 'column'}`;
}

function freeName(name: string, used: ReadonlySet<string>): string {
  for (let number = 1; ; number += 1) {
    const one = number === 1 ? name : `${name}_${number}`;
    if (!used.has(one)) return one;
  }
}

function folded(name: string): string {
  return name.toLowerCase();
}
