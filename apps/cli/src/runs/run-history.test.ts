import type { FailureRecord } from '@bronze/common/delivery/failure-record';
import type { LoadRecord } from '@bronze/common/load/load-record';
import { EPOCH, timestamp } from '@bronze/common/words/timestamp';
import { describe, expect, test } from 'vitest';
import { ofFailure, ofPending, ofRecord, runsOf } from './run-history.ts';

const id = (n: number) => `00000000-0000-8000-8000-${String(n).padStart(12, '0')}`;
const RUN = id(900);
const at = (minute: number) => timestamp(`2024-01-15T10:${String(minute).padStart(2, '0')}:00Z`);

function recordOf(load: number, minutes: readonly [number, number], more: Partial<LoadRecord> = {}): LoadRecord {
  return {
    version: 1,
    status: 'completed',
    entity: 'orders',
    load_id: id(load),
    load_type: 'full',
    since: EPOCH,
    until: at(0),
    ingested_at: at(minutes[0]),
    completed_at: at(minutes[1]),
    rows: 7,
    rows_in_bronze: 5,
    rows_quarantined: 2,
    slices: 1,
    write_tasks: 1,
    engines: [],
    columns: [],
    parts: [1, 2].map((part) => ({ key: `part-${part}`, rows: 1, bytes: 100, sha256: '' })),
    quarantine: [],
    ...more,
  };
}

function failureOf(message: object, minute: number): FailureRecord {
  const said = { code: 'TABLE_MISSING', kind: 'permanent', reason: 'it is gone', hint: 'look' };
  return { key: 'unused', message_id: id(1), message: JSON.stringify(message), failed_at: at(minute), ...said };
}

const pendingOf = (load: number, minute: number, run_id?: string) => {
  const window = { load_type: 'full', since: EPOCH, until: at(0), ingested_at: at(minute) } as const;
  return ofPending('customers', { load_id: id(load), ...window, ...(run_id && { run_id }) });
};

describe('a run', () => {
  test('has its loads in the order in which they were claimed, and lasts until the last one is decided', () => {
    const records = [recordOf(2, [3, 9], { run_id: RUN, entity: 'customers' }), recordOf(1, [1, 4], { run_id: RUN })];
    const [run, ...others] = runsOf(records.map(ofRecord), []);
    expect(others).toEqual([]);
    expect(run).toMatchObject({ id: RUN, run_id: RUN, started_at: at(1), ended_at: at(9), seconds: 480, failures: [] });
    expect(run?.loads).toMatchObject([
      { entity: 'orders', seconds: 180, rows: 5, rows_quarantined: 2, parts: 2, bytes: 200 },
      { entity: 'customers', seconds: 360 },
    ]);
  });

  test('has no end while one of its loads is pending, also if others failed', () => {
    const failures = [ofFailure(failureOf({ entity: 'orders', run_id: RUN }, 8))];
    expect(runsOf([ofRecord(recordOf(1, [1, 4], { run_id: RUN })), pendingOf(2, 2, RUN)], failures)).toMatchObject([
      { id: RUN, ended_at: null, seconds: null, loads: [{}, { status: 'pending', rows: null }], failures: [{}] },
    ]);
  });

  test('has the failures of its requests, and of the write tasks of its loads', () => {
    const failures = [
      failureOf({ entity: 'orders', load_id: id(1), slice: 0, task: 0 }, 8),
      failureOf({ run_id: RUN }, 9),
    ];
    const [run] = runsOf([pendingOf(1, 2, RUN)], failures.map(ofFailure));
    expect(run?.failures).toMatchObject([
      { entity: 'orders', code: 'TABLE_MISSING', message: 'it is gone' },
      { entity: '(unknown)' },
    ]);
  });

  test('is each load that was asked for by hand, and each message that names nothing; the last begun is first', () => {
    const failures = [failureOf({ entity: 'gone' }, 8)].map(ofFailure);
    const runs = runsOf([ofRecord(recordOf(1, [1, 4])), ofRecord(recordOf(2, [3, 4]))], failures);
    expect(runs.map(({ id, run_id }) => [id, run_id])).toEqual([
      [`gone ${at(8)}`, null],
      [id(2), null],
      [id(1), null],
    ]);
  });
});
