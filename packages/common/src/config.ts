import * as z from 'zod/mini';
import { describeMistakes, type KnownKeys } from './config-mistakes.ts';
import { entityNameSchema } from './entity.ts';
import { BronzeError } from './failure.ts';
import { referenceSchema } from './reference.ts';
import './zod-locale.ts';

const positive = z.int().check(z.minimum(1));
/** Servers and timers count milliseconds in 31 bits. */
const seconds = positive.check(z.maximum(2_000_000));
const IDENTIFIER_BYTES_MAX = 63;
const column = z.string().check(
  z.minLength(1),
  z.refine((name) => Buffer.byteLength(name) <= IDENTIFIER_BYTES_MAX, 'longer than a PostgreSQL identifier (63 bytes)'),
);

const postgresSourceSchema = z.strictObject({
  type: z.literal('postgres'),
  /** Connection URL: `env('DATABASE_URL')`. */
  url: z.union([referenceSchema, z.string().check(z.minLength(1))]),
  /** How long behind the database's clock a window ends when the role can't see other users' transactions. */
  margin_seconds: z._default(z.number().check(z.minimum(0)), 60),
  /** The server cancels a statement that runs longer. */
  statement_timeout_seconds: z._default(seconds, 900),
  /** The connection counts as lost when the server sends nothing for so long; sorting a large table counts too. */
  idle_timeout_seconds: z._default(seconds, 300),
  /** How often a lost connection is opened again without progress before the slice fails. */
  reconnects: z._default(z.int().check(z.minimum(0)), 3),
});

const entitySchema = z.strictObject({
  source: z.string(),
  /** Schema-qualified: `public.orders`. */
  table: z.string().check(z.regex(/^[^.]+\.[^.]+$/u, 'expected schema.table, such as "public.orders"')),
  /** Column that grows with every change of a row; null: the entity is always loaded in full. */
  cursor: z._default(z.nullable(column), 'updated_at'),
  /** Zone of a cursor without one, such as `Europe/Berlin`. Default: the database's own, in which `now()` is written there. */
  cursor_time_zone: z.optional(z.string().check(z.regex(/^[A-Za-z0-9_+/-]{1,64}$/))),
  /** Default: the table's own primary key. */
  primary_key: z.optional(z.array(column).check(z.minLength(1))),
  /** Column whose date names the `event_date=` partition. Default: no such level. */
  event_date: z._default(z.nullable(column), null),
  enabled: z._default(z.boolean(), true),
  /** A batch ends at whichever of the two it reaches first: rows, or bytes of NDJSON. */
  batch_rows: z._default(positive, 50_000),
  batch_bytes: z._default(positive, 16 * 1024 * 1024),
  /** A write task is one Parquet file for each event date in it. */
  task_rows: z._default(positive, 250_000),
  task_bytes: z._default(positive, 64 * 1024 * 1024),
  /** What one extractor invocation stages and commits. */
  slice_rows: z._default(positive, 500_000),
  slice_bytes: z._default(positive, 2 * 1024 * 1024 * 1024),
});

export const configSchema = z.strictObject({
  sources: z.record(entityNameSchema, z.discriminatedUnion('type', [postgresSourceSchema])),
  entities: z.record(entityNameSchema, entitySchema),
});

/** Keys of the configuration itself, of a source and of an entity. */
export const KNOWN_KEYS: KnownKeys = {
  root: Object.keys(configSchema.shape),
  sources: Object.keys(postgresSourceSchema.shape),
  entities: Object.keys(entitySchema.shape),
};

/** What a person writes; defaults may be left out. */
export type ConfigInput = z.input<typeof configSchema>;
export type Config = z.output<typeof configSchema>;
export type SourceConfig = Config['sources'][string];
/** An entity's configuration with its name. */
export type Entity = Config['entities'][string] & { readonly name: string };

/**
 * Checks a configuration whole and fills in the defaults.
 *
 * @throws BronzeError CONFIG_INVALID listing every mistake with its path, value and a suggestion
 */
export function defineConfig(input: ConfigInput): Config {
  const decoded = z.safeParse(configSchema, input);
  const mistakes = decoded.success
    ? danglingSources(decoded.data)
    : describeMistakes(input, decoded.error.issues, KNOWN_KEYS);
  if (decoded.success && mistakes.length === 0) return decoded.data;
  throw new BronzeError('CONFIG_INVALID', {
    message: `the configuration has ${mistakes.length === 1 ? 'a mistake' : `${mistakes.length} mistakes`}:\n${mistakes.map((one) => `  - ${one}`).join('\n')}`,
    hint: 'Mend the paths above in bronze.config.ts; docs/configuration.md lists every key.',
  });
}

function danglingSources(config: Config): string[] {
  return Object.entries(config.entities).flatMap(([name, { source }]) =>
    Object.hasOwn(config.sources, source)
      ? []
      : describeMistakes(
          config,
          [
            {
              code: 'invalid_value',
              path: ['entities', name, 'source'],
              values: Object.keys(config.sources),
              input: source,
              message: 'no such source',
            },
          ],
          KNOWN_KEYS,
        ),
  );
}

/** @throws BronzeError ENTITY_UNKNOWN */
export function entityOf(config: Config, name: string): Entity {
  const entity = Object.hasOwn(config.entities, name) ? config.entities[name] : undefined;
  if (entity) return { ...entity, name };
  const known = Object.keys(config.entities);
  throw new BronzeError('ENTITY_UNKNOWN', {
    message: `there is no entity ${JSON.stringify(name.slice(0, 80))}`,
    hint: `Configured are: ${known.join(', ') || 'none'}. Was it removed from bronze.config.ts? Its state is kept.`,
  });
}
