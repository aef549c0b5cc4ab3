/**
 * Rows in quarantine, load by load, from when they were set aside until they are no longer missing. That needs no state
 * of its own: the objects and the load record say what is there, the checkpoint when everything was read again, and one
 * object for each load that somebody has seen it (decision 43).
 */
import type { LoadType } from '../words/entity.ts';
import { encodeJson } from '../words/json.ts';
import type { Timestamp } from '../words/timestamp.ts';
import { type Checkpoint, isAnsweredBy, withWaiting } from './checkpoint.ts';
import type { CheckpointStore } from './checkpoint-store.ts';
import { readLoadRecord } from './load-record.ts';
import type { ExtractRequest } from './messages.ts';
import { acknowledgementKey, loadOfQuarantine, QUARANTINE_PREFIX, quarantineOfEntity } from './object-keys.ts';
import type { Quarantined } from './receipts.ts';
import type { ObjectReader, ObjectStore } from '../ports/object-store.ts';

/** What a completed load put into quarantine. */
export interface QuarantinedLoad {
  readonly entity: string;
  readonly load_id: string;
  readonly load_type: LoadType;
  readonly completed_at: Timestamp;
  readonly rows: number;
  readonly objects: readonly Quarantined[];
  /**
   * `open`: nobody has dealt with it. `releasing`: a full load is asked for or pending. `acknowledged`: somebody has seen
   * it. `resolved`: a later full load read the table again, so what still does not fit is in that load's quarantine.
   */
  readonly state: 'open' | 'releasing' | 'acknowledged' | 'resolved';
}

/** Whether `bronze status` shows it: its rows are missing in bronze, and nobody has said that they may be. */
export function isUnsettled({ state }: QuarantinedLoad): boolean {
  return state === 'open' || state === 'releasing';
}

/** Names of the entities that have, or had, rows in quarantine. */
export async function entitiesInQuarantine(objects: ObjectReader): Promise<string[]> {
  const loads = (await objects.list(QUARANTINE_PREFIX)).map(loadOfQuarantine);
  return [...new Set(loads.flatMap((load) => (load ? [load.entity] : [])))];
}

/**
 * The loads of an entity that put rows into quarantine, the oldest first. Objects of pending and abandoned loads don't
 * count: their rows are still to be loaded.
 *
 * @param checkpoint the entity's own; undefined if there is none, or it can't be read: then nothing counts as resolved
 */
export async function quarantinedLoads(
  objects: ObjectReader,
  entity: string,
  checkpoint: Checkpoint | undefined,
): Promise<QuarantinedLoad[]> {
  const keys = await objects.list(quarantineOfEntity(entity));
  const load_ids = new Set(keys.map((key) => loadOfQuarantine(key)?.load_id).filter((id) => id !== undefined));
  const loads: QuarantinedLoad[] = [];
  for (const load_id of load_ids) {
    const record = await readLoadRecord(objects, { entity, load_id });
    if (record?.status !== 'completed') continue;
    const { load_type, completed_at, ingested_at, quarantine, rows_quarantined: rows } = record;
    const isSeen = (await objects.get(acknowledgementKey(record))) !== undefined;
    const state = stateOf(checkpoint, ingested_at, isSeen);
    loads.push({ entity, load_id, load_type, completed_at, rows, objects: quarantine, state });
  }
  return loads.toSorted((a, b) => (a.completed_at < b.completed_at ? -1 : 1));
}

function stateOf(checkpoint: Checkpoint | undefined, claimed_at: Timestamp, isSeen: boolean): QuarantinedLoad['state'] {
  // Loads of an entity follow one another: a full load that was claimed later was claimed after this one had completed.
  const { full_load_at, pending_load, next_requests = [] } = checkpoint ?? {};
  if (full_load_at !== undefined && full_load_at > claimed_at) return 'resolved';
  if (isSeen) return 'acknowledged';
  const isComing = pending_load?.load_type === 'full' || next_requests.some(({ load_type }) => load_type === 'full');
  return isComing ? 'releasing' : 'open';
}

/** Says once and for all that somebody has seen what the load put into quarantine. */
export async function acknowledge(objects: ObjectStore, load: QuarantinedLoad, now: Timestamp): Promise<void> {
  const { entity, load_id, rows } = load;
  const said = encodeJson({ version: 1, entity, load_id, rows, acknowledged_at: now });
  await objects.putIfAbsent(acknowledgementKey(load), said);
}

/**
 * The checkpoint with a full load waiting, which reads the rows in quarantine again: that is how they are released.
 * Undefined if one waits or is pending already.
 */
export function withFullLoadWaiting(
  checkpoint: Checkpoint | undefined,
  request: ExtractRequest & { readonly load_type: 'full' },
): Checkpoint | undefined {
  const { pending_load, next_requests = [] } = checkpoint ?? {};
  if (pending_load && isAnsweredBy(pending_load, request, true)) return undefined;
  if (next_requests.some(({ load_type }) => load_type === 'full')) return undefined;
  return withWaiting({ ...checkpoint }, [...next_requests, request]);
}

/**
 * Asks for a full load of the entity. It waits in the checkpoint, as a request behind a pending load does, and begins with
 * the entity's next message.
 *
 * @returns false if one waits or is pending already
 */
export async function requestFullLoad(checkpoints: CheckpointStore, entity: string, load_id: string): Promise<boolean> {
  for (;;) {
    const { checkpoint, version } = await checkpoints.read(entity);
    const next = withFullLoadWaiting(checkpoint, { entity, load_id, load_type: 'full' });
    if (!next) return false;
    if (await checkpoints.swap(entity, version, next)) return true;
  }
}
