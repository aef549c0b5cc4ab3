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
 * Carries out one request for one entity: claims a load or helps the pending one, stages and commits its next slice,
 * and sends that slice's write tasks and the request that continues the load. Any number of these may run for the same
 * entity at once.
 *
 * @throws BronzeError the message is then delivered again, and the load continues from what is committed
 */
export async function extractLoad(ports: ExtractorPorts, entity: Entity, request: ExtractRequest): Promise<void> {
  const load = await claimLoad(ports, entity, request);
  if (!load) return;
  const key = keyOf(entity.name, load);
  const record = await readLoadRecord(ports.objects, key);
  if (record) return finishSwap(ports, record);

  // A request for slice n is sent only after the tasks of all earlier slices. Slices from n on may be committed without
  // their tasks ever having been sent (decision 31). A request for another load says nothing about this one.
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

  // Also when another invocation committed the slice: if it died before it sent anything, this message may be the last
  // one of the load (decision 27).
  const manifest = await stageSlice(ports, entity, load, last);
  await enqueueNext(ports, manifest);
  if (manifest.final && manifest.tasks.length === 0) await completeLoad(ports, key);
}

/** A request is only a hint: if it names a slice beyond those that are committed, all of them are read. */
async function slicesFrom(objects: ObjectStore, load: LoadKey, from: number): Promise<SliceManifest[]> {
  const slices = await readSlices(objects, load, from);
  return slices.length === 0 && from > 0 ? readSlices(objects, load) : slices;
}
