import type { LocalQueue, Received } from '@bronze/common/adapters/local/local-queue';
import type { PendingLoad } from '@bronze/common/load/checkpoint';
import type { CheckpointStore } from '@bronze/common/load/checkpoint-store';
import { decodeExtractRequest, entityIn, type ExtractRequest, type WriteMessage } from '@bronze/common/load/messages';
import type { Runs } from './requests-by-run.ts';

interface Folder extends Runs {
  readonly checkpoints: CheckpointStore;
  readonly requests: LocalQueue<ExtractRequest>;
  readonly writes: LocalQueue<WriteMessage>;
}

/**
 * The load that a request of this run has helped, if it is the load of another run that is working on it. What fails
 * there with this run's environment or configuration may succeed with the other's, and says nothing about what this run
 * asked for: its own request waits, and comes back when that load or that run has ended.
 */
export async function helpedForAnother(
  folder: Folder,
  { message_id, body }: Received,
): Promise<PendingLoad | undefined> {
  const { entity, load_id, slice } = decodeExtractRequest(body, message_id);
  const { checkpoint } = await folder.checkpoints.read(entity);
  const load = checkpoint?.pending_load;
  const isAskedFor = load?.load_id === load_id && slice === undefined;
  const run_id = load?.run_id ?? folder.run_id;
  if (isAskedFor || run_id === folder.run_id || folder.isOver(run_id)) return undefined;
  const bodies = [folder.requests, folder.writes].flatMap((queue) => queue.bodies(run_id));
  return bodies.some((one) => entityIn(one) === entity) ? load : undefined;
}
