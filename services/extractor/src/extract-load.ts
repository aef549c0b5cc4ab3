import { completeLoad, type CompletionPorts, finishSwap } from '@bronze/common/complete-load';
import type { Entity } from '@bronze/common/config';
import { readLoadRecord } from '@bronze/common/load-record';
import type { ExtractRequest } from '@bronze/common/messages';
import { keyOf, readSlices } from '@bronze/common/slice-manifest';
import { claimLoad, type ClaimPorts } from './claim-load.ts';
import { type HandOverPorts, handOver, sendMissingTasks } from './hand-over.ts';
import { stageSlice, type StagingPorts } from './stage-slice.ts';

export interface ExtractorPorts extends ClaimPorts, StagingPorts, HandOverPorts, CompletionPorts {}

export interface Delivery {
  readonly request: ExtractRequest;
  /** Whether the queue has delivered this message before: somebody may have died half-way. */
  readonly is_redelivery: boolean;
}

/**
 * Carries out one request for one entity: claims a load or helps the pending one, stages its next slice,
 * commits it and hands its write tasks over. Any number of these may run for the same entity at once.
 *
 * @throws BronzeError the message is then delivered again, and the load goes on from what is committed
 */
export async function extractLoad(ports: ExtractorPorts, entity: Entity, delivery: Delivery): Promise<void> {
  const load = await claimLoad(ports, entity, delivery.request);
  if (!load) return;
  const key = keyOf(entity.name, load);
  const record = await readLoadRecord(ports.objects, key);
  if (record) return finishSwap(ports, record);

  const slices = await readSlices(ports.objects, key);
  const isStaged = slices.at(-1)?.final === true;
  const isHelper = isStaged || delivery.is_redelivery || delivery.request.load_id !== load.load_id;
  if (isHelper) await sendMissingTasks(ports, key, slices);
  if (isStaged) return completeLoad(ports, key);

  // Also when another committed it: if that one died before it handed over, this message may be the last of the load.
  const manifest = await stageSlice(ports, entity, load, slices);
  await handOver(ports, manifest);
  if (manifest.final && manifest.tasks.length === 0) await completeLoad(ports, key);
}
