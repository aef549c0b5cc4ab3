import type { CheckpointStore } from '@bronze/common/load/checkpoint-store';
import { CheckpointFile } from '@bronze/common/load/checkpoint-file';
import type { ObjectStore } from '@bronze/common/ports/object-store';

/** Opens the checkpoints of a pipeline on AWS: the one place where a command chooses their store. */
export async function openCheckpoints(objects: ObjectStore): Promise<CheckpointStore> {
  return new CheckpointFile(objects);
}
