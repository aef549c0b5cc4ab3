import { engineReportSchema, partSchema, quarantinedSchema, type Receipt } from './receipts.ts';
import * as z from 'zod/mini';
import { backfillSchema } from './backfill.ts';
import type { PendingLoad } from './checkpoint.ts';
import { sinceParameterSchema } from './high-watermark.ts';
import { columnSchema, entityNameSchema, loadIdSchema, loadTypeSchema, sourceSystemSchema } from '../words/entity.ts';
import {
  exactWindowSchema,
  readablePositionSchema,
  storageSchema,
  windowFallbackSchema,
} from '../words/exact-position.ts';
import { readJson } from './stored-json.ts';
import { type LoadKey, loadRecordKey } from './object-keys.ts';
import type { ObjectReader, ObjectStore } from '../ports/object-store.ts';
import { type Schema, schemaChanges, schemaChangeSchema, schemaDigest, schemaOf } from './schema-changes.ts';
import { type SliceManifest, skippedOf, rowsOf, seenCursorsOf } from './slice-manifest.ts';
import { seenCursorsSchema, skippedSchema } from './position.ts';
import { type Timestamp, timestampSchema } from '../words/timestamp.ts';

/** The decision about a load, put once. It outlives staging and is never deleted. */
export const loadRecordSchema = z.looseObject({
  version: z.literal(1),
  status: z.enum(['completed', 'abandoned']),
  entity: entityNameSchema,
  load_id: loadIdSchema,
  run_id: z.optional(loadIdSchema),
  /** The load that was decided before it. Of completed loads, earlier versions did not record it. */
  previous_load_id: z.optional(loadIdSchema),
  load_type: loadTypeSchema,
  since: timestampSchema,
  until: timestampSchema,
  /** The window, if a backfill asked for it: the checkpoint did not move. */
  backfill: z.optional(backfillSchema),
  window_basis: z.optional(z.string()),
  window_fallback: z.optional(windowFallbackSchema),
  exact_window: z.optional(exactWindowSchema),
  /** What the checkpoint got when the load completed, so that it can be restored. Absent from records of earlier versions. */
  exact_position: z.optional(readablePositionSchema),
  storage: z.optional(storageSchema),
  watermark_lag_seconds: z.optional(z.number()),
  oldest_transaction_seconds: z.optional(z.number()),
  since_parameter: z.optional(sinceParameterSchema),
  ingested_at: timestampSchema,
  completed_at: timestampSchema,
  source_system: z.optional(sourceSystemSchema),
  /** Rows staged, which equals `rows_in_bronze + rows_quarantined` in a completed load. */
  rows: z.int(),
  rows_in_bronze: z.int(),
  rows_quarantined: z.int(),
  left_out: z.optional(skippedSchema),
  seen_cursors: z.optional(seenCursorsSchema),
  slices: z.int(),
  write_tasks: z.int(),
  engines: z.array(engineReportSchema),
  columns: z.array(columnSchema),
  /** Of an API: columns whose fields the last full load did not show, and no load since. */
  unseen_columns: z.optional(z.array(z.string())),
  /** How the columns differ from those of the load before. Absent if they don't. */
  schema_changes: z.optional(z.array(schemaChangeSchema)),
  parts: z.array(partSchema),
  quarantine: z.array(quarantinedSchema),
});
export type LoadRecord = z.infer<typeof loadRecordSchema>;

/** The record of the load that was decided before this one. */
export async function recordBefore(
  objects: ObjectStore,
  entity: string,
  { previous_load_id }: Pick<PendingLoad, 'previous_load_id'>,
): Promise<LoadRecord | undefined> {
  return previous_load_id === undefined ? undefined : readLoadRecord(objects, { entity, load_id: previous_load_id });
}

/**
 * How the columns of a load differ from those of the load before. Its record is read only if the claim, which knows a
 * digest of it, says that they do.
 *
 * @param slices at least one
 */
export async function schemaFields(
  objects: ObjectStore,
  slices: readonly SliceManifest[],
): Promise<Pick<LoadRecord, 'unseen_columns' | 'schema_changes'>> {
  const [first] = slices;
  if (!first) throw new RangeError('a load without a committed slice has no schema');
  const expected = schemaOf(slices, undefined);
  const isKnown = schemaDigest(expected) === first.load.previous_schema;
  const before = isKnown ? expected : await schemaBefore(objects, first);
  const now = schemaOf(slices, before);
  const changes = before ? schemaChanges(before, now) : [];
  return {
    ...(now.unseen_columns.length > 0 && { unseen_columns: [...now.unseen_columns] }),
    ...(changes.length > 0 && { schema_changes: changes }),
  };
}

const NO_COLUMNS = schemaDigest({ columns: [] });

/**
 * Of the load before; undefined if that had no columns: it found an empty list, or was abandoned before its first slice.
 * A table then goes by the first slice, because its columns may change between slices.
 */
async function schemaBefore(
  objects: ObjectStore,
  { entity, load, source_system, columns }: SliceManifest,
): Promise<Schema | undefined> {
  const record = load.previous_schema === NO_COLUMNS ? undefined : await recordBefore(objects, entity, load);
  if (record && record.columns.length > 0) return record;
  return source_system === 'rds' ? { columns } : undefined;
}

/** This record, or that of the last load before it that moved the checkpoint: abandoned ones and backfills did not. */
export async function lastThatMoved(
  objects: ObjectStore,
  record: LoadRecord | undefined,
): Promise<LoadRecord | undefined> {
  if (!record || (record.status === 'completed' && !record.backfill)) return record;
  return lastThatMoved(objects, await recordBefore(objects, record.entity, record));
}

/** The newest cursor that was seen before `load`; undefined if that load does not continue where `record` ended. */
export function newestSeen(record: LoadRecord | undefined, load: PendingLoad): Timestamp | undefined {
  const isContinued = record?.status === 'completed' && record.until === load.since && !load.backfill;
  return isContinued ? record.seen_cursors?.newest : undefined;
}

/** The record of a covered load. @param receipts those of the tasks that `taskNames` lists, in that order */
export function buildLoadRecord(
  slices: readonly SliceManifest[],
  receipts: readonly Receipt[],
  completed_at: LoadRecord['completed_at'],
): LoadRecord {
  const last = slices.at(-1);
  if (!last) throw new RangeError('a load without a committed slice is not covered');
  const parts = receipts.flatMap((receipt) => receipt.parts);
  const quarantine = receipts.flatMap((receipt) => receipt.quarantine ?? []);
  const engines = new Map(receipts.map((receipt) => [JSON.stringify(receipt.engine), receipt.engine]));
  const { load_id, run_id, previous_load_id, load_type, since, until, backfill, ingested_at } = last.load;
  const isIgnored = slices.some((slice) => slice.since_parameter === 'ignored');
  const since_parameter = isIgnored ? 'ignored' : last.load.since_parameter;
  const left_out = skippedOf(slices);
  const seen_cursors = seenCursorsOf(slices);
  return {
    version: 1,
    status: 'completed',
    entity: last.entity,
    load_id,
    ...(run_id && { run_id }),
    ...(previous_load_id && { previous_load_id }),
    load_type,
    since,
    until,
    ...(backfill && { backfill }),
    ...windowOf(slices, last.load),
    ...(since_parameter && { since_parameter }),
    ingested_at,
    completed_at,
    source_system: last.source_system,
    rows: rowsOf(slices),
    rows_in_bronze: parts.reduce((rows, part) => rows + part.rows, 0),
    rows_quarantined: quarantine.reduce((rows, one) => rows + one.rows, 0),
    ...(left_out && { left_out }),
    ...(seen_cursors && { seen_cursors }),
    slices: slices.length,
    write_tasks: receipts.length,
    engines: [...engines.values()],
    columns: last.columns,
    parts,
    quarantine,
  };
}

function windowOf(slices: readonly SliceManifest[], load: PendingLoad): Partial<LoadRecord> {
  const { window_basis, exact_window, exact_position, storage } = load;
  const { watermark_lag_seconds, oldest_transaction_seconds } = load;
  const window_fallback = load.window_fallback ?? slices.find((slice) => slice.window_fallback)?.window_fallback;
  return {
    ...(window_basis && { window_basis }),
    ...(window_fallback && { window_fallback }),
    ...(exact_window && { exact_window }),
    ...(exact_position && { exact_position }),
    ...(storage && { storage }),
    ...(watermark_lag_seconds !== undefined && { watermark_lag_seconds }),
    ...(oldest_transaction_seconds !== undefined && { oldest_transaction_seconds }),
  };
}

export async function readLoadRecord(objects: ObjectReader, load: LoadKey): Promise<LoadRecord | undefined> {
  const hint = 'A load record is the decision about its load and is never edited: restore its first version.';
  return readJson(objects, loadRecordKey(load), loadRecordSchema, hint);
}
