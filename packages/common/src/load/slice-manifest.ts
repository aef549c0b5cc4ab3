import { type Skipped, skippedSchema, positionSchema } from './position.ts';
import * as z from 'zod/mini';
import { pendingLoadSchema } from './checkpoint.ts';
import { sinceParameterSchema } from './high-watermark.ts';
import { columnSchema, entityNameSchema, sourceSystemSchema } from '../words/entity.ts';
import { windowFallbackSchema } from '../words/exact-position.ts';
import { BronzeError } from '../words/failure.ts';
import { readJson } from './stored-json.ts';
import { type LoadKey, sliceManifestKey } from './object-keys.ts';
import type { ObjectStore } from '../ports/object-store.ts';

export const stagedBatchSchema = z.object({
  key: z.string(),
  rows: z.int(),
  /** Of the zstd object. */
  bytes: z.int(),
  /** Of the NDJSON in it. */
  ndjson_bytes: z.int(),
  row_bytes_max: z.int(),
  /** Hex, of the zstd object. */
  sha256: z.string(),
});
export type StagedBatch = z.infer<typeof stagedBatchSchema>;

/** Consecutive batches of the slice: `batches.slice(first_batch, first_batch + batch_count)`. */
export const writeTaskSchema = z.object({ first_batch: z.int(), batch_count: z.int(), rows: z.int() });
export type WriteTask = z.infer<typeof writeTaskSchema>;

/** What a committed slice froze. Everything after it is a function of these bytes. */
export const sliceManifestSchema = z.object({
  version: z.literal(1),
  entity: entityNameSchema,
  slice: z.int(),
  attempt: z.string(),
  load: pendingLoadSchema,
  source_system: sourceSystemSchema,
  columns: z.array(columnSchema),
  /** Column whose date names the `event_date=` partition; null: no such level. */
  event_date_column: z.nullable(z.string()),
  batches: z.array(stagedBatchSchema),
  tasks: z.array(writeTaskSchema),
  /** Number of the part that task 0 writes: parts count across the slices of a load. */
  first_part: z.int(),
  /** Null while nothing was read. */
  position: z.nullable(positionSchema),
  final: z.boolean(),
  left_out: z.optional(skippedSchema),
  since_parameter: z.optional(sinceParameterSchema),
  window_fallback: z.optional(windowFallbackSchema),
});
export type SliceManifest = z.infer<typeof sliceManifestSchema>;

/** Bounds of one write task. */
export interface TaskLimits {
  readonly task_rows: number;
  readonly task_bytes: number;
}

/** Groups consecutive batches into write tasks. A batch that is larger than a task is one by itself. */
export function planWriteTasks(batches: readonly StagedBatch[], limits: TaskLimits): WriteTask[] {
  const tasks: WriteTask[] = [];
  let open: (WriteTask & { ndjson_bytes: number }) | undefined;
  for (const [index, batch] of batches.entries()) {
    const fits =
      open !== undefined &&
      open.rows + batch.rows <= limits.task_rows &&
      open.ndjson_bytes + batch.ndjson_bytes <= limits.task_bytes;
    if (!open || !fits) {
      open = { first_batch: index, batch_count: 0, rows: 0, ndjson_bytes: 0 };
      tasks.push(open);
    }
    open.batch_count += 1;
    open.rows += batch.rows;
    open.ndjson_bytes += batch.ndjson_bytes;
  }
  return tasks.map(({ first_batch, batch_count, rows }) => ({ first_batch, batch_count, rows }));
}

/** How many write tasks there are up to this slice: what follows it goes on counting there. */
export function nextPart(slice: SliceManifest | undefined): number {
  return slice ? slice.first_part + slice.tasks.length : 0;
}

export function rowsOf(slices: readonly SliceManifest[]): number {
  return slices.flatMap((slice) => slice.batches).reduce((rows, batch) => rows + batch.rows, 0);
}

/** Of all slices; undefined for a source that never leaves anything out. */
export function skippedOf(slices: readonly SliceManifest[]): Skipped | undefined {
  const counts = slices.flatMap(({ left_out }) => left_out ?? []);
  if (counts.length === 0) return undefined;
  const sum = (of: keyof Skipped) => counts.reduce((total, one) => total + one[of], 0);
  return {
    without_cursor: sum('without_cursor'),
    outside_window: sum('outside_window'),
    repeated: sum('repeated'),
  };
}

/** @throws BronzeError OBJECT_INVALID, also for a manifest that newer code wrote */
export async function readSlice(
  objects: ObjectStore,
  load: LoadKey,
  slice: number,
): Promise<SliceManifest | undefined> {
  const hint = 'Was it written by newer code, or by hand? Deploy that code again, or abandon the load.';
  return readJson(objects, sliceManifestKey(load, slice), sliceManifestSchema, hint);
}

/** The committed slices of a load from number `from` on, in order. They are contiguous: n is staged only after n-1. */
export function readSlices(objects: ObjectStore, load: LoadKey, from = 0): Promise<SliceManifest[]> {
  return readInto([], objects, load, from);
}

/** Up to the first that this code can't read: that one may be why a load is given up. */
export async function readableSlices(objects: ObjectStore, load: LoadKey): Promise<SliceManifest[]> {
  const slices: SliceManifest[] = [];
  try {
    return await readInto(slices, objects, load, 0);
  } catch (thrown) {
    if (thrown instanceof BronzeError && thrown.code === 'OBJECT_INVALID') return slices;
    throw thrown;
  }
}

/** Fills `slices`, so that what was read before an error is there. */
async function readInto(slices: SliceManifest[], objects: ObjectStore, load: LoadKey, from: number) {
  for (;;) {
    const next = await readSlice(objects, load, from + slices.length);
    if (!next) return slices;
    slices.push(next);
    if (next.final) return slices;
  }
}
