import type { Backfill } from './backfill.ts';
import {
  type Checkpoint,
  effectiveLoadType,
  lastDecided,
  type PendingLoad,
  unanswered,
  withWaiting,
} from './checkpoint.ts';
import type { HighWatermark } from './high-watermark.ts';
import type { ExtractRequest } from './messages.ts';
import type { LoadType } from '../words/entity.ts';
import { earliest, EPOCH, latest, type Timestamp } from '../words/timestamp.ts';

export interface StartOfLoad {
  readonly request: ExtractRequest;
  readonly waiting: readonly ExtractRequest[];
  readonly hasCursor: boolean;
  readonly watermark: HighWatermark;
  /** Of the columns of the load decided last: see `schemaDigest`. */
  readonly previous_schema?: string | undefined;
  readonly now: Timestamp;
}

/**
 * The checkpoint with the load of `start.request` pending and its window fixed. A watermark below the checkpoint, due
 * to a transaction that began early or to a margin, gives an empty window (decision 6) and never moves the checkpoint back.
 */
export function startLoad(
  checkpoint: Checkpoint | undefined,
  start: StartOfLoad,
): { readonly load: PendingLoad; readonly checkpoint: Checkpoint } {
  const { request, watermark } = start;
  const window = request.backfill ? backfillWindow(request.backfill) : newWindow(checkpoint, start);
  const load: PendingLoad = {
    load_id: request.load_id,
    ...window,
    ingested_at: start.now,
    ...(watermark.since_parameter &&
      window.load_type === 'incremental' && { since_parameter: watermark.since_parameter }),
    ...previousOf(checkpoint, start),
    ...(request.run_id && { run_id: request.run_id }),
  };
  const waiting = unanswered(start.waiting, load, start.hasCursor);
  return { load, checkpoint: withWaiting({ ...checkpoint, pending_load: load }, waiting) };
}

type Window = Pick<PendingLoad, 'load_type' | 'since' | 'until'> & Partial<PendingLoad>;

/** The window that was asked for. It says nothing about the loads that follow, so it leaves them no position. */
function backfillWindow(backfill: Backfill): Window {
  const { from, to } = backfill;
  return { load_type: 'incremental', since: from, until: to, backfill, window_basis: 'backfill' };
}

function newWindow(checkpoint: Checkpoint | undefined, start: StartOfLoad): Window {
  const { watermark } = start;
  const synced = checkpoint?.last_sync_timestamp ?? EPOCH;
  const load_type = loadTypeOf(checkpoint, start);
  const until = latest(watermark.until, synced);
  return {
    load_type,
    since: load_type === 'full' ? EPOCH : earliest(watermark.again?.since ?? synced, synced),
    until,
    window_basis: watermark.basis,
    ...exactFieldsOf(watermark, until),
    ...(watermark.again && { window_fallback: watermark.again.reason }),
  };
}

/** A backfill's columns count for the next load too: types that it has inferred must not change (decision 17). */
function previousOf(checkpoint: Checkpoint | undefined, { previous_schema }: StartOfLoad): Partial<PendingLoad> {
  const previous_load_id = lastDecided(checkpoint);
  return { ...(previous_load_id && { previous_load_id }), ...(previous_schema && { previous_schema }) };
}

/** A source that has nothing to continue from has the last word. */
function loadTypeOf(checkpoint: Checkpoint | undefined, { request, hasCursor, watermark }: StartOfLoad): LoadType {
  return watermark.load_type ?? effectiveLoadType(checkpoint, request.load_type, hasCursor);
}

function exactFieldsOf({ exact, storage }: HighWatermark, at: Timestamp): Partial<PendingLoad> {
  if (!exact) return storage ? { storage } : {};
  const { window, position, fallback, watermark_lag_seconds, oldest_transaction_seconds } = exact;
  return {
    ...(fallback && { window_fallback: fallback }),
    exact_window: window,
    exact_position: { ...position, at },
    watermark_lag_seconds,
    ...(oldest_transaction_seconds !== undefined && { oldest_transaction_seconds }),
  };
}
