import { createHash } from 'node:crypto';
import type { FailureRecord } from '@bronze/common/delivery/failure-record';
import type { Checkpoint } from '@bronze/common/load/checkpoint';
import type { LoadRecord } from '@bronze/common/load/load-record';
import { entityIn } from '@bronze/common/load/messages';
import { awaitedLoadKey } from '@bronze/common/load/object-keys';
import { entityNameSchema, loadIdSchema, loadTypeSchema } from '@bronze/common/words/entity';
import { type Timestamp, timestampSchema } from '@bronze/common/words/timestamp';
import * as z from 'zod/mini';

/** A load that a state machine waits for, from its request until the state machine was told its end. */
export const awaitedLoadSchema = z.looseObject({
  version: z.literal(1),
  entity: entityNameSchema,
  load_id: loadIdSchema,
  load_type: z.optional(loadTypeSchema),
  /** The scheduled time: see `ExtractRequest`. */
  target: z.optional(timestampSchema),
  requested_at: timestampSchema,
  /** What the state machine wants back, so that it knows which of its tasks has ended. */
  task_token: z.string(),
});
export type AwaitedLoad = z.infer<typeof awaitedLoadSchema>;

/** A task that is tried again has another token, and so an object of its own. */
export function keyOfAwaited({ entity, load_id, task_token }: AwaitedLoad): string {
  return awaitedLoadKey({ entity, load_id }, createHash('sha256').update(task_token).digest('hex').slice(0, 16));
}

export interface Known {
  readonly checkpoint: Checkpoint | undefined;
  /** Of the awaited load. */
  readonly record: LoadRecord | undefined;
  /** Of the load that was decided last. */
  readonly last: LoadRecord | undefined;
  /** Of messages that went to a dead-letter queue, the newest first. */
  readonly failures: readonly FailureRecord[];
}

export type Answer =
  | { readonly status: 'open' }
  | { readonly status: 'completed' }
  | { readonly status: 'failed'; readonly reason: string };

/**
 * What became of an awaited load, by what is stored and not by who reports it: its record decides. A request that was
 * joined to another one has no load of its own: then a load that was claimed after it answers it, or a checkpoint that has
 * reached its target. A message of the entity in a dead-letter queue ends the wait too: somebody has to look at it. A
 * backfill that was refused does not: nobody waits for one here.
 */
export function answerOf(awaited: AwaitedLoad, { checkpoint, record, last, failures }: Known): Answer {
  if (record) return ended(record);
  const pending = [checkpoint?.pending_load, ...(checkpoint?.next_requests ?? [])];
  const isAhead = pending.some((load) => load?.load_id === awaited.load_id);
  if (!isAhead && (hasReached(checkpoint, awaited) || (last && answers(last, awaited)))) return { status: 'completed' };
  const failure = failures.find(
    ({ code, message, failed_at }) =>
      code !== 'BACKFILL_REFUSED' && entityIn(message) === awaited.entity && failed_at >= awaited.requested_at,
  );
  return failure ? { status: 'failed', reason: failure.code } : { status: 'open' };
}

function ended({ status }: LoadRecord): Answer {
  return status === 'completed' ? { status } : { status: 'failed', reason: 'abandoned' };
}

function hasReached(checkpoint: Checkpoint | undefined, { target, load_type }: AwaitedLoad): boolean {
  const synced: Timestamp | undefined = checkpoint?.last_sync_timestamp;
  return load_type !== 'full' && target !== undefined && synced !== undefined && synced >= target;
}

function answers(last: LoadRecord, { requested_at, load_type }: AwaitedLoad): boolean {
  const isWhatWasAsked = load_type !== 'full' || last.load_type === 'full';
  return last.status === 'completed' && last.ingested_at >= requested_at && isWhatWasAsked;
}
