/** What runs and loads did, from load records, pending loads and failure records. Pure. */
import type { FailureRecord } from '@bronze/common/delivery/failure-record';
import { failureOf } from '@bronze/common/delivery/failure-record';
import type { PendingLoad } from '@bronze/common/load/checkpoint';
import type { LoadRecord } from '@bronze/common/load/load-record';
import { entityIn } from '@bronze/common/load/messages';
import type { SchemaChange } from '@bronze/common/load/schema-changes';
import type { Failure } from '@bronze/common/words/failure';
import { secondsBetween } from '@bronze/common/words/timestamp';

/** One load, decided or pending. */
export interface LoadSummary {
  readonly entity: string;
  readonly load_id: string;
  /** Null: no run asked for it, but a message made by hand. */
  readonly run_id: string | null;
  readonly status: 'completed' | 'abandoned' | 'pending';
  readonly load_type: string;
  readonly since: string;
  readonly until: string;
  readonly claimed_at: string;
  /** When it was decided; null while it is pending, and so are the numbers. */
  readonly ended_at: string | null;
  readonly seconds: number | null;
  readonly rows: number | null;
  readonly rows_quarantined: number | null;
  readonly parts: number | null;
  readonly bytes: number | null;
  readonly schema_changes: readonly SchemaChange[];
}

/** A message that failed for good. */
export interface FailureSummary extends Failure {
  readonly entity: string;
  /** What the message was about, as far as it says. */
  readonly load_id: string | null;
  readonly run_id: string | null;
  readonly failed_at: string;
}

export interface RunSummary {
  /** The run's id, or that of a load which no run asked for. */
  readonly id: string;
  readonly run_id: string | null;
  readonly started_at: string;
  /** When its last load was decided or its last message failed; null while a load is pending. */
  readonly ended_at: string | null;
  readonly seconds: number | null;
  readonly loads: readonly LoadSummary[];
  readonly failures: readonly FailureSummary[];
}

export function ofRecord(record: LoadRecord): LoadSummary {
  const { entity, load_id, run_id = null, status, load_type, since, until, ingested_at, completed_at } = record;
  return {
    entity,
    load_id,
    run_id,
    status,
    load_type,
    since,
    until,
    claimed_at: ingested_at,
    ended_at: completed_at,
    seconds: Math.max(0, secondsBetween(ingested_at, completed_at)),
    rows: record.rows_in_bronze,
    rows_quarantined: record.rows_quarantined,
    parts: record.parts.length,
    bytes: record.parts.reduce((sum, { bytes }) => sum + bytes, 0),
    schema_changes: record.schema_changes ?? [],
  };
}

export function ofPending(entity: string, load: PendingLoad): LoadSummary {
  const { load_id, run_id = null, load_type, since, until, ingested_at } = load;
  const unknown = { ended_at: null, seconds: null, rows: null, rows_quarantined: null, parts: null, bytes: null };
  const claimed = { load_type, since, until, claimed_at: ingested_at };
  return { entity, load_id, run_id, status: 'pending', ...claimed, ...unknown, schema_changes: [] };
}

export function ofFailure(record: FailureRecord): FailureSummary {
  const { message, failed_at } = record;
  return {
    entity: entityIn(message),
    load_id: idIn(message, 'load_id'),
    run_id: idIn(message, 'run_id'),
    failed_at,
    ...failureOf(record),
  };
}

/** The id that a message has, even if the rest can't be read. */
function idIn(body: string, field: 'load_id' | 'run_id'): string | null {
  return new RegExp(`"${field}"\\s*:\\s*"([0-9a-f-]{36})"`).exec(body)?.[1] ?? null;
}

/** Loads and failures by the run that asked for them, the run that began last first. */
export function runsOf(loads: readonly LoadSummary[], failures: readonly FailureSummary[]): RunSummary[] {
  const runOfLoad = new Map(loads.map(({ load_id, run_id }) => [load_id, run_id]));
  const explained = failures.map((failure) => ({
    ...failure,
    run_id: failure.run_id ?? runOfLoad.get(failure.load_id ?? '') ?? null,
  }));
  const loadsById = Map.groupBy(loads, idOf);
  const failuresById = Map.groupBy(explained, idOf);
  const ids = new Set([...loadsById.keys(), ...failuresById.keys()]);
  const runs = [...ids].map((id) => runOf(id, loadsById.get(id) ?? [], failuresById.get(id) ?? []));
  return runs.toSorted((a, b) => (a.started_at < b.started_at ? 1 : -1));
}

/** A message that names nothing is a run of its own. */
function idOf(one: LoadSummary | FailureSummary): string {
  return one.run_id ?? one.load_id ?? ('failed_at' in one ? `${one.entity} ${one.failed_at}` : '');
}

function runOf(id: string, loads: readonly LoadSummary[], failures: readonly FailureSummary[]): RunSummary {
  const run_id = [...loads, ...failures].find((one) => one.run_id !== null)?.run_id ?? null;
  const began = [...loads.map(({ claimed_at }) => claimed_at), ...failures.map(({ failed_at }) => failed_at)];
  const started_at = began.toSorted()[0] ?? '';
  const ends = [...loads.flatMap(({ ended_at }) => ended_at ?? []), ...failures.map(({ failed_at }) => failed_at)];
  const isPending = loads.some(({ status }) => status === 'pending');
  const ended_at = isPending ? null : (ends.toSorted().at(-1) ?? null);
  const seconds = ended_at === null ? null : (Date.parse(ended_at) - Date.parse(started_at)) / 1000;
  const sorted = loads.toSorted((a, b) => (a.claimed_at < b.claimed_at ? -1 : 1));
  return { id, run_id, started_at, ended_at, seconds, loads: sorted, failures };
}
