import type { Checkpoint } from '@bronze/common/load/checkpoint';
import type { LoadRecord } from '@bronze/common/load/load-record';
import type { QuarantinedLoad } from '@bronze/common/load/quarantine';
import { EPOCH, timestamp } from '@bronze/common/words/timestamp';
import { describe, expect, test } from 'vitest';
import { type EntityFacts, isHealthy, statusOf } from './entity-status.ts';
import { statusTable } from './terminal/status-table.ts';
import { renderTable } from './terminal/table.ts';

const NOW = timestamp('2024-01-16T10:00:00Z');
const SYNCED = timestamp('2024-01-16T07:00:00Z');
const LOAD_ID = '00000000-0000-8000-8000-000000000001';
const CONFIGURED = { enabled: true, allow_quarantine: false, fresh_within: undefined };
const FAILURE = { code: 'SOURCE_DENIED', kind: 'permanent', message: 'no', hint: 'grant it' } as const;
const idle: Checkpoint = { last_sync_timestamp: SYNCED, record_count: 7, last_load_id: LOAD_ID };
const loading: Checkpoint = {
  ...idle,
  pending_load: { load_id: LOAD_ID, load_type: 'full', since: EPOCH, until: SYNCED, ingested_at: SYNCED },
};
const quarantined = (state: QuarantinedLoad['state']): QuarantinedLoad => ({
  entity: 'orders',
  load_id: LOAD_ID,
  load_type: 'incremental',
  completed_at: SYNCED,
  rows: 500,
  objects: [],
  state,
});

function judged(facts: Partial<EntityFacts> = {}) {
  const quiet = { configured: CONFIGURED, checkpoint: idle, unreadable: undefined, record: undefined };
  return statusOf(
    { entity: 'orders', ...quiet, last_schema_change: null, quarantine: [], failures: [], isRunning: false, ...facts },
    NOW,
  );
}

describe('the state of an entity', () => {
  test.each([
    ['idle', {}, true],
    ['never_loaded', { checkpoint: undefined }, true],
    ['never_loaded', { checkpoint: { next_requests: [] } }, true],
    ['loading', { checkpoint: loading, isRunning: true }, true],
    // Nothing runs: somebody stopped it.
    ['interrupted', { checkpoint: loading }, true],
    // The queues of AWS have messages, and nobody knows of which entities.
    ['pending', { checkpoint: loading, isRunning: undefined }, true],
    ['idle', { isRunning: undefined }, true],
    ['failed', { failures: [undefined] }, false],
    ['failed', { failures: [FAILURE] }, false],
    ['failed', { failures: [FAILURE], checkpoint: loading }, false],
    ['failed', { failures: [FAILURE], checkpoint: undefined }, false],
    ['loading', { failures: [FAILURE], isRunning: true }, false],
    ['unreadable', { unreadable: 'why', checkpoint: undefined, isRunning: true }, false],
  ] satisfies [string, Partial<EntityFacts>, boolean][])('is %s for %j', (state, facts, healthy) => {
    const status = judged(facts);
    expect([status.state, isHealthy(status, false)]).toEqual([state, healthy]);
  });
});

describe('age', () => {
  test('is that of the data, and apart from it how long ago a load completed and how far it was held back', () => {
    const record = { status: 'completed', completed_at: timestamp('2024-01-16T09:58:00Z'), watermark_lag_seconds: 40 };
    expect(judged({ record: record as LoadRecord })).toMatchObject({
      behind_seconds: 10_800,
      seconds_since_last_load: 120,
      watermark_lag_seconds: 40,
    });
    // An abandoned load completed nothing.
    const abandoned = { ...record, status: 'abandoned' } as LoadRecord;
    const checkpoint = { ...idle, updated_at: SYNCED };
    expect(judged({ record: abandoned, checkpoint })).toMatchObject({ last_completed_at: SYNCED });
    expect(judged({ checkpoint: undefined })).toMatchObject({ behind_seconds: null, last_completed_at: null });
  });

  test.each([
    ['2h', idle, true],
    ['3h', idle, false],
    ['90d', undefined, true],
    [undefined, undefined, false],
  ] as const)('fresh_within %s with checkpoint %j: late %j', (fresh_within, checkpoint, is_late) => {
    const late = judged({ configured: { ...CONFIGURED, fresh_within }, checkpoint });
    expect([late.is_late, isHealthy(late, false)]).toEqual([is_late, !is_late]);
    // Nobody asks a run for these.
    const disabled = { ...CONFIGURED, enabled: false, fresh_within };
    for (const configured of [disabled, null, undefined])
      expect(judged({ configured, checkpoint }).is_late).toBe(false);
  });
});

test('a disabled entity and a failed one leave the table of 80 columns a table, and blocks have no empty lines', () => {
  const off = judged({ entity: 'event_attendances', configured: { ...CONFIGURED, enabled: false } });
  const completed_at = timestamp('2024-01-15T10:32:00Z');
  const failure = { ...FAILURE, code: 'ENCODING_UNSUPPORTED' } as const;
  const record = { status: 'completed', completed_at } as LoadRecord;
  const failed = judged({ failures: [failure], record, configured: { ...CONFIGURED, fresh_within: '1h' } });
  const { head, rows } = statusTable([off, failed]);
  const shown = (width: number) => renderTable(head, rows, { width, paint: (_, text) => text }).text.split('\n');
  expect(shown(80).filter((line) => line.startsWith('│'))).toHaveLength(3);
  const blocks = shown(40);
  expect(blocks).toContain('state:      disabled');
  expect(blocks.filter((line) => /^(?:failure|guarantee):$/.test(line))).toEqual([]);
});

test('rows are those in bronze: the checkpoint of an earlier version counts those in quarantine too', () => {
  const completed = { status: 'completed', completed_at: SYNCED, rows: 7, rows_in_bronze: 5 } as LoadRecord;
  expect(judged({ record: completed }).record_count).toBe(5);
  expect(judged({ record: { ...completed, status: 'abandoned' } }).record_count).toBe(7);
  expect(judged({ checkpoint: undefined }).record_count).toBeNull();
});

test('rows in quarantine are missing until they are acknowledged or resolved, and need a person unless allowed', () => {
  const quarantine = (['open', 'releasing', 'acknowledged', 'resolved'] as const).map(quarantined);
  const status = judged({ quarantine });
  expect(status.rows_quarantined).toBe(1000);
  expect(status.quarantine.map(({ state }) => state)).toEqual(['open', 'releasing']);
  expect([isHealthy(status, false), isHealthy(status, true)]).toEqual([false, true]);
  const allowed = judged({ quarantine, configured: { ...CONFIGURED, allow_quarantine: true } });
  expect([allowed.rows_quarantined, isHealthy(allowed, false)]).toEqual([1000, true]);
  expect(judged({ quarantine: quarantine.slice(2) }).rows_quarantined).toBe(0);
});

describe('the table', () => {
  const shown = (...all: ReturnType<typeof judged>[]) => {
    const { head, rows } = statusTable(all);
    const nameOf = (one: (typeof head)[number]) => (typeof one === 'string' ? one : one.name);
    const textOf = (cell: (typeof rows)[number][number]) => (typeof cell === 'string' ? cell : cell.content);
    return rows.map((row) => Object.fromEntries(row.map((cell, index) => [nameOf(head[index] ?? ''), textOf(cell)])));
  };

  test('has no columns for what is zero', () => {
    expect(shown(judged())).toEqual([
      {
        entity: 'orders',
        state: 'idle',
        'last load': '',
        behind: '3 h',
        rows: '7',
        guarantee: '',
        checkpoint: SYNCED,
      },
    ]);
  });

  test.each([
    [0.9, undefined],
    [1, '1 s'],
  ])('held back by %j s is shown as %j', (watermark_lag_seconds, held) => {
    const record = { status: 'completed', completed_at: SYNCED, watermark_lag_seconds } as LoadRecord;
    expect(shown(judged({ record }))[0]?.['held back']).toBe(held);
  });

  test('shows what is late, held back, left out, in quarantine, waiting, failed or no longer configured', () => {
    const left_out = { without_cursor: 2, outside_window: 9, left_for_later: 5, in_the_future: 1, repeated: 3 };
    const record = { status: 'completed', completed_at: SYNCED, watermark_lag_seconds: 61, left_out } as LoadRecord;
    const late = judged({
      record,
      configured: { ...CONFIGURED, fresh_within: '1h' },
      checkpoint: { ...idle, next_requests: [{ entity: 'orders', load_id: LOAD_ID }] },
      quarantine: [quarantined('open')],
      failures: [FAILURE, { ...FAILURE, code: 'SOURCE_TIMEOUT' }],
    });
    const gone = judged({ configured: null, checkpoint: undefined });
    const off = judged({ configured: { ...CONFIGURED, enabled: false } });
    expect(shown(late, gone, off)).toMatchObject([
      {
        state: 'failed',
        'last load': '3 h ago',
        behind: '3 h, late',
        'held back': '1 min',
        quarantined: '500',
        'left for later': '5 (1 in the future)',
        'left out': '2 without a cursor, 3 repeated',
        waiting: '1',
        failure: 'SOURCE_DENIED',
      },
      { state: 'never loaded, not configured', behind: '' },
      { state: 'disabled' },
    ]);
  });
});
