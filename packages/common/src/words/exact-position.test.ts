import * as z from 'zod/mini';
import { expect, test } from 'vitest';
import { type Checkpoint, checkpointSchema } from '../load/checkpoint.ts';
import { finishLoad } from '../load/finish-load.ts';
import { startLoad } from '../load/start-load.ts';
import {
  type ExactPosition,
  exactPositionSchema,
  exactWindowSchema,
  guaranteeOf,
  standingWindow,
  windowFallbackSchema,
} from './exact-position.ts';
import { EPOCH, timestamp } from './timestamp.ts';

const LOAD_ID = '00000000-0000-8000-8000-000000000001';
const BEFORE = timestamp('2024-01-15');
const UNTIL = timestamp('2024-01-16');

const position: Omit<ExactPosition, 'at'> = {
  database: '7/00000001/5',
  table_oid: '16384',
  xid: '18446744073709551615',
  next_xid: '18446744073709551615',
  lower_bound: UNTIL,
  lower_bound_basis: 'activity',
  scan_from: UNTIL,
  open_bound: null,
  open_bound_basis: 'activity',
  looked_at: UNTIL,
  open_transactions: { '3/17': null },
};
const { database, table_oid } = position;
const window = { database, table_oid, from_xid: '5', until_xid: '9', scan_from: null, next_scan_from: UNTIL };
const exact = { window, position, fallback: undefined, watermark_lag_seconds: 3.5, oldest_transaction_seconds: 9 };

function claimed(checkpoint: Checkpoint, changes: Partial<typeof exact> = {}, until = UNTIL) {
  const watermark = { until, basis: 'exact_activity', exact: { ...exact, ...changes } };
  const request = { entity: 'orders', load_id: LOAD_ID };
  const { checkpoint: loading } = startLoad(checkpoint, {
    request,
    waiting: [],
    hasCursor: true,
    watermark,
    now: UNTIL,
  });
  return z.parse(checkpointSchema, JSON.parse(JSON.stringify(loading)));
}

function finished(loading: Checkpoint, status: 'completed' | 'abandoned' = 'completed') {
  const until = loading.pending_load?.until ?? BEFORE;
  return finishLoad(loading, { load_id: LOAD_ID, status, until, rows_in_bronze: 0 }, UNTIL);
}

test('a claim keeps the position in the pending load, and completion moves it to the checkpoint unchanged', () => {
  const loading = claimed({ last_sync_timestamp: BEFORE });
  expect(loading.pending_load).toMatchObject({ exact_window: window, watermark_lag_seconds: 3.5 });
  expect(loading.exact_position).toBeUndefined();
  expect(finished(loading)).toMatchObject({
    last_sync_timestamp: UNTIL,
    exact_position: { ...position, at: UNTIL },
  });
});

test('a claim stores its exact window, its lag and its fallback', () => {
  const start = (changes: object) => {
    const watermark = { until: UNTIL, basis: 'lookback', exact: { ...exact, ...changes } };
    const request = { entity: 'orders', load_id: LOAD_ID };
    return startLoad({ last_sync_timestamp: BEFORE }, { request, waiting: [], hasCursor: true, watermark, now: UNTIL })
      .load;
  };
  const load = {
    load_id: LOAD_ID,
    load_type: 'incremental',
    since: BEFORE,
    until: UNTIL,
    ingested_at: UNTIL,
    window_basis: 'lookback',
    exact_window: window,
    exact_position: { ...position, at: UNTIL },
    watermark_lag_seconds: 3.5,
  };
  expect(start({})).toStrictEqual({ ...load, oldest_transaction_seconds: 9 });
  expect(start({ fallback: 'database_changed', oldest_transaction_seconds: undefined })).toStrictEqual({
    ...load,
    window_fallback: 'database_changed',
  });
});

test('a load that can’t resume where the last one ended begins earlier, never later, and says why', () => {
  const starting = (since: typeof BEFORE, load_type?: 'full') => {
    const watermark = { until: UNTIL, basis: 'margin', again: { reason: 'no_transaction_ids', since } } as const;
    const request = { entity: 'orders', load_id: LOAD_ID, ...(load_type && { load_type }) };
    return startLoad({ last_sync_timestamp: BEFORE }, { request, waiting: [], hasCursor: true, watermark, now: UNTIL })
      .load;
  };
  const earlier = timestamp('2024-01-14');
  expect(starting(earlier)).toMatchObject({ since: earlier, window_fallback: 'no_transaction_ids' });
  expect(starting(UNTIL).since).toBe(BEFORE);
  expect(starting(earlier, 'full').since).toBe(EPOCH);
});

test('what a load by time has read is in the checkpoint until another one completes', () => {
  const storage = { table_oid: '1', file_nodes: { '1': '5' } };
  const by_time = { until: UNTIL, basis: 'margin', storage };
  const request = { entity: 'orders', load_id: LOAD_ID };
  const start = { request, waiting: [], hasCursor: true, watermark: by_time, now: UNTIL };
  const loading = startLoad({ last_sync_timestamp: BEFORE, exact_position: { ...position, at: BEFORE } }, start);
  expect(loading.load).toMatchObject({ storage });
  const idle = finished(loading.checkpoint);
  expect(idle).toMatchObject({ storage });
  expect(idle?.exact_position).toBeUndefined();
  const exact = claimed(idle ?? {});
  expect(finished(exact, 'abandoned')).toMatchObject({ storage });
  expect(finished(exact)?.storage).toBeUndefined();
});

test('an abandoned load leaves the checkpoint’s position as it was', () => {
  const before = { ...position, at: BEFORE, xid: '5' };
  const loading = claimed({ last_sync_timestamp: BEFORE, exact_position: before });
  expect(finished(loading, 'abandoned')?.exact_position).toEqual(before);
});

test('with a watermark below the checkpoint, the position belongs to the timestamp that remains', () => {
  const done = finished(claimed({ last_sync_timestamp: UNTIL }, {}, BEFORE));
  expect([done?.last_sync_timestamp, done?.exact_position?.at]).toEqual([UNTIL, UNTIL]);
});

test('a timestamp that was moved by hand during a load does not match the load’s position', () => {
  const loading = { ...claimed({ last_sync_timestamp: BEFORE }), last_sync_timestamp: timestamp('2024-02-01') };
  const done = finished(loading);
  expect(done?.exact_position?.at).not.toBe(done?.last_sync_timestamp);
});

test('a load without an exact position removes the one in the checkpoint', () => {
  const { exact_position: _, ...pending } = claimed({ last_sync_timestamp: BEFORE }).pending_load ?? {};
  const checkpoint = z.parse(checkpointSchema, { exact_position: { ...position, at: BEFORE }, pending_load: pending });
  expect(finished(checkpoint)).not.toHaveProperty('exact_position');
});

test('an unreadable position counts as absent, and unknown fields survive', () => {
  const read = (exact_position: unknown) => z.parse(checkpointSchema, { exact_position }).exact_position;
  expect(read('by hand')).toBeUndefined();
  expect(read({ ...position, at: BEFORE, xid: 7 })).toBeUndefined();
  expect(read({ ...position, at: BEFORE, note: 'by hand' })).toHaveProperty('note');
});

test('every bound basis and every fallback can be read back', () => {
  const bases = ['activity', 'virtual_transactions', 'lookback'] as const;
  const awaited_bound = { next_xid: '7', at: null, basis: 'activity' } as const;
  for (const lower_bound_basis of bases) {
    const written = { ...position, at: BEFORE, lower_bound_basis, awaited_bound };
    expect(z.parse(exactPositionSchema, written)).toEqual(written);
  }
  const fallbacks = [
    'no_position',
    'checkpoint_edited',
    'database_changed',
    'database_restored',
    'table_changed',
    'window_too_wide',
    'no_transaction_ids',
  ] as const;
  for (const fallback of fallbacks) expect(z.parse(windowFallbackSchema, fallback)).toBe(fallback);
});

test.each(['', '-1', '7 ', ' 7', '0x7', '123456789012345678901'])('"%s" is not a transaction id', (xid) => {
  expect(z.safeParse(exactWindowSchema, { ...window, until_xid: xid }).success).toBe(false);
  expect(z.safeParse(exactWindowSchema, { ...window, until_xid: '7', from_xid: xid }).success).toBe(false);
});

test('a window keeps fields that newer code added, and its own fields are required', () => {
  expect(z.parse(exactWindowSchema, { ...window, note: 'newer' })).toEqual({ ...window, note: 'newer' });
  expect(z.safeParse(exactWindowSchema, {}).success).toBe(false);
  const awaited_bound = { next_xid: '7' };
  expect(z.safeParse(exactPositionSchema, { ...position, at: BEFORE, awaited_bound }).success).toBe(false);
});

test.each([
  ['exact_activity', 'exact (activity)'],
  ['exact_virtual_transactions', 'exact (virtual transactions)'],
  ['exact_unbounded', 'exact (unbounded scan)'],
  ['lookback', 'limited by lookback'],
  ['oldest_transaction', 'timestamps only'],
  ['no_cursor', 'everything, each time'],
  [undefined, 'timestamps only'],
])('the window basis %s reads "%s"', (window_basis, words) => {
  expect(guaranteeOf({ window_basis })).toBe(words);
});

test('a guarantee names the reason for a fallback', () => {
  expect(guaranteeOf({ window_basis: 'lookback', window_fallback: 'database_changed' })).toBe(
    'at least once, limited by lookback (database_changed)',
  );
});

const standing = { ...position, at: BEFORE, looked_at: timestamp('2024-01-15T00:01:30.5Z') };

test.each([
  ['activity', UNTIL, 'exact_activity'],
  ['virtual_transactions', UNTIL, 'exact_virtual_transactions'],
  ['activity', null, 'exact_unbounded'],
  ['lookback', UNTIL, 'lookback'],
  ['lookback', null, 'lookback'],
] as const)(
  'a checkpoint whose position is bounded by %s at %s has the window basis %s',
  (basis, lower_bound, window_basis) => {
    const window = standingWindow({ ...standing, lower_bound, lower_bound_basis: basis }, BEFORE);
    expect(window).toEqual({ window_basis, watermark_lag_seconds: 90.5 });
  },
);

test('a checkpoint says how old the oldest transaction was, unless its position does not count', () => {
  const open = { ...standing, open_bound: timestamp('2024-01-15T00:01:00Z') };
  expect(standingWindow(open, BEFORE)?.oldest_transaction_seconds).toBe(30.5);
  expect(standingWindow(open, UNTIL)).toBeUndefined();
});
