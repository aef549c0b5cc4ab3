import { createHash } from 'node:crypto';
import type { PendingLoad } from '@bronze/common/load/checkpoint';
import type { Entity } from '@bronze/common/config';
import { bronzeName } from '@bronze/common/config/columns';
import { encodeJson } from '@bronze/common/words/json';
import { lastThatMoved, type LoadRecord, newestSeen, recordBefore } from '@bronze/common/load/load-record';
import { batchKey, sliceManifestKey, keyOf } from '@bronze/common/load/object-keys';
import type { AttemptIds } from '@bronze/common/ports/attempt-ids';
import type { BatchCodec } from '@bronze/common/ports/codec';
import type { Deadline } from '@bronze/common/ports/clock';
import type { Log } from '@bronze/common/load/events';
import type { ObjectStore } from '@bronze/common/ports/object-store';
import type { RawBatch, SliceReader, Source } from '@bronze/common/load/source';
import {
  nextPart,
  planWriteTasks,
  readSlice,
  type SliceManifest,
  type StagedBatch,
} from '@bronze/common/load/slice-manifest';
import type { Position } from '@bronze/common/load/position';
import { addBatch, assertMoved, type SliceEnd, startAt } from './slice-boundary.ts';

export interface StagingPorts {
  readonly objects: ObjectStore;
  readonly source: Source;
  readonly attempts: AttemptIds;
  readonly codec: BatchCodec;
  readonly deadline: Deadline;
  readonly log: Log;
}

/** What one attempt has put under its own prefix so far. */
interface Staged extends SliceEnd {
  readonly batches: StagedBatch[];
}

/**
 * Stages the slice after `before` and commits it by putting its manifest if absent.
 *
 * @returns the committed manifest: this attempt's, or that of another attempt that committed first. In the second case
 *   the batches staged here are garbage
 * @throws BronzeError SLICE_STUCK, and whatever the source throws
 */
export async function stageSlice(
  ports: StagingPorts,
  entity: Entity,
  load: PendingLoad,
  before: SliceManifest | undefined,
): Promise<SliceManifest> {
  const slice = before ? before.slice + 1 : 0;
  const attempt = ports.attempts.next();
  const position = before?.position ?? null;
  let recorded: Promise<LoadRecord | undefined> | undefined;
  const loadBefore = () => (recorded ??= recordBefore(ports.objects, entity.name, load));
  const reader = await ports.source.openSlice(entity, load, {
    position: position ?? undefined,
    knownColumns: async () => before?.columns ?? (await loadBefore())?.columns ?? [],
    newestSeen: async () =>
      before ? before.seen_cursors?.before : newestSeen(await lastThatMoved(ports.objects, await loadBefore()), load),
    deadline: ports.deadline,
  });
  const staged = await stageBatches(ports, entity, reader, {
    position,
    put: (raw, batch) => putBatch(ports, { entity, load, slice, attempt, batch, raw }),
  });
  assertMoved(entity.name, slice, position, staged);
  const reason = reader.window_fallback;
  if (reason !== before?.window_fallback) sayFallback(ports, entity, load.load_id, reason);
  const manifest: SliceManifest = {
    version: 1,
    entity: entity.name,
    slice,
    attempt,
    load,
    source_system: ports.source.system,
    columns: [...reader.columns],
    event_date_column: entity.event_date === null ? null : bronzeName(entity, entity.event_date),
    batches: staged.batches,
    tasks: planWriteTasks(staged.batches, entity),
    first_part: nextPart(before),
    position: staged.position,
    final: staged.final,
    ...foundBy(reader),
  };
  return commit(ports, manifest);
}

/** What a manifest holds only if the source has found it. */
function foundBy(reader: SliceReader): Partial<SliceManifest> {
  const { unseen_columns, left_out, seen_cursors, since_parameter, window_fallback } = reader;
  return {
    ...(unseen_columns && { unseen_columns: [...unseen_columns] }),
    ...(left_out && { left_out: { ...left_out } }),
    ...(seen_cursors && { seen_cursors }),
    ...(since_parameter && { since_parameter }),
    ...(window_fallback && { window_fallback }),
  };
}

/** The claim has not said it: something changed since. */
function sayFallback({ log }: StagingPorts, { name }: Entity, load_id: string, reason: SliceReader['window_fallback']) {
  if (reason) log.event({ kind: 'window_fallback', entity: name, load_id, reason });
}

interface Staging {
  readonly position: Position | null;
  readonly put: (raw: RawBatch, batch: number) => Promise<StagedBatch>;
}

/** Batches compressed and put at once while the source fills the next. With one, it waited a quarter of the time. */
const PUTS_AT_ONCE = 2;

/** Compresses and puts batches while the source is already filling the next one. */
async function stageBatches(
  ports: StagingPorts,
  entity: Entity,
  reader: SliceReader,
  staging: Staging,
): Promise<Staged> {
  const puts: Promise<StagedBatch>[] = [];
  let progress = startAt(staging.position);
  try {
    for await (const raw of reader.batches) {
      await puts.at(-PUTS_AT_ONCE);
      if (raw.rows > 0) {
        const put = staging.put(raw, puts.length);
        // Awaited below. Until then a failure must not count as unhandled, which would end the process.
        put.catch(() => undefined);
        puts.push(put);
      }
      const { is_resumable } = reader;
      progress = addBatch(progress, raw, { limits: entity, is_resumable, deadline: ports.deadline });
      if (progress.isFull) break;
    }
  } finally {
    await Promise.allSettled(puts);
  }
  return { batches: await Promise.all(puts), position: progress.position, final: !progress.isFull };
}

interface BatchToPut {
  readonly entity: Entity;
  readonly load: PendingLoad;
  readonly slice: number;
  readonly attempt: string;
  readonly batch: number;
  readonly raw: RawBatch;
}

async function putBatch(ports: StagingPorts, one: BatchToPut): Promise<StagedBatch> {
  const { ndjson, rows, row_bytes_max } = one.raw;
  const body = await ports.codec.compress(ndjson);
  const ndjson_bytes = ndjson.length;
  one.raw.release();
  const key = batchKey(keyOf(one.entity.name, one.load), one.slice, one.attempt, one.batch);
  await ports.objects.putIfAbsent(key, body);
  ports.log.event({
    kind: 'batch_staged',
    entity: one.entity.name,
    load_id: one.load.load_id,
    slice: one.slice,
    attempt: one.attempt,
    rows,
    bytes: body.length,
  });
  const sha256 = createHash('sha256').update(body).digest('hex');
  return { key, rows, bytes: body.length, ndjson_bytes, row_bytes_max, sha256 };
}

/** A manifest that exists already is read back: it may be our own, put by an earlier try of a retrying client. */
async function commit(ports: StagingPorts, manifest: SliceManifest): Promise<SliceManifest> {
  const { entity, slice, attempt, load, final } = manifest;
  const key = keyOf(entity, load);
  const put = await ports.objects.putIfAbsent(sliceManifestKey(key, slice), encodeJson(manifest));
  const there = put === 'created' ? manifest : ((await readSlice(ports.objects, key, slice)) ?? manifest);
  const { load_id } = load;
  if (there.attempt !== attempt) {
    ports.log.event({ kind: 'slice_lost', entity, load_id, slice, attempt });
    return there;
  }
  const rows = manifest.tasks.reduce((sum, task) => sum + task.rows, 0);
  ports.log.event({ kind: 'slice_committed', entity, load_id, slice, attempt, rows, final });
  return manifest;
}
