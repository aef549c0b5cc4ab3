import type { Checkpoint, PendingLoad } from './checkpoint.ts';
import { BronzeError } from '../words/failure.ts';

/** What a claim froze for good: in the manifests of its slices, and in its load record. */
type Frozen = Pick<PendingLoad, 'load_id' | 'ingested_at' | 'until'>;

/**
 * A load is claimed once. When its `pending_load` is taken out by hand, or an older `checkpoints.json` is restored, a
 * message that is left of it claims it again with another window: what is committed and what would follow don't tile.
 *
 * @throws BronzeError LOAD_RECLAIMED when the load is pending, and not as it was frozen
 */
export function assertSameClaim(
  checkpoint: Pick<Checkpoint, 'pending_load'> | undefined,
  entity: string,
  frozen: Frozen,
): void {
  const pending = checkpoint?.pending_load;
  if (pending?.load_id !== frozen.load_id) return;
  if (pending.ingested_at === frozen.ingested_at && pending.until === frozen.until) return;
  throw new BronzeError('LOAD_RECLAIMED', {
    message: `load ${pending.load_id} of ${entity} was claimed at ${pending.ingested_at}, but slices of it are committed that an earlier claim of ${frozen.ingested_at} froze`,
    hint: 'Was pending_load taken out of checkpoints.json, or an older file restored? Abandon the load (or, if it has a load record, take pending_load out once more), drop the messages that are left of it, and enqueue the entity anew.',
  });
}
