import * as z from 'zod/mini';
import { describeMistakes, type Mistake, nearest } from './mistakes.ts';
import { commonFields } from './fields.ts';
import { circleFrom } from './order.ts';
import { entityNameSchema } from '../words/entity.ts';
import { BronzeError } from '../words/failure.ts';
import { ENTITY_SCHEMAS, kindOfEntity, recordAt, SOURCE_SCHEMAS } from './schemas.ts';
import type { TableEntity, TableEntityInput, tableEntitySchema } from './postgres.ts';
import type { EndpointEntity, EndpointEntityInput, endpointEntitySchema } from './rest.ts';
import '../words/zod-locale.ts';

const sourceSchema = z.discriminatedUnion('type', [SOURCE_SCHEMAS.postgres, SOURCE_SCHEMAS.rest]);
const outlineSchema = z.strictObject({
  sources: z.record(entityNameSchema, sourceSchema),
  entities: z.record(entityNameSchema, z.looseObject({ source: commonFields.source })),
});

/** A configuration as a person writes it: keys that have a default are optional. */
export interface ConfigInput {
  readonly sources: Record<string, z.input<typeof sourceSchema>>;
  readonly entities: Record<string, TableEntityInput | EndpointEntityInput>;
}
export type SourceConfig = z.output<typeof sourceSchema>;
export interface Config {
  /** The file that it was read from, as the user named it: for messages only. */
  readonly file?: string;
  readonly sources: Readonly<Record<string, SourceConfig>>;
  readonly entities: Readonly<
    Record<string, z.output<typeof tableEntitySchema> | z.output<typeof endpointEntitySchema>>
  >;
}

/** An entity's configuration with its name. */
export type Entity = TableEntity | EndpointEntity;

export function isTable(entity: Entity): entity is TableEntity {
  return 'table' in entity;
}

export function isEndpoint(entity: Entity): entity is EndpointEntity {
  return 'endpoint' in entity;
}

/**
 * Checks a whole configuration and fills in the defaults.
 *
 * @throws BronzeError CONFIG_INVALID listing every mistake with its path, value and a suggestion
 */
export function defineConfig(input: ConfigInput): Config {
  const decoded = decodeConfig(input);
  if ('config' in decoded) return decoded.config;
  const mistakes = describeMistakes(input, decoded.mistakes);
  throw new BronzeError('CONFIG_INVALID', {
    message: `the configuration has ${mistakes.length === 1 ? 'a mistake' : `${mistakes.length} mistakes`}:\n${mistakes.map((one) => `  - ${one}`).join('\n')}`,
    hint: 'Fix the paths above; docs/configuration.md lists every key.',
  });
}

/** The decoded configuration, or what is wrong with it in zod's words. */
export function decodeConfig(input: unknown): { readonly config: Config } | { readonly mistakes: readonly Mistake[] } {
  const outline = z.safeParse(outlineSchema, input);
  const entities = Object.entries(recordAt(input, 'entities')).map(([name, value]) => {
    return { name, value, decoded: z.safeParse(ENTITY_SCHEMAS[kindOfEntity(input, value)], value) };
  });
  const mistakes = [
    ...(outline.error?.issues ?? []),
    ...entities.flatMap(({ name, value, decoded }) => [
      ...danglingSource(input, name, value),
      ...misplaced(recordAt(input, 'entities'), name),
      ...(decoded.error?.issues ?? []).map((issue) => ({ ...issue, path: ['entities', name, ...issue.path] })),
    ]),
  ];
  // Both the outline and the entity's schema report a mistake in `source`.
  const distinct = new Map(mistakes.map((one) => [JSON.stringify([one.path, one.message, one.code]), one]));
  if (mistakes.length > 0 || !outline.success) return { mistakes: [...distinct.values()] };
  const decoded = entities.flatMap(({ name, decoded }) => (decoded.success ? [[name, decoded.data] as const] : []));
  return { config: { sources: outline.data.sources, entities: Object.fromEntries(decoded) } };
}

function danglingSource(input: unknown, name: string, value: unknown): Mistake[] {
  const source: unknown = Reflect.get(Object(value), 'source');
  const sources = recordAt(input, 'sources');
  // A source that exists but is wrong itself is reported in a line of its own.
  if (typeof source !== 'string' || Object.hasOwn(sources, source)) return [];
  const values = Object.keys(sources);
  return [
    { code: 'invalid_value', path: ['entities', name, 'source'], values, input: source, message: 'no such source' },
  ];
}

/** Mistakes in `after` that only the other entities show. */
function misplaced(entities: object, name: string): Mistake[] {
  const names = Object.keys(entities);
  const path = ['entities', name, 'after'];
  const dependencies = new Map(names.map((one) => [one, afterIn(entities, one)]));
  const circle = circleFrom(name, dependencies)?.join(' → ');
  return [
    ...afterIn(entities, name).flatMap((input, index): Mistake[] => {
      if (names.includes(input)) return [];
      return [{ code: 'invalid_value', path: [...path, index], values: names, input, message: 'no such entity' }];
    }),
    ...(circle === undefined
      ? []
      : [{ code: 'custom', path, message: `a circle, in which none could be the first: ${circle}` } as Mistake]),
  ];
}

function afterIn(entities: object, name: string): string[] {
  const after: unknown = Reflect.get(recordAt(entities, name), 'after');
  return Array.isArray(after) ? after.filter((other) => typeof other === 'string') : [];
}

function shownName(name: string): string {
  return name.includes('://') ? 'whose name is a URL' : JSON.stringify(name.slice(0, 80));
}

/** Where to change the settings of an entity, for a sentence that ends with `in …`. */
export function whereConfigured({ config_file }: Pick<Entity, 'config_file'>): string {
  return config_file ?? 'the configuration';
}

/** The entity's configuration with its name. @throws BronzeError ENTITY_UNKNOWN, listing the configured entities */
export function entityOf(config: Config, name: string): Entity {
  const entity = Object.hasOwn(config.entities, name) ? config.entities[name] : undefined;
  const { file } = config;
  if (entity) return { ...entity, name, ...(file !== undefined && { config_file: file }) };
  const known = Object.keys(config.entities);
  const near = nearest(name, known);
  const otherwise = `If it was removed from ${file ?? 'the configuration'}, its state is kept.`;
  throw new BronzeError('ENTITY_UNKNOWN', {
    message: `there is no entity ${shownName(name)}`,
    hint: `${near === undefined ? '' : `Did you mean ${near}? `}Configured entities: ${known.join(', ') || 'none'}. ${otherwise}`,
  });
}
