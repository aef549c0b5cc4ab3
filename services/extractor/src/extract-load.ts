import { completeLoad, type CompletionPorts, finishSwap } from '@bronze/common/load/complete-load';
import type { Entity } from '@bronze/common/config';
import { readLoadRecord } from '@bronze/common/load/load-record';
import type { ExtractRequest } from '@bronze/common/load/messages';
import { type LoadKey, keyOf } from '@bronze/common/load/object-keys';
import type { ObjectStore } from '@bronze/common/ports/object-store';
import { assertSameClaim } from '@bronze/common/load/same-claim';
import { readSlices, type SliceManifest } from '@bronze/common/load/slice-manifest';
import { claimLoad, type ClaimPorts } from './claim-load.ts';
import { type EnqueuePorts, enqueueNext, sendMissingTasks } from './enqueue-next.ts';
import { stageSlice, type StagingPorts } from './stage-slice.ts';

export interface ExtractorPorts extends ClaimPorts, StagingPorts, EnqueuePorts, CompletionPorts {}

/**
 * Carries out one request for one entity: claims a load or helps the pending one, stages its next slice,
 * commits it and hands its write tasks over. Any number of these may run for the same entity at once.
 *
 * @throws BronzeError the message is then delivered again, and the load goes on from what is committed
 */
export async function extractLoad(ports: ExtractorPorts, entity: Entity, request: ExtractRequest): Promise<void> {
  const load = await claimLoad(ports, entity, request);
  if (!load) return;
  const key = keyOf(entity.name, load);
  const record = await readLoadRecord(ports.objects, key);
  if (record) return finishSwap(ports, record);

  // Whoever sent a request had handed over what is before its slice. Of others that are there, nobody may have.
  const enqueued = request.load_id === load.load_id ? (request.slice ?? 0) : 0;
  const slices = await slicesFrom(ports.objects, key, Math.max(0, enqueued - 1));
  const last = slices.at(-1);
  if (last) assertSameClaim({ pending_load: load }, entity.name, last.load);
  await sendMissingTasks(
    ports,
    key,
    slices.filter(({ slice }) => slice >= enqueued),
  );
  if (last?.final) return completeLoad(ports, key);

  // Also when another committed it: if that one died before it handed over, this message may be the last of the load.
  const manifest = await stageSlice(ports, entity, load, last);
  await enqueueNext(ports, manifest);
  if (manifest.final && manifest.tasks.length === 0) await completeLoad(ports, key);
}

/** Requests are hints: one that names a slice beyond what is there has all of them read. */
async function slicesFrom(objects: ObjectStore, load: LoadKey, from: number): Promise<SliceManifest[]> {
  const slices = await readSlices(objects, load, from);
  return slices.length === 0 && from > 0 ? readSlices(objects, load) : slices;
}
