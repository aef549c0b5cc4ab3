import { type SeenCursors, seenCursorsSchema, type Skipped, skippedSchema, positionSchema } from './position.ts';
import * as z from 'zod/mini';
import { pendingLoadSchema } from './checkpoint.ts';
import { sinceParameterSchema } from './high-watermark.ts';
import { columnSchema, entityNameSchema, sourceSystemSchema } from '../words/entity.ts';
import { windowFallbackSchema } from '../words/exact-position.ts';
import { latest } from '../words/timestamp.ts';
import { BronzeError } from '../words/failure.ts';
import { readJson } from './stored-json.ts';
import { type LoadKey, sliceManifestKey } from './object-keys.ts';
import type { ObjectReader, ObjectStore } from '../ports/object-store.ts';

export const stagedBatchSchema = z.object({
  key: z.string(),
  rows: z.int(),
  /** Size of the zstd object. */
  bytes: z.int(),
  /** Size of the NDJSON in it. */
  ndjson_bytes: z.int(),
  row_bytes_max: z.int(),
  /** SHA-256 of the zstd object, in hex. */
  sha256: z.string(),
});
export type StagedBatch = z.infer<typeof stagedBatchSchema>;

/** Consecutive batches of the slice: `batches.slice(first_batch, first_batch + batch_count)`. */
export const writeTaskSchema = z.object({ first_batch: z.int(), batch_count: z.int(), rows: z.int() });
export type WriteTask = z.infer<typeof writeTaskSchema>;

/** What a committed slice froze. Everything the pipeline does later with the slice follows from this. */
export const sliceManifestSchema = z.object({
  version: z.literal(1),
  entity: entityNameSchema,
  slice: z.int(),
  attempt: z.string(),
  load: pendingLoadSchema,
  source_system: sourceSystemSchema,
  columns: z.array(columnSchema),
  /** Of an API: columns whose fields no record of this slice had, not even as null. Undefined: it had no records. */
  unseen_columns: z.optional(z.array(z.string())),
  /** Column whose date names the `event_date=` partition; null: there is no such level. */
  event_date_column: z.nullable(z.string()),
  batches: z.array(stagedBatchSchema),
  tasks: z.array(writeTaskSchema),
  /** Number of the part that task 0 writes: parts are numbered across the slices of a load. */
  first_part: z.int(),
  /** Where the next slice resumes; null while nothing has been read. */
  position: z.nullable(positionSchema),
  final: z.boolean(),
  left_out: z.optional(skippedSchema),
  seen_cursors: z.optional(seenCursorsSchema),
  since_parameter: z.optional(sinceParameterSchema),
  window_fallback: z.optional(windowFallbackSchema),
});
export type SliceManifest = z.infer<typeof sliceManifestSchema>;

/** The most that one write task holds. */
export interface TaskLimits {
  readonly task_rows: number;
  readonly task_bytes: number;
}

/** Groups consecutive batches into write tasks. A batch that exceeds a limit by itself is a task of its own. */
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

/** How many write tasks the load has up to and including this slice: the `first_part` of the next one. */
export function nextPart(slice: SliceManifest | undefined): number {
  return slice ? slice.first_part + slice.tasks.length : 0;
}

export function rowsOf(slices: readonly SliceManifest[]): number {
  return slices.flatMap((slice) => slice.batches).reduce((rows, batch) => rows + batch.rows, 0);
}

/** What all slices skipped; undefined for a source that never skips anything. */
export function skippedOf(slices: readonly SliceManifest[]): Skipped | undefined {
  const counts = slices.flatMap(({ left_out }) => left_out ?? []);
  if (counts.length === 0) return undefined;
  const sum = (of: keyof Skipped) => counts.reduce((total, one) => total + (one[of] ?? 0), 0);
  return {
    without_cursor: sum('without_cursor'),
    outside_window: sum('outside_window'),
    ...(sum('left_for_later') > 0 && { left_for_later: sum('left_for_later') }),
    ...(sum('in_the_future') > 0 && { in_the_future: sum('in_the_future') }),
    repeated: sum('repeated'),
  };
}

/** What all slices together have seen; undefined if that is not known: see {@link SeenCursors}. */
export function seenCursorsOf(slices: readonly SliceManifest[]): SeenCursors | undefined {
  const seen = slices.flatMap(({ seen_cursors }) => seen_cursors ?? []);
  const [first] = seen;
  if (!first) return undefined;
  const newest = seen.map((one) => one.newest).reduce((a, b) => latest(a, b));
  return { ...first, newest, late: seen.reduce((sum, one) => sum + one.late, 0) };
}

/** Undefined if the slice is not committed. @throws BronzeError OBJECT_INVALID, also for newer code's manifests */
export async function readSlice(
  objects: ObjectReader,
  load: LoadKey,
  slice: number,
): Promise<SliceManifest | undefined> {
  const hint = 'Was it written by newer code, or by hand? Deploy that code again, or abandon the load.';
  return readJson(objects, sliceManifestKey(load, slice), sliceManifestSchema, hint);
}

/** A load's committed slices from number `from` on, in order. They have no gaps: n is staged only after n-1. */
export function readSlices(objects: ObjectStore, load: LoadKey, from = 0): Promise<SliceManifest[]> {
  return readInto([], objects, load, from);
}

/** The committed slices up to the first that this code can't read: that one may be why the load is abandoned. */
export async function readableSlices(objects: ObjectStore, load: LoadKey): Promise<SliceManifest[]> {
  const slices: SliceManifest[] = [];
  try {
    return await readInto(slices, objects, load, 0);
  } catch (thrown) {
    if (thrown instanceof BronzeError && thrown.code === 'OBJECT_INVALID') return slices;
    throw thrown;
  }
}

/** Fills `slices`, so that the caller has what was read before an error. */
async function readInto(slices: SliceManifest[], objects: ObjectStore, load: LoadKey, from: number) {
  for (;;) {
    const next = await readSlice(objects, load, from + slices.length);
    if (!next) return slices;
    slices.push(next);
    if (next.final) return slices;
  }
}
