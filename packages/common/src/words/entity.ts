import * as z from 'zod/mini';

/** Longer names would not fit a PostgreSQL identifier or a Glue table. */
export const ENTITY_NAME_LENGTH_MAX = 63;

/** An entity's name, such as `order_items`. It is part of object keys, so nothing else is ever accepted. */
export const entityNameSchema = z
  .string()
  .check(
    z.maxLength(ENTITY_NAME_LENGTH_MAX),
    z.regex(/^[a-z][a-z0-9_]*$/, 'expected lower case letters, digits and _, starting with a letter'),
  );

export const loadTypeSchema = z.enum(['full', 'incremental']);
export type LoadType = z.infer<typeof loadTypeSchema>;

/**
 * Identifies one load permanently: a UUID from the planner, or the SQS message id of a request made by hand.
 * It is part of object keys.
 */
export const loadIdSchema = z
  .string()
  .check(z.regex(/^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/, 'expected a lower case UUID'));

/** A column as its source names and types it: `{ name: "total", type: "numeric(12,2)" }`. */
export const columnSchema = z.object({ name: z.string(), type: z.string() });
export type Column = z.infer<typeof columnSchema>;

/** Columns that Bronze adds to every record; a source column of the same name is refused. */
export const METADATA_COLUMNS = ['_ingestion_ts', '_source_system', '_record_hash', '_ingestion_id'] as const;

/**
 * The folders that an entity's files lie in, such as `load_type=full`. Readers take each for a column and show it in
 * place of a column of the same name, in any case.
 */
export function isFolderName(name: string, event_date: string | null): boolean {
  const folders = ['ingestion_date', 'load_type', ...(event_date === null ? [] : ['event_date'])];
  return folders.includes(name.toLowerCase());
}

/** Boolean column that Bronze adds if the entity has a `deleted_at` column: whether that column is set. */
export const IS_DELETED = '_is_deleted';

/** The values of the column `_source_system`. */
export const sourceSystemSchema = z.enum(['rds', 'api']);
export type SourceSystem = z.infer<typeof sourceSystemSchema>;
