import { BronzeError } from '../words/failure.ts';
import type { CheckpointStore } from './checkpoint-store.ts';
import { type LoadRecord, readLoadRecord } from './load-record.ts';
import { loadIdOfRecord, loadRecordsPrefix } from './object-keys.ts';
import type { ObjectReader } from '../ports/object-store.ts';

/**
 * A completed load of the entity: the first that is found, which need not be the newest. An entity that has one has had an
 * entry among the checkpoints, and nothing that Bronze does takes an entry away.
 *
 * @throws BronzeError OBJECT_INVALID if a record can't be read, and no other one is of a completed load
 */
export async function completedLoad(objects: ObjectReader, entity: string): Promise<LoadRecord | undefined> {
  const unreadable: BronzeError[] = [];
  for (const key of await objects.list(loadRecordsPrefix(entity))) {
    const load_id = loadIdOfRecord(entity, key);
    const record = load_id && (await readLoadRecord(objects, { entity, load_id }).catch(noting(unreadable)));
    if (record && record.status === 'completed') return record;
  }
  const [first] = unreadable;
  if (first) throw first;
  return undefined;
}

function noting(unreadable: BronzeError[]) {
  return (thrown: unknown): undefined => {
    if (!(thrown instanceof BronzeError) || thrown.code !== 'OBJECT_INVALID') throw thrown;
    unreadable.push(thrown);
  };
}

/**
 * For an entity whose checkpoint was read and is not there: it was never loaded, or somebody has removed its entry or the
 * whole file.
 *
 * @throws BronzeError CHECKPOINT_LOST if a load of it has completed
 */
export async function assertNeverLoaded(
  { objects, checkpoints }: { readonly objects: ObjectReader; readonly checkpoints: CheckpointStore },
  entity: string,
): Promise<void> {
  const record = await completedLoad(objects, entity);
  // Since the checkpoint was read, another invocation may have claimed the first load and completed it.
  if (!record || (await checkpoints.read(entity)).checkpoint) return;
  throw new BronzeError('CHECKPOINT_LOST', { message: describeLost(entity), hint: LOST_HINT });
}

/** @param who the entity, or `it` where it was named */
export function describeLost(who: string): string {
  return `${who} has no checkpoint, although loads of it have completed`;
}

const LOST_HINT =
  'Nothing was loaded. bronze checkpoint restore brings back what the load records prove; bronze checkpoint reset <entity> has it loaded in full again, on purpose.';
