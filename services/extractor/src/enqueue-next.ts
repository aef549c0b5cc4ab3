import { listReceipts, missingTasks } from '@bronze/common/load/receipts';
import type { ExtractRequest, WriteMessage } from '@bronze/common/load/messages';
import { type LoadKey, taskName } from '@bronze/common/load/object-keys';
import type { ObjectStore } from '@bronze/common/ports/object-store';
import type { TaskQueue } from '@bronze/common/ports/queue';
import type { SliceManifest } from '@bronze/common/load/slice-manifest';

export interface EnqueuePorts {
  readonly objects: ObjectStore;
  readonly requests: TaskQueue<ExtractRequest>;
  readonly writes: TaskQueue<WriteMessage>;
}

/** Sends the write tasks of a committed slice and, unless it is the last, the request that continues its load. */
export async function enqueueNext(ports: EnqueuePorts, slice: SliceManifest): Promise<void> {
  await ports.writes.send(writeMessages(slice));
  if (slice.final) return;
  const { load_id, load_type, backfill, run_id } = slice.load;
  const next = { entity: slice.entity, load_id, load_type, slice: slice.slice + 1 };
  await ports.requests.send([{ ...next, ...(backfill && { backfill }), ...(run_id && { run_id }) }]);
}

/** Sends each task of these slices that has no receipt: the invocation that committed them may have sent none. */
export async function sendMissingTasks(
  ports: EnqueuePorts,
  load: LoadKey,
  slices: readonly SliceManifest[],
): Promise<void> {
  if (slices.length === 0) return;
  const { tasks } = await listReceipts(ports.objects, load);
  const missing = new Set(missingTasks(slices, tasks));
  const messages = slices.flatMap(writeMessages);
  await ports.writes.send(messages.filter(({ slice, task }) => missing.has(taskName(slice, task))));
}

function writeMessages(manifest: SliceManifest): WriteMessage[] {
  const { entity, slice, load } = manifest;
  return manifest.tasks.map((_, task) => ({ entity, load_id: load.load_id, slice, task }));
}
