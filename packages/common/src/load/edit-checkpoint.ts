/** What an operator changes in the checkpoints, each entry by one compare-and-swap. */
import { isDeepStrictEqual } from 'node:util';
import * as z from 'zod/mini';
import { entityNameSchema } from '../words/entity.ts';
import { BronzeError } from '../words/failure.ts';
import type { Timestamp } from '../words/timestamp.ts';
import type { Clock } from '../ports/clock.ts';
import type { ObjectReader } from '../ports/object-store.ts';
import { type Checkpoint, checkpointSchema } from './checkpoint.ts';
import type { CheckpointStore } from './checkpoint-store.ts';
import { provenCheckpoint } from './restore-checkpoint.ts';

export interface EditPorts {
  readonly objects: ObjectReader;
  readonly checkpoints: CheckpointStore;
  readonly clock: Clock;
}

/**
 * The next incremental load begins at `to`. The exact position is kept, and does not count until a load has set another.
 *
 * @throws BronzeError CHECKPOINT_BUSY while a load is pending, CHECKPOINTS_UNREADABLE, SWAP_CONTENDED
 */
export async function setCheckpoint(ports: EditPorts, entity: string, to: Timestamp): Promise<Checkpoint> {
  const { checkpoint, version } = await ports.checkpoints.read(entity);
  assertIdle(entity, checkpoint);
  return put(ports, entity, version, { ...checkpoint, last_sync_timestamp: to, updated_at: ports.clock.now() });
}

/**
 * The next load of the entity is a full load. The entry stays, with the time of the reset, because an entity without an
 * entry whose loads have completed has lost it. An entry that can't be read is replaced.
 *
 * @throws BronzeError CHECKPOINT_BUSY while a load is pending, SWAP_CONTENDED
 */
export async function resetCheckpoint(ports: EditPorts, entity: string): Promise<Checkpoint> {
  const { stored, version } = await ports.checkpoints.readStored(entity);
  const current = readable(stored);
  assertIdle(entity, current);
  const { last_sync_timestamp: _, exact_position: __, storage: ___, record_count: ____, ...kept } = current ?? {};
  return put(ports, entity, version, { ...kept, reset_at: ports.clock.now() });
}

export type Restored =
  | { readonly outcome: 'restored'; readonly checkpoint: Checkpoint }
  /** It has an entry that can be read. */
  | { readonly outcome: 'kept'; readonly checkpoint: Checkpoint }
  /** Its loads have left nothing that says how far it was. */
  | { readonly outcome: 'unknown' };

/**
 * Rebuilds an entry that is gone or can't be read from what the entity's loads left in the bucket.
 *
 * @param isForced whether one that can be read is replaced too
 * @throws BronzeError CHECKPOINT_BUSY if that one has a pending load, OBJECT_INVALID for a load record, SWAP_CONTENDED
 */
export async function restoreCheckpoint(ports: EditPorts, entity: string, isForced: boolean): Promise<Restored> {
  const { stored, version } = await ports.checkpoints.readStored(entity);
  const current = readable(stored);
  if (current && !isForced) return { outcome: 'kept', checkpoint: current };
  assertIdle(entity, current);
  const proven = await provenCheckpoint(ports.objects, entity);
  if (!proven) return { outcome: 'unknown' };
  const waiting = current?.next_requests && { next_requests: current.next_requests };
  return { outcome: 'restored', checkpoint: await put(ports, entity, version, { ...proven, ...waiting }) };
}

export type Imported =
  | { readonly outcome: 'same' | 'unreadable' }
  /** `passed` if it was forced to be further than anything that is known. */
  | { readonly outcome: 'imported'; readonly passed?: Passed }
  | Hindrance;

/** Why an entry is not imported unless that is forced. */
type Hindrance =
  /** What is there is further, or, where no entry can be read, what the load records prove. */
  | { readonly outcome: 'newer'; readonly proven?: Timestamp }
  /** The entry is further than both, or in the future, so that rows would be left out. */
  | { readonly outcome: 'ahead'; readonly passed: Passed };

export interface Passed {
  /** How far the entity has come; undefined if nothing says so. */
  readonly from: Timestamp | undefined;
  readonly to: Timestamp;
}

/**
 * Writes an entry of an exported file. The requests that wait now are kept.
 *
 * @throws BronzeError CHECKPOINT_BUSY while a load is pending, OBJECT_INVALID for a load record, SWAP_CONTENDED
 */
export async function importCheckpoint(
  ports: EditPorts,
  entity: string,
  { entry, isForced }: { readonly entry: unknown; readonly isForced: boolean },
): Promise<Imported> {
  const given = z.safeParse(entityNameSchema, entity).success ? readable(entry) : undefined;
  if (!given) return { outcome: 'unreadable' };
  const { stored, version } = await ports.checkpoints.readStored(entity);
  const current = readable(stored);
  const next = { ...given, ...(current?.next_requests && { next_requests: current.next_requests }) };
  if (isDeepStrictEqual(current, next)) return { outcome: 'same' };
  assertIdle(entity, current);
  const hindrance = await hindranceOf(ports, entity, { current, next });
  if (hindrance && !isForced) return hindrance;
  await put(ports, entity, version, next);
  return { outcome: 'imported', ...(hindrance?.outcome === 'ahead' && { passed: hindrance.passed }) };
}

async function hindranceOf(
  { objects, clock }: EditPorts,
  entity: string,
  { current, next }: { readonly current: Checkpoint | undefined; readonly next: Checkpoint },
): Promise<Hindrance | undefined> {
  const [at, to] = [current?.last_sync_timestamp, next.last_sync_timestamp];
  if (isAfter(at, to)) return { outcome: 'newer' };
  const proven = (await provenCheckpoint(objects, entity))?.last_sync_timestamp;
  if (!current && proven && isAfter(proven, to)) return { outcome: 'newer', proven };
  const from = isAfter(proven, at) ? proven : at;
  if (!to || (to <= clock.now() && (!from || to <= from))) return undefined;
  return { outcome: 'ahead', passed: { from, to } };
}

function isAfter(one: Timestamp | undefined, other: Timestamp | undefined): boolean {
  return (one ?? '') > (other ?? '');
}

/** Undefined for an entry that can't be read, and if there is none. */
export function readable(stored: unknown): Checkpoint | undefined {
  return z.safeParse(checkpointSchema, stored).data;
}

async function put(
  { checkpoints }: Pick<EditPorts, 'checkpoints'>,
  entity: string,
  version: string,
  next: Checkpoint,
): Promise<Checkpoint> {
  if (await checkpoints.swap(entity, version, next)) return next;
  throw new BronzeError('SWAP_CONTENDED', {
    message: `the checkpoint of ${entity} changed while it was being edited`,
    hint: 'Nothing was written. Look at it with bronze checkpoint get, and repeat the command if you still want to.',
  });
}

function assertIdle(entity: string, checkpoint: Checkpoint | undefined): void {
  if (!checkpoint?.pending_load) return;
  throw new BronzeError('CHECKPOINT_BUSY', {
    message: `${entity} has a pending load (${checkpoint.pending_load.load_id}) that would move the checkpoint again`,
    hint: `Wait until the load completes, or give it up with bronze abandon ${entity}. Then repeat the command.`,
  });
}
