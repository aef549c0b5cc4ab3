import { backfillSchema, whyNoBackfill } from './backfill.ts';
import { sinceParameterSchema } from './high-watermark.ts';
import * as z from 'zod/mini';
import { loadIdSchema, loadTypeSchema, type LoadType } from '../words/entity.ts';
import {
  exactPositionSchema,
  exactWindowSchema,
  readablePositionSchema,
  storageSchema,
  windowFallbackSchema,
} from '../words/exact-position.ts';
import type { FailureText } from '../words/failure.ts';
import { type ExtractRequest, waitingRequestSchema } from './messages.ts';
import { timestampSchema } from '../words/timestamp.ts';

/** The load in flight: everything about it that must not change between attempts. */
export const pendingLoadSchema = z.looseObject({
  load_id: loadIdSchema,
  load_type: loadTypeSchema,
  /** The window is `[since, until)`. */
  since: timestampSchema,
  until: timestampSchema,
  /** The window, if a backfill asked for it: completing the load then moves no checkpoint. */
  backfill: z.optional(backfillSchema),
  /** The rows' `_ingestion_ts`. Its UTC date is the `ingestion_date`, even for parts written after midnight. */
  ingested_at: timestampSchema,
  /** What guarantees `until`: see `high-watermark.ts`. */
  window_basis: z.optional(z.string()),
  /** Why the previous load's exact position did not count: this load may bring rows again. */
  window_fallback: z.optional(windowFallbackSchema),
  exact_window: z.optional(exactWindowSchema),
  /** The position that the checkpoint gets when this load completes. */
  exact_position: z.optional(exactPositionSchema),
  /** Of a table that is read without transaction ids: as {@link ExactWindow} has it otherwise. */
  storage: z.optional(storageSchema),
  /** How far `until` was behind the source's clock at the claim. */
  watermark_lag_seconds: z.optional(z.number()),
  /** Upper bound on the age of the oldest transaction that was open at the claim. */
  oldest_transaction_seconds: z.optional(z.number()),
  since_parameter: z.optional(sinceParameterSchema),
  run_id: z.optional(loadIdSchema),
  /** The load decided before this one. A source that infers types keeps to that load's columns (decision 17). */
  previous_load_id: z.optional(loadIdSchema),
  /** A digest of that load's columns: see `schemaDigest`. */
  previous_schema: z.optional(z.string()),
});
export type PendingLoad = z.infer<typeof pendingLoadSchema>;

/** One entity's entry in `checkpoints.json`. Fields it doesn't name survive when the entry is written again. */
export const checkpointSchema = z.looseObject({
  last_sync_timestamp: z.optional(timestampSchema),
  record_count: z.optional(z.int().check(z.minimum(0))),
  updated_at: z.optional(timestampSchema),
  /**
   * The load decided last, backfills aside. With the next field it makes every idle state unique, so that a late swap
   * always fails (decision 7).
   */
  last_load_id: z.optional(loadIdSchema),
  /** The backfill decided last, if it was decided after that load (decision 46). */
  last_backfill_id: z.optional(loadIdSchema),
  /** When the last completed full load was claimed. It read again what loads claimed before it left in quarantine. */
  full_load_at: z.optional(timestampSchema),
  /** When somebody reset the checkpoint, so that the next load is full. */
  reset_at: z.optional(timestampSchema),
  /** The last load whose columns differed from those of the load before: its record says how. */
  schema_change_load_id: z.optional(loadIdSchema),
  /** An unreadable one counts as absent: the next load reports that and falls back to the timestamp. */
  exact_position: z.optional(readablePositionSchema),
  /** What the last completed load read, if that was a table without transaction ids. */
  storage: z.optional(storageSchema),
  pending_load: z.optional(pendingLoadSchema),
  next_requests: z.optional(z.array(waitingRequestSchema)),
});
export type Checkpoint = z.infer<typeof checkpointSchema>;

export type ClaimDecision =
  /** Nothing to do for this request. */
  | { readonly kind: 'done'; readonly reason: 'already_loaded' | 'load_gone' | 'target_passed' }
  /** No load is pending: swap this request's load in, and leave `waiting` as the requests that wait. */
  | { readonly kind: 'start'; readonly request: ExtractRequest; readonly waiting: readonly ExtractRequest[] }
  /** Another load is pending: swap `waiting` in as the requests that wait, then help that load. */
  | { readonly kind: 'queue'; readonly load: PendingLoad; readonly waiting: readonly ExtractRequest[] }
  /** Help the pending load; nothing to swap. */
  | { readonly kind: 'help'; readonly load: PendingLoad }
  /** A backfill that can't be carried out: it waits no longer, if it did, and fails. */
  | { readonly kind: 'refuse'; readonly why: FailureText; readonly waiting: readonly ExtractRequest[] };

/**
 * What an extractor does with a request, given the entity's checkpoint. The table is in `docs/checkpoints.md`.
 *
 * @param recorded whether the load record of `request.load_id` exists, looked up *after* the checkpoint was read,
 *   because the record is always written before the checkpoint
 */
export function decideClaim(
  checkpoint: Checkpoint | undefined,
  request: ExtractRequest,
  recorded: boolean,
  hasCursor: boolean,
): ClaimDecision {
  const waiting = checkpoint?.next_requests ?? [];
  const pending = checkpoint?.pending_load;
  if (pending) {
    if (pending.load_id === request.load_id) return { kind: 'help', load: pending };
    // This very message may have claimed the pending load, for a request that waited, and then failed (decision 28).
    if (recorded || isContinuation(request)) return { kind: 'help', load: pending };
    const left = stillWaiting(waiting, request, pending, hasCursor);
    return left === waiting ? { kind: 'help', load: pending } : { kind: 'queue', load: pending, waiting: left };
  }
  return decideIdle(checkpoint, request, whyDone(checkpoint, request, recorded), hasCursor);
}

function decideIdle(
  checkpoint: Checkpoint | undefined,
  request: ExtractRequest,
  reason: ReturnType<typeof whyDone>,
  hasCursor: boolean,
): ClaimDecision {
  const waiting = checkpoint?.next_requests ?? [];
  const why = reason ? undefined : whyRefused(checkpoint, request, hasCursor);
  if (why) return { kind: 'refuse', why, waiting: waiting.filter(({ load_id }) => load_id !== request.load_id) };
  const open = reason ? waiting : coalesce(waiting, request);
  // A backfill that can't be carried out now does not keep others from their turn: its own message refuses it.
  const oldest = open.find((one) => !whyRefused(checkpoint, one, hasCursor));
  if (oldest) return { kind: 'start', request: oldest, waiting: open.filter((one) => one !== oldest) };
  return { kind: 'done', reason: reason ?? 'already_loaded' };
}

function whyRefused(checkpoint: Checkpoint | undefined, { entity, backfill }: ExtractRequest, hasCursor: boolean) {
  const last_sync_timestamp = checkpoint?.last_sync_timestamp;
  return backfill && whyNoBackfill(entity, backfill, { last_sync_timestamp, hasCursor });
}

function whyDone(checkpoint: Checkpoint | undefined, request: ExtractRequest, recorded: boolean) {
  if (recorded) return 'already_loaded';
  if (isContinuation(request)) return 'load_gone';
  if (request.backfill) return undefined;
  const synced = checkpoint?.last_sync_timestamp;
  const passed = synced !== undefined && request.target !== undefined && request.target <= synced;
  return passed && request.load_type !== 'full' ? 'target_passed' : undefined;
}

/**
 * Whether the request continues a load that was claimed. If that load is neither pending nor decided, somebody has taken it
 * out of the checkpoint, and it must not be claimed again: its slices are of another window (`LOAD_RECLAIMED`).
 */
function isContinuation({ slice }: ExtractRequest): boolean {
  return slice !== undefined;
}

/** What waits behind a pending load once the request has come: `waiting` itself if that changes nothing. */
function stillWaiting(
  waiting: readonly ExtractRequest[],
  request: ExtractRequest,
  pending: PendingLoad,
  hasCursor: boolean,
): readonly ExtractRequest[] {
  const open = unanswered(waiting, pending, hasCursor);
  return isAnsweredBy(pending, request, hasCursor) ? open : coalesce(open, request);
}

/**
 * At most one incremental and one full request wait: another one of the same type adds nothing. Each backfill waits by
 * itself.
 */
function coalesce(waiting: readonly ExtractRequest[], request: ExtractRequest): readonly ExtractRequest[] {
  const type = (one: ExtractRequest) => (one.backfill ? one.load_id : (one.load_type ?? 'incremental'));
  const covered = waiting.some((one) => one.load_id === request.load_id || type(one) === type(request));
  return covered ? waiting : [...waiting, request];
}

/**
 * Whether a pending load is what the request asks for, so that no other load is made (decision 36): both are full loads,
 * and the load reaches the request's target.
 */
export function isAnsweredBy(
  load: PendingLoad,
  { load_type, target, backfill }: Pick<ExtractRequest, 'load_type' | 'target' | 'backfill'>,
  hasCursor: boolean,
): boolean {
  // What it is to bring may have been inserted behind the pending load's back.
  if (backfill) return false;
  const isForFull = load_type === 'full' || !hasCursor;
  return load.load_type === 'full' && isForFull && (target === undefined || target <= load.until);
}

/** The requests that wait and that the load does not answer: `waiting` itself if it answers none. */
export function unanswered(
  waiting: readonly ExtractRequest[],
  load: PendingLoad,
  hasCursor: boolean,
): readonly ExtractRequest[] {
  const open = waiting.filter((request) => !isAnsweredBy(load, request, hasCursor));
  return open.length < waiting.length ? open : waiting;
}

/** `full` for a first load and for an entity without a cursor; otherwise as requested, incremental by default. */
export function effectiveLoadType(
  checkpoint: Checkpoint | undefined,
  requested: LoadType | undefined,
  hasCursor: boolean,
): LoadType {
  return checkpoint?.last_sync_timestamp === undefined || !hasCursor ? 'full' : (requested ?? 'incremental');
}

/** The load of an entity that was decided last, backfills included. */
export function lastDecided(checkpoint: Checkpoint | undefined): string | undefined {
  return checkpoint?.last_backfill_id ?? checkpoint?.last_load_id;
}

/** The checkpoint with `next_requests` set, or without the field if no request waits. */
export function withWaiting(checkpoint: Checkpoint, waiting: readonly ExtractRequest[]): Checkpoint {
  const { next_requests: _, ...rest } = checkpoint;
  return waiting.length === 0 ? rest : { ...rest, next_requests: [...waiting] };
}
