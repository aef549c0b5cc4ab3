import { postgresSourceSchema, tableColumnSchema, tableEntitySchema } from './postgres.ts';
import { PAGING_SCHEMAS } from './paging.ts';
import { endpointEntitySchema, fieldSchema, restSourceSchema, sinceSchema } from './rest.ts';

/** Which keys a source and its entities may have depends on the source's type. */
export const SOURCE_SCHEMAS = { postgres: postgresSourceSchema, rest: restSourceSchema };
export const ENTITY_SCHEMAS = { postgres: tableEntitySchema, rest: endpointEntitySchema };
/** The settings of one column. */
export const COLUMN_SCHEMAS = { postgres: tableColumnSchema, rest: fieldSchema };

/** The keys allowed at a path of a configuration as written; empty if they can't be determined. */
export function knownKeysAt(input: unknown, path: readonly PropertyKey[]): readonly string[] {
  const [section, name, field] = path;
  const written = recordAt(recordAt(input, String(section)), String(name));
  if (section === undefined) return ['sources', 'entities'];
  if (section === 'sources') return keysOf(SOURCE_SCHEMAS, Reflect.get(written, 'type'));
  if (field === undefined) return keysOf(ENTITY_SCHEMAS, kindOfEntity(input, written));
  if (field === 'columns') return keysOf(COLUMN_SCHEMAS, kindOfEntity(input, written));
  if (field === 'paging') return keysOf(PAGING_SCHEMAS, Reflect.get(recordAt(written, 'paging'), 'style'));
  return field === 'since' ? Object.keys(sinceSchema.shape) : [];
}

function keysOf(schemas: Readonly<Record<string, { readonly shape: object }>>, type: unknown): readonly string[] {
  const schema = typeof type === 'string' && Object.hasOwn(schemas, type) ? schemas[type] : undefined;
  return Object.keys(schema?.shape ?? {});
}

/** The kind of an entity as written: its source's type or, without a valid source, `rest` if it has an `endpoint`. */
export function kindOfEntity(input: unknown, entity: unknown): keyof typeof ENTITY_SCHEMAS {
  const name: unknown = Reflect.get(Object(entity), 'source');
  const type: unknown =
    typeof name === 'string' ? Reflect.get(recordAt(recordAt(input, 'sources'), name), 'type') : undefined;
  if (type === 'postgres' || type === 'rest') return type;
  return Object.hasOwn(Object(entity), 'endpoint') ? 'rest' : 'postgres';
}

/** The object under an own key of a value of any type; `{}` if there is none. */
export function recordAt(value: unknown, key: string): object {
  const found: unknown = Object.hasOwn(Object(value), key) ? Reflect.get(Object(value), key) : undefined;
  return typeof found === 'object' && found !== null ? found : {};
}
