import {
  type Checkpoint,
  type ClaimDecision,
  decideClaim,
  effectiveLoadType,
  isAnsweredBy,
  lastDecided,
  type PendingLoad,
  withWaiting,
} from '@bronze/common/load/checkpoint';
import type { Entity } from '@bronze/common/config';
import { readLoadRecord } from '@bronze/common/load/load-record';
import { assertNeverLoaded } from '@bronze/common/load/lost-checkpoint';
import type { ExtractRequest } from '@bronze/common/load/messages';
import type { CheckpointStore, VersionedCheckpoint } from '@bronze/common/load/checkpoint-store';
import type { HighWatermark } from '@bronze/common/load/high-watermark';
import type { Clock, Deadline } from '@bronze/common/ports/clock';
import type { Log } from '@bronze/common/load/events';
import type { ObjectStore } from '@bronze/common/ports/object-store';
import { removeStaging, removeStagingOfEntity } from '@bronze/common/load/remove-staging';
import { startLoad } from '@bronze/common/load/start-load';
import { schemaDigest } from '@bronze/common/load/schema-changes';
import type { TaskQueue } from '@bronze/common/ports/queue';
import type { Source } from '@bronze/common/load/source';
import { BronzeError } from '@bronze/common/words/failure';
import { utcDate } from '@bronze/common/words/timestamp';

export interface ClaimPorts {
  readonly objects: ObjectStore;
  readonly checkpoints: CheckpointStore;
  readonly source: Source;
  readonly requests: TaskQueue<ExtractRequest>;
  readonly clock: Clock;
  readonly deadline: Deadline;
  readonly log: Log;
  /**
   * Whether a load or request of that run may be carried out by a message that has nothing else to do. Default: any, so
   * that a late message helps (decision 28). On one machine runs look again, and each has an environment of its own.
   */
  readonly isOurs?: (run_id: string | undefined) => boolean;
}

/**
 * Finds the load that this request works on: its own, which may be claimed here, or the one that is pending. After a
 * lost compare-and-swap it reads the checkpoint again and starts over.
 *
 * @returns `undefined` when there is nothing to do
 * @throws BronzeError CHECKPOINT_LOST, BACKFILL_REFUSED, or from the source, when the entity can't be read as configured;
 *   nothing is claimed then
 */
export async function claimLoad(
  ports: ClaimPorts,
  entity: Entity,
  request: ExtractRequest,
): Promise<PendingLoad | undefined> {
  const { checkpoint, version } = await ports.checkpoints.read(entity.name);
  const record = await readLoadRecord(ports.objects, { entity: entity.name, load_id: request.load_id });
  const hasCursor = entity.cursor !== null;
  const isLate = record !== undefined && ports.isOurs && !mayHelp(checkpoint, request, ports.isOurs);
  const decision: ClaimDecision = isLate
    ? { kind: 'done', reason: 'already_loaded' }
    : decideClaim(checkpoint, request, record !== undefined, hasCursor);
  if (!checkpoint && !record) await assertNeverLoaded(ports, entity.name);
  switch (decision.kind) {
    case 'done': {
      const { load_id } = request;
      ports.log.event({ kind: 'request_done', entity: entity.name, load_id, reason: decision.reason });
      return undefined;
    }
    case 'help':
      if (!record) logContinued(ports.log, entity, request, decision.load);
      return decision.load;
    case 'queue': {
      const queued = withWaiting({ ...checkpoint }, decision.waiting);
      if (!(await ports.checkpoints.swap(entity.name, version, queued))) return claimLoad(ports, entity, request);
      logContinued(ports.log, entity, request, decision.load);
      return decision.load;
    }
    case 'start': {
      const previous_schema = await removeStagingBefore(ports, entity.name, checkpoint);
      const begin = beginOf(checkpoint, decision.request, hasCursor);
      const watermark = await ports.source.readHighWatermark(entity, { ...begin, deadline: ports.deadline });
      const now = ports.clock.now();
      const started = startLoad(checkpoint, { ...decision, hasCursor, watermark, previous_schema, now });
      if (!(await ports.checkpoints.swap(entity.name, version, started.checkpoint)))
        return claimLoad(ports, entity, request);
      logClaim(ports.log, entity.name, started.load, watermark);
      return started.load;
    }
    case 'refuse':
      return refuse(ports, { entity, request, checkpoint, version }, decision);
    default:
      return decision satisfies never;
  }
}

interface Asked extends VersionedCheckpoint {
  readonly entity: Entity;
  readonly request: ExtractRequest;
}

/** @throws BronzeError BACKFILL_REFUSED, unless the checkpoint has changed meanwhile */
async function refuse(
  ports: ClaimPorts,
  { entity, request, checkpoint, version }: Asked,
  { waiting, why }: Extract<ClaimDecision, { kind: 'refuse' }>,
): Promise<PendingLoad | undefined> {
  const wasWaiting = waiting.length < (checkpoint?.next_requests?.length ?? 0);
  const left = withWaiting({ ...checkpoint }, waiting);
  if (wasWaiting && !(await ports.checkpoints.swap(entity.name, version, left)))
    return claimLoad(ports, entity, request);
  // No load of this request will end and send what waits behind it.
  await ports.requests.send(waiting.slice(0, 1));
  throw new BronzeError('BACKFILL_REFUSED', why);
}

/** Where the load begins. A backfill begins where it was asked to, and continues no other load. */
function beginOf(checkpoint: Checkpoint | undefined, request: ExtractRequest, hasCursor: boolean) {
  if (request.backfill) return { since: request.backfill.from };
  const isFull = effectiveLoadType(checkpoint, request.load_type, hasCursor) === 'full';
  const { last_sync_timestamp, exact_position, storage } = checkpoint ?? {};
  return { since: isFull ? undefined : last_sync_timestamp, exact_position, storage };
}

/** Whether a message of a decided load finds its own load still pending, or work of our runs. */
function mayHelp(
  checkpoint: Checkpoint | undefined,
  { load_id }: ExtractRequest,
  isOurs: (run_id: string | undefined) => boolean,
): boolean {
  const { pending_load, next_requests = [] } = checkpoint ?? {};
  if (pending_load) return pending_load.load_id === load_id || isOurs(pending_load.run_id);
  return next_requests.some(({ run_id }) => isOurs(run_id));
}

/**
 * The load decided last leaves no staged batches when the next one is claimed, whoever decided it and whatever became of
 * that process. The first claim of a day looks at all loads of the entity: a process that hung, and was then killed, may have
 * staged batches after others had decided its load and swept it (decision 20).
 *
 * @returns the digest of the columns of the load decided last
 */
async function removeStagingBefore(
  { objects, clock }: Pick<ClaimPorts, 'objects' | 'clock'>,
  entity: string,
  checkpoint: Checkpoint | undefined,
): Promise<string | undefined> {
  const load_id = lastDecided(checkpoint);
  if (load_id === undefined) return undefined;
  const load = { entity, load_id };
  const isSameDay = checkpoint?.updated_at !== undefined && utcDate(checkpoint.updated_at) === utcDate(clock.now());
  if (!isSameDay) await removeStagingOfEntity(objects, entity);
  const record = isSameDay ? await removeStaging(objects, load) : await readLoadRecord(objects, load);
  return record && schemaDigest(record);
}

/** Says that the pending load answers a request which would otherwise be a load of its own (decision 36). */
function logContinued(log: Log, { name, cursor }: Entity, request: ExtractRequest, load: PendingLoad): void {
  const { load_id, ingested_at } = load;
  if (load_id === request.load_id || !isAnsweredBy(load, request, cursor !== null)) return;
  log.event({ kind: 'load_continued', entity: name, load_id, run_id: request.run_id, claimed_at: ingested_at });
}

function logClaim(log: Log, entity: string, load: PendingLoad, { rows_estimated }: HighWatermark): void {
  const { load_id, run_id, load_type, since, until, since_parameter, window_basis, window_fallback } = load;
  const { backfill, watermark_lag_seconds, oldest_transaction_seconds } = load;
  const window = { since, until, ...(backfill && { backfill }), since_parameter, window_basis };
  const lag = { watermark_lag_seconds, oldest_transaction_seconds };
  const estimate = load_type === 'full' && rows_estimated !== undefined ? { rows_estimated } : {};
  log.event({ kind: 'load_claimed', entity, load_id, run_id, load_type, ...window, ...lag, ...estimate });
  if (window_fallback) log.event({ kind: 'window_fallback', entity, load_id, reason: window_fallback });
}
