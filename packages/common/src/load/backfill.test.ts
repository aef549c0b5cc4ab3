import { describe, expect, test } from 'vitest';
import { whyNoBackfill } from './backfill.ts';
import { type Checkpoint, decideClaim, lastDecided } from './checkpoint.ts';
import { finishLoad } from './finish-load.ts';
import type { ExtractRequest } from './messages.ts';
import { id, pending, SYNCED } from './pending-load.fixtures.ts';
import { startLoad } from './start-load.ts';
import { timestamp } from '../words/timestamp.ts';

const JANUARY = { from: timestamp('2024-01-01'), to: timestamp('2024-01-08') };
const NOW = timestamp('2024-01-16');
const POSITION = { at: SYNCED } as never;
const IDLE: Checkpoint = {
  last_sync_timestamp: SYNCED,
  record_count: 250,
  updated_at: timestamp('2024-01-15T00:05:00Z'),
  last_load_id: id(1),
  full_load_at: timestamp('2023-12-01'),
  exact_position: POSITION,
  note: 'by hand',
};
const REQUEST: ExtractRequest = { entity: 'orders', load_id: id(2), backfill: JANUARY };

function started(checkpoint: Checkpoint, request: ExtractRequest = REQUEST) {
  const watermark = {
    until: NOW,
    basis: 'exact_activity',
    exact: { window: {}, position: {}, fallback: 'no_position', watermark_lag_seconds: 1 },
    again: { reason: 'no_position', since: timestamp('2024-01-14') },
    storage: { table_oid: '1', file_nodes: {} },
    load_type: 'full',
    since_parameter: 'sent',
  } as never;
  return startLoad(checkpoint, { request, waiting: [], hasCursor: true, watermark, now: NOW });
}

describe('a window can be loaded again', () => {
  const why = (
    window: Partial<typeof JANUARY> = {},
    last_sync_timestamp: typeof SYNCED | undefined = SYNCED,
    hasCursor = true,
  ) => whyNoBackfill('orders', { ...JANUARY, ...window }, { last_sync_timestamp, hasCursor });

  test('up to the checkpoint, and not a microsecond further', () => {
    expect(why()).toBeUndefined();
    expect(why({ to: SYNCED })).toBeUndefined();
    expect(why({ to: timestamp('2024-01-15T00:00:00.000001Z') })).toEqual({
      message: `the window ends at 2024-01-15T00:00:00.000001Z, but orders is loaded up to ${SYNCED} only`,
      hint: `Rows after that belong to its usual loads: end the window at ${SYNCED} or before.`,
    });
  });

  test('if it is one, and of an entity that has a cursor and was loaded before', () => {
    expect(why({ to: JANUARY.from })?.message).toContain('is empty');
    expect(why({}, SYNCED, false)?.message).toBe('orders has no cursor, so no window of it can be loaded');
    expect(whyNoBackfill('orders', JANUARY, { last_sync_timestamp: undefined, hasCursor: true })?.message).toBe(
      'orders was never loaded, or was reset',
    );
  });
});

describe('the load of a backfill', () => {
  test('has the window that was asked for, whatever its source says about new rows, and leaves no position', () => {
    const { load, checkpoint } = started(IDLE, { ...REQUEST, run_id: id(7) });
    expect(load).toEqual({
      load_id: id(2),
      load_type: 'incremental',
      since: JANUARY.from,
      until: JANUARY.to,
      backfill: JANUARY,
      ingested_at: NOW,
      window_basis: 'backfill',
      since_parameter: 'sent',
      previous_load_id: id(1),
      run_id: id(7),
    });
    expect(checkpoint).toEqual({ ...IDLE, pending_load: load });
  });

  test.each(['completed', 'abandoned'] as const)('that is %s changes nothing but the backfill’s own name', (status) => {
    const { checkpoint } = started(IDLE);
    const decided = { load_id: id(2), status, until: JANUARY.to, rows_in_bronze: 7 };
    expect(finishLoad(checkpoint, decided, NOW)).toEqual({ ...IDLE, last_backfill_id: id(2) });
  });

  test('makes every idle state unique, together with the loads around it', () => {
    const of = (load_id: string, state: Checkpoint, backfill?: typeof JANUARY) => {
      const { checkpoint } = started(state, { entity: 'orders', load_id, ...(backfill && { backfill }) });
      const next = finishLoad(checkpoint, { load_id, status: 'abandoned', until: SYNCED, rows_in_bronze: 0 }, NOW);
      return next ?? {};
    };
    const first = of(id(2), IDLE, JANUARY);
    const second = of(id(3), first, JANUARY);
    const usual = of(id(4), second);
    const last = of(id(5), usual, JANUARY);
    const states = [IDLE, first, second, usual, last].map(({ last_load_id, last_backfill_id }) => [
      last_load_id,
      last_backfill_id,
    ]);
    expect(states).toEqual([
      [id(1), undefined],
      [id(1), id(2)],
      [id(1), id(3)],
      [id(4), undefined],
      [id(4), id(5)],
    ]);
    expect([IDLE, first, second, usual, last].map(lastDecided)).toEqual([id(1), id(2), id(3), id(4), id(5)]);
  });

  test('is what the next load compares its columns with', () => {
    const { load } = started({ ...IDLE, last_backfill_id: id(6) }, { entity: 'orders', load_id: id(3) });
    expect(load.previous_load_id).toBe(id(6));
  });
});

describe('backfills that wait', () => {
  const other: ExtractRequest = { ...REQUEST, load_id: id(3), backfill: { ...JANUARY, to: timestamp('2024-01-02') } };
  const loading: Checkpoint = { ...IDLE, pending_load: pending(id(9)) };
  const daily: ExtractRequest = { entity: 'orders', load_id: id(4) };
  const full: ExtractRequest = { entity: 'orders', load_id: id(5), load_type: 'full' };

  test('wait each by itself, also of the same window, and never in place of another request', () => {
    const arriving = [REQUEST, { ...REQUEST, load_id: id(8) }, other, daily, full, REQUEST];
    let waiting: readonly ExtractRequest[] = [];
    for (const request of arriving) {
      const decided = decideClaim({ ...loading, next_requests: [...waiting] }, request, false, true);
      if (decided.kind === 'queue') waiting = decided.waiting;
    }
    expect(waiting).toEqual([REQUEST, { ...REQUEST, load_id: id(8) }, other, daily, full]);
  });

  test('begin in their turn', () => {
    const checkpoint = { ...IDLE, next_requests: [REQUEST, daily, other] };
    expect(decideClaim(checkpoint, daily, false, true)).toEqual({
      kind: 'start',
      request: REQUEST,
      waiting: [daily, other],
    });
  });

  test('are not refused, but passed by, while the checkpoint is below their end', () => {
    const checkpoint = { ...IDLE, last_sync_timestamp: timestamp('2024-01-03'), next_requests: [REQUEST, other] };
    expect(decideClaim(checkpoint, daily, false, true)).toEqual({
      kind: 'start',
      request: other,
      waiting: [REQUEST, daily],
    });
  });

  test('are refused by their own message, and wait no longer', () => {
    const checkpoint = { ...IDLE, last_sync_timestamp: timestamp('2024-01-03'), next_requests: [REQUEST, daily] };
    expect(decideClaim(checkpoint, REQUEST, false, true)).toMatchObject({ kind: 'refuse', waiting: [daily] });
  });

  test('a full load that is claimed does not answer them', () => {
    const { checkpoint } = startLoad(IDLE, {
      request: full,
      waiting: [REQUEST],
      hasCursor: true,
      watermark: { until: NOW, basis: 'margin' },
      now: NOW,
    });
    expect(checkpoint.next_requests).toEqual([REQUEST]);
  });
});
