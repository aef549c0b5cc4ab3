import type { Skipped } from '@bronze/common/load/position';
import type { EntityResult } from '@bronze/runner/run-locally';
import { perSecond } from './terminal/numbers.ts';

/** The last full load of the run and those after it: it has read again what the loads before it have put into quarantine. */
export function sinceFull(loads: EntityResult['loads']): EntityResult['loads'] {
  const last = loads.findLastIndex(({ load_type, status }) => load_type === 'full' && status === 'completed');
  return loads.slice(Math.max(0, last));
}

/** Objects of rows that are not in bronze, as `bronze status` counts them. */
export function quarantinedIn(loads: EntityResult['loads']) {
  return sinceFull(loads).flatMap(({ quarantine }) => quarantine);
}

/** One entity of a run, as `-o json` prints it. */
export function summarize(result: EntityResult) {
  const sum = (of: (load: EntityResult['loads'][number]) => number) => sumOf(result.loads.map(of));
  const rows = sum((load) => load.rows_in_bronze);
  const quarantine = quarantinedIn(result.loads);
  return {
    entity: result.entity,
    status: result.status,
    backfill: result.backfill ?? null,
    skipped_because: result.skipped_because ?? null,
    ...describeLoad(result.load),
    ...skippedIn(result),
    loads: result.loads.map(({ load_id, load_type, backfill, rows_in_bronze: rows, rows_quarantined }) => {
      return { load_id, load_type, backfill: backfill ?? null, rows, rows_quarantined };
    }),
    continued_from: result.continued_from ?? null,
    rows,
    rows_quarantined: sumOf(quarantine.map((object) => object.rows)),
    quarantine,
    schema_changes: result.loads.flatMap((load) => load.schema_changes ?? []),
    parts: sum((load) => load.parts.length),
    bytes: sum((load) => sumOf(load.parts.map((part) => part.bytes))),
    seconds: Number(result.duration_seconds.toFixed(3)),
    rows_per_second: perSecond(result.rows_written, result.duration_seconds),
    checkpoint: result.checkpoint?.last_sync_timestamp ?? null,
    error: result.failure ? { ...result.failure } : null,
  };
}

function describeLoad(load: Partial<EntityResult['loads'][number]> = {}) {
  const { load_id = null, load_type = null, since = null, until = null, since_parameter = null } = load;
  return { load_id, load_type, since, until, ...describeWindow(load), since_parameter };
}

/** What all loads that ended in the run left out and took late. What one left for later, the next one has taken. */
function skippedIn({ loads, load }: EntityResult): { readonly left_out: Skipped | null; readonly late: number | null } {
  const skipped = loads.flatMap(({ left_out }) => left_out ?? []);
  const late = loads.flatMap(({ seen_cursors }) => seen_cursors?.late ?? []);
  const last = (load ?? loads.at(-1))?.left_out ?? { outside_window: 0 };
  const without_cursor = sumOf(skipped.map((one) => one.without_cursor));
  const repeated = sumOf(skipped.map((one) => one.repeated));
  return {
    left_out: skipped.length > 0 ? { ...last, without_cursor, repeated } : null,
    late: late.length > 0 ? sumOf(late) : null,
  };
}

function sumOf(numbers: readonly number[]): number {
  return numbers.reduce((sum, one) => sum + one, 0);
}

function describeWindow(load: Partial<EntityResult['loads'][number]>) {
  const { window_basis = null, window_fallback = null } = load;
  const { watermark_lag_seconds = null, oldest_transaction_seconds = null } = load;
  return { window_basis, window_fallback, watermark_lag_seconds, oldest_transaction_seconds };
}
