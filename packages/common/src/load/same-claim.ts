import type { Checkpoint, PendingLoad } from './checkpoint.ts';
import { BronzeError } from '../words/failure.ts';

/** What a claim freezes: it is stored in the manifests of its slices and in its load record. */
type Frozen = Pick<PendingLoad, 'load_id' | 'ingested_at' | 'until'>;

/**
 * A load is claimed once (decision 33). If its `pending_load` is removed by hand, or an older `checkpoints.json` is
 * restored, a leftover message claims it again with another window, and the slices that would follow then leave gaps
 * or overlap with those already committed.
 *
 * @throws BronzeError LOAD_RECLAIMED if the load is pending, but with another claim than the frozen one
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
    message: `load ${pending.load_id} of ${entity} was claimed at ${pending.ingested_at}, but an earlier claim, at ${frozen.ingested_at}, has committed slices of it`,
    hint: 'Was pending_load removed from checkpoints.json, or an older file restored? Abandon the load (or, if it has a load record, remove pending_load once more), delete its remaining messages, and ask for the entity again.',
  });
}
