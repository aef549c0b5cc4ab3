import type { Checkpoint } from '@bronze/common/load/checkpoint';
import type { LoadRecord } from '@bronze/common/load/load-record';
import type { Skipped } from '@bronze/common/load/position';
import { isUnsettled, type QuarantinedLoad } from '@bronze/common/load/quarantine';
import { secondsOf } from '@bronze/common/words/duration';
import { guaranteeOf, standingWindow } from '@bronze/common/words/exact-position';
import type { Failure } from '@bronze/common/words/failure';
import { secondsBetween, type Timestamp } from '@bronze/common/words/timestamp';
import { isAhead } from '@bronze/planner/freshness';
import type { LastSchemaChange } from './drift/last-change.ts';

/** What is known about an entity before it is judged. */
export interface EntityFacts {
  readonly entity: string;
  /** What its configuration says; null if it is not in the configuration, undefined if none was read. */
  readonly configured: ConfiguredEntity | null | undefined;
  readonly checkpoint: Checkpoint | undefined;
  /** Why its checkpoint or a load record can't be read. */
  readonly unreadable: string | undefined;
  /** Why it has no checkpoint although it should. */
  readonly lost?: string | undefined;
  /** The record of the load that was decided last, backfills aside. */
  readonly record: LoadRecord | undefined;
  readonly last_schema_change: LastSchemaChange | null;
  readonly quarantine: readonly QuarantinedLoad[];
  /** Of each of its dead letters; undefined if nothing recorded why. */
  readonly failures: readonly (Failure | undefined)[];
  /** Whether a run that lives has a message of it; undefined if that can't be known. */
  readonly isRunning: boolean | undefined;
}

export interface ConfiguredEntity {
  readonly enabled: boolean;
  readonly allow_quarantine: boolean;
  /** The entity's own, or its source's. */
  readonly fresh_within: string | undefined;
}

/** One entity as `bronze status -o json` shows it. */
export interface EntityStatus {
  readonly entity: string;
  readonly state: 'idle' | 'loading' | 'pending' | 'interrupted' | 'failed' | 'never_loaded' | 'lost' | 'unreadable';
  /** Null: no configuration was read. */
  readonly is_configured: boolean | null;
  readonly is_enabled: boolean | null;
  /** Whether the checkpoint is in the future, so that nothing is loaded until that time has come. */
  readonly is_ahead: boolean;
  readonly last_sync_timestamp: string | null;
  /** Rows in bronze of the last completed load. */
  readonly record_count: number | null;
  readonly updated_at: string | null;
  /** When a load completed last. */
  readonly last_completed_at: string | null;
  readonly seconds_since_last_load: number | null;
  /** The age of the data: the time from the checkpoint until now. */
  readonly behind_seconds: number | null;
  readonly fresh_within: string | null;
  /** Whether it is further behind than `fresh_within`, or was never loaded though it has that. */
  readonly is_late: boolean;
  /** What the last claimed window guarantees; after an abandoned load, what the checkpoint does. Null: not known. */
  readonly guarantee: string | null;
  /** At that claim: how far the checkpoint was behind the source's clock, and the oldest open transaction's age. */
  readonly watermark_lag_seconds: number | null;
  readonly oldest_transaction_seconds: number | null;
  /** What the last load skipped, and what of that it left for later loads. Null while one is pending, and after exact ones. */
  readonly left_out: Skipped | null;
  readonly last_schema_change: LastSchemaChange | null;
  /** Rows that were not loaded when they came but put into quarantine, since the last full load; none that somebody acknowledged. */
  readonly rows_quarantined: number;
  readonly quarantine: readonly QuarantinedLoad[];
  readonly allows_quarantine: boolean;
  readonly pending_load: Checkpoint['pending_load'] | null;
  readonly waiting_requests: number;
  readonly dead_letters: readonly string[];
  readonly unreadable: string | null;
}

const UNEXPLAINED = 'unknown: it has no failure record';

export function statusOf(facts: EntityFacts, now: Timestamp): EntityStatus {
  const { configured, checkpoint, record, failures } = facts;
  const ofCheckpoint = describeCheckpoint(checkpoint, now);
  const quarantine = facts.quarantine.filter(isUnsettled);
  return {
    entity: facts.entity,
    state: stateOf(facts),
    ...describeConfigured(configured),
    ...ofCheckpoint,
    ...lastLoadOf(facts, now),
    is_late: isLate(configured, ofCheckpoint.behind_seconds),
    ...describeWindow(windowOf(checkpoint, record)),
    last_schema_change: facts.last_schema_change,
    rows_quarantined: quarantine.reduce((sum, { rows }) => sum + rows, 0),
    quarantine,
    dead_letters: failures.map((failure) => (failure ? `${failure.code}: ${failure.message}` : UNEXPLAINED)),
    unreadable: facts.unreadable ?? facts.lost ?? null,
  };
}

function describeConfigured(configured: EntityFacts['configured']) {
  return {
    is_configured: configured === undefined ? null : configured !== null,
    is_enabled: configured?.enabled ?? null,
    fresh_within: configured?.fresh_within ?? null,
    allows_quarantine: configured?.allow_quarantine ?? false,
  };
}

function describeCheckpoint(checkpoint: Checkpoint = {}, now: Timestamp) {
  const { last_sync_timestamp: synced, updated_at, pending_load, next_requests = [] } = checkpoint;
  return {
    is_ahead: synced !== undefined && isAhead(synced, now),
    last_sync_timestamp: synced ?? null,
    updated_at: updated_at ?? null,
    behind_seconds: synced === undefined ? null : Math.max(0, secondsBetween(synced, now)),
    pending_load: pending_load ?? null,
    waiting_requests: next_requests.length,
  };
}

/** Whether nothing about the entity needs a person. */
export function isHealthy(status: EntityStatus, allow_quarantine: boolean): boolean {
  const { state, is_ahead, is_late, dead_letters, rows_quarantined, allows_quarantine } = status;
  if (state === 'unreadable' || state === 'lost' || is_ahead || is_late || dead_letters.length > 0) return false;
  return rows_quarantined === 0 || allow_quarantine || allows_quarantine;
}

function stateOf({ unreadable, lost, checkpoint, failures, isRunning }: EntityFacts): EntityStatus['state'] {
  if (unreadable !== undefined) return 'unreadable';
  if (lost !== undefined) return 'lost';
  if (isRunning) return 'loading';
  if (failures.length > 0) return 'failed';
  if (checkpoint?.pending_load) return isRunning === undefined ? 'pending' : 'interrupted';
  return checkpoint?.last_sync_timestamp === undefined ? 'never_loaded' : 'idle';
}

/**
 * The load record says it best: `updated_at` only for checkpoints that nobody has set by hand since, and the
 * `record_count` of earlier versions counts the rows in quarantine too.
 */
function lastLoadOf({ checkpoint, record }: EntityFacts, now: Timestamp) {
  const completed = record?.status === 'completed' ? record : undefined;
  const at = completed?.completed_at ?? checkpoint?.updated_at;
  return {
    record_count: completed?.rows_in_bronze ?? checkpoint?.record_count ?? null,
    last_completed_at: at ?? null,
    seconds_since_last_load: at === undefined ? null : Math.max(0, secondsBetween(at, now)),
  };
}

/** Only entities that runs load without being asked by name have to be fresh. */
function isLate(configured: EntityFacts['configured'], behind_seconds: number | null): boolean {
  if (!configured?.enabled || configured.fresh_within === undefined) return false;
  return behind_seconds === null || behind_seconds > secondsOf(configured.fresh_within);
}

type Window = Pick<
  NonNullable<Checkpoint['pending_load']>,
  'window_basis' | 'window_fallback' | 'watermark_lag_seconds' | 'oldest_transaction_seconds'
> &
  Partial<Pick<LoadRecord, 'left_out'>>;

/** The window of the pending load unless that is a backfill, else of the last load; if that was abandoned, the one the checkpoint is still at. */
function windowOf(checkpoint: Checkpoint | undefined, record: LoadRecord | undefined): Window | undefined {
  const { pending_load, last_load_id, exact_position, last_sync_timestamp } = checkpoint ?? {};
  const next = pending_load?.backfill ? undefined : pending_load;
  if (next || last_load_id === undefined) return next;
  if (record?.status === 'completed') return record;
  return exact_position && last_sync_timestamp && standingWindow(exact_position, last_sync_timestamp);
}

function describeWindow(window: Window | undefined) {
  return {
    guarantee: window ? guaranteeOf(window) : null,
    watermark_lag_seconds: window?.watermark_lag_seconds ?? null,
    oldest_transaction_seconds: window?.oldest_transaction_seconds ?? null,
    left_out: window?.left_out ?? null,
  };
}
