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
/** As people write it: `FULL` and `full` are the same. */
export const anyCaseLoadTypeSchema = z.pipe(
  z.pipe(
    z.string(),
    z.transform((text: string) => text.toLowerCase()),
  ),
  loadTypeSchema,
);

/**
 * Identifies one load permanently: a UUID from the planner, or the SQS message id of a request made by hand.
 * It is part of object keys.
 */
export const loadIdSchema = z
  .string()
  .check(z.regex(/^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/, 'expected a lower case UUID'));

/** A column by its name in Bronze, as its source types it: `{ name: "total", type: "numeric(12,2)", id: "16384.3" }`. */
export const columnSchema = z.object({
  name: z.string(),
  type: z.string(),
  /** What stays the same when the source renames it: oid and attribute number, of a table's column. */
  id: z.optional(z.string()),
});
export type Column = z.infer<typeof columnSchema>;

/** Columns that Bronze adds to every record; a column of the same name is refused. */
export const METADATA_COLUMNS = ['_ingestion_ts', '_source_system', '_record_hash', '_ingestion_id'] as const;

/** Boolean column that Bronze adds if the entity has a `deleted_at` column: whether that column is set. */
export const IS_DELETED = '_is_deleted';

/**
 * Why no column of an entity can have this name, in any case; undefined if one can.
 *
 * Readers take the folders of the files, such as `load_type=full`, for columns, and show each in place of a column of the
 * same name.
 *
 * @returns a clause: `which Bronze adds to every record`
 */
export function reservedBecause(
  name: string,
  entity: { readonly event_date: string | null; readonly deleted_at?: string | null },
): string | undefined {
  const folded = name.toLowerCase();
  if (METADATA_COLUMNS.some((one) => one === folded)) return 'which Bronze adds to every record';
  const folders = ['ingestion_date', 'load_type', ...(entity.event_date === null ? [] : ['event_date'])];
  if (folders.includes(folded))
    return 'which is the name of a folder of the bronze files: readers would show the folder instead';
  return folded === IS_DELETED && (entity.deleted_at ?? null) !== null
    ? 'which Bronze derives from deleted_at'
    : undefined;
}

/** Whether a column can have this name, as far as its characters go. */
export function isColumnName(name: string): boolean {
  return name !== '' && !name.includes('\u0000') && name.isWellFormed();
}

/** The values of the column `_source_system`. */
export const sourceSystemSchema = z.enum(['rds', 'api']);
export type SourceSystem = z.infer<typeof sourceSystemSchema>;
