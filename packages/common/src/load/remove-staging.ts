import { BATCH_SUFFIX, type LoadKey, stagingPrefix } from './object-keys.ts';
import { readLoadRecord } from './load-record.ts';
import type { CheckpointStore } from './checkpoint-store.ts';
import type { ObjectStore } from '../ports/object-store.ts';

/**
 * Removes the staged batches of a load that is decided; without a load record it removes nothing, however old they
 * are: they may be the only copy. Manifests and receipts stay, they are small and keep a late extractor from staging
 * the slice again.
 *
 * @returns how many objects were removed
 */
export async function removeStaging(objects: ObjectStore, load: LoadKey): Promise<number> {
  if (!(await readLoadRecord(objects, load))) return 0;
  const batches = (await objects.list(stagingPrefix(load))).filter((key) => key.endsWith(BATCH_SUFFIX));
  for (const key of batches) await objects.remove(key);
  return batches.length;
}

/** The same for the load that was decided last, or before the one that is pending: what an extractor leaves tidy. */
export async function removeStagingOfPreviousLoad(
  ports: { readonly objects: ObjectStore; readonly checkpoints: CheckpointStore },
  entity: string,
): Promise<number> {
  const { checkpoint } = await ports.checkpoints.read(entity);
  const load_id = checkpoint?.pending_load ? checkpoint.pending_load.previous_load_id : checkpoint?.last_load_id;
  return load_id === undefined ? 0 : removeStaging(ports.objects, { entity, load_id });
}
