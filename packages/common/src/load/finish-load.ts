import type { Checkpoint } from './checkpoint.ts';
import { EPOCH, latest, type Timestamp } from '../words/timestamp.ts';

/** What a load record decides: see `load-record.ts`. */
export interface DecidedLoad {
  readonly load_id: string;
  readonly status: 'completed' | 'abandoned';
  readonly until: Timestamp;
  readonly rows_in_bronze: number;
  /** Absent if the columns are those of the load before. */
  readonly schema_changes?: readonly unknown[] | undefined;
}

/**
 * The checkpoint after a decided load; undefined if that load is not the pending one (somebody else has finished it).
 * An abandoned load frees the entity and does not move its timestamp. Nor does a backfill, whose rows are of a window that
 * the checkpoint has passed: it leaves the checkpoint as the load before it did.
 */
export function finishLoad(
  checkpoint: Checkpoint | undefined,
  load: DecidedLoad,
  now: Timestamp,
): Checkpoint | undefined {
  if (checkpoint?.pending_load?.load_id !== load.load_id) return undefined;
  const { pending_load, ...idle } = checkpoint;
  const { load_id, schema_changes } = load;
  const changed = schema_changes && { schema_change_load_id: load_id };
  if (pending_load.backfill) return { ...idle, ...changed, last_backfill_id: load_id };
  const { last_backfill_id: ___, ...chain } = idle;
  const freed: Checkpoint = { ...chain, ...changed, last_load_id: load_id };
  if (load.status === 'abandoned') return freed;
  const { exact_position: _, storage: __, ...timed } = freed;
  return {
    ...timed,
    ...(pending_load.exact_position && { exact_position: pending_load.exact_position }),
    ...(pending_load.load_type === 'full' && { full_load_at: pending_load.ingested_at }),
    ...(pending_load.storage && { storage: pending_load.storage }),
    last_sync_timestamp: latest(load.until, idle.last_sync_timestamp ?? EPOCH),
    record_count: load.rows_in_bronze,
    updated_at: now,
  };
}
