import { BATCH_SUFFIX, type LoadKey, loadIdOfStaging, stagingOfEntity, stagingPrefix } from './object-keys.ts';
import { type LoadRecord, readLoadRecord } from './load-record.ts';
import { lastDecided } from './checkpoint.ts';
import type { CheckpointStore } from './checkpoint-store.ts';
import { toFailure } from '../words/failure.ts';
import type { ObjectStore } from '../ports/object-store.ts';

/**
 * Removes the staged batches of a decided load. Without a load record it removes nothing, however old the batches are,
 * because they may be the only copy. Manifests and receipts are kept: they are small, and they keep a late extractor
 * from staging the slice again (decision 9).
 *
 * @returns the load record
 */
export async function removeStaging(objects: ObjectStore, load: LoadKey): Promise<LoadRecord | undefined> {
  const record = await readLoadRecord(objects, load);
  if (!record) return undefined;
  const batches = (await objects.list(stagingPrefix(load))).filter((key) => key.endsWith(BATCH_SUFFIX));
  for (const key of batches) await objects.remove(key);
  return record;
}

/** Does the same for the entity's last decided load, which is the one before a pending load. */
export async function removeStagingOfPreviousLoad(
  ports: { readonly objects: ObjectStore; readonly checkpoints: CheckpointStore },
  entity: string,
): Promise<void> {
  const { checkpoint } = await ports.checkpoints.read(entity);
  const load_id = checkpoint?.pending_load ? checkpoint.pending_load.previous_load_id : lastDecided(checkpoint);
  if (load_id !== undefined) await removeStaging(ports.objects, { entity, load_id });
}

/**
 * Does the same for every decided load of the entity that still has batches. It lists the staging of all loads there ever
 * were, about three keys for each: once a day, and on a folder once a run. Batches of a load whose record can't be read stay.
 */
export async function removeStagingOfEntity(objects: ObjectStore, entity: string): Promise<void> {
  const batches = (await objects.list(stagingOfEntity(entity))).filter((key) => key.endsWith(BATCH_SUFFIX));
  for (const [load_id, own] of Map.groupBy(batches, loadIdOfStaging)) {
    if (!(await isDecided(objects, { entity, load_id }))) continue;
    for (const key of own) await objects.remove(key);
  }
}

async function isDecided(objects: ObjectStore, load: LoadKey): Promise<boolean> {
  try {
    return (await readLoadRecord(objects, load)) !== undefined;
  } catch (thrown) {
    if (toFailure(thrown).code === 'OBJECT_INVALID') return false;
    throw thrown;
  }
}
