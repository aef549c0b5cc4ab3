import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { type Checkpoint, decideClaim, isAnsweredBy } from './checkpoint.ts';
import type { ExtractRequest } from './messages.ts';
import { id, pending, SYNCED } from './pending-load.fixtures.ts';
import { startLoad } from './start-load.ts';
import { EPOCH, timestamp } from '../words/timestamp.ts';

const COLUMNS = 6;
const PASSED = { from: timestamp('2024-01-01'), to: timestamp('2024-01-08') };
/** `backfill`: of a window that the checkpoint has passed, unless it is `ahead` of it. */
const windowIn = (cell: string) =>
  cell.includes('ahead') ? { ...PASSED, to: timestamp('2024-01-15T00:00:01Z') } : PASSED;

function tableOf(file: string): string[][] {
  const text = readFileSync(new URL(file, import.meta.url), 'utf8');
  const lines = text.split('\n').filter((line) => line.split('|').length === COLUMNS + 2);
  return lines.slice(2).map((line) =>
    line
      .split('|')
      .slice(1, -1)
      .map((cell) => cell.trim()),
  );
}

describe('decideClaim does what the table in docs/checkpoints.md says:', () => {
  const rows = tableOf('../../../../docs/checkpoints.md');
  test('the table has more than 20 rows', () => {
    expect(rows.length).toBeGreaterThan(20);
  });

  test.each(rows)(
    '%s | %s | record %s | waiting: %s → %s',
    (state = '', asked = '', record = '', waits = '', decision = '', after = '') => {
      const waiting: ExtractRequest = {
        entity: 'orders',
        load_id: id(2),
        ...(waits === 'full' && { load_type: 'full' as const }),
        ...(waits.startsWith('backfill') && { backfill: windowIn(waits) }),
      };
      const request: ExtractRequest = {
        entity: 'orders',
        load_id: asked === 'own waiting' ? id(2) : id(1),
        ...(asked === 'continuation' && { slice: 1 }),
        ...(asked.startsWith('full') && { load_type: 'full' as const }),
        ...(asked.startsWith('backfill') && { backfill: windowIn(asked) }),
        ...(asked.includes('target passed') && { target: timestamp('2024-01-14') }),
        ...(asked.includes('target ahead') && { target: timestamp('2024-01-16') }),
      };
      const checkpoint: Checkpoint = {
        last_sync_timestamp: SYNCED,
        ...(state === 'loading own' && { pending_load: pending(id(1)) }),
        ...(state === 'loading another' && { pending_load: pending(id(3)) }),
        ...(state === 'loading another, backfill' && { pending_load: { ...pending(id(3)), backfill: PASSED } }),
        ...(state === 'loading another, full' && { pending_load: { ...pending(id(3)), load_type: 'full' } }),
        ...(waits !== 'nobody' && { next_requests: [waiting] }),
      };
      const decided = decideClaim(checkpoint, request, record === 'present', !asked.includes('no cursor'));
      const named = (one: ExtractRequest) => (one === request ? 'own' : 'waiting');
      const said = {
        start: () => decided.kind === 'start' && `start ${named(decided.request)}`,
        done: () => decided.kind === 'done' && `done ${decided.reason}`,
        queue: () => 'queue',
        help: () => 'help',
        refuse: () => 'refuse',
      }[decided.kind]();
      expect(said).toBe(decision);
      const left =
        'waiting' in decided ? decided.waiting : decided.kind === 'help' ? (checkpoint.next_requests ?? []) : [];
      expect(left.map(named).join(', ')).toBe(after);
    },
  );
});

describe('claims that the table leaves open', () => {
  const own: ExtractRequest = { entity: 'orders', load_id: id(1) };
  const loading: Checkpoint = { pending_load: pending(id(3)) };

  test('an entity that was never loaded starts with the request, whatever its target', () => {
    const request = { ...own, target: SYNCED };
    expect(decideClaim(undefined, request, false, true)).toEqual({ kind: 'start', request, waiting: [] });
    expect(decideClaim({}, request, false, true)).toEqual({ kind: 'start', request, waiting: [] });
    expect(decideClaim(undefined, request, true, true)).toEqual({ kind: 'done', reason: 'already_loaded' });
  });

  test('a target is passed as soon as the checkpoint reaches it, and not a microsecond earlier', () => {
    const checkpoint: Checkpoint = { last_sync_timestamp: SYNCED };
    const claim = (target: string) => decideClaim(checkpoint, { ...own, target: timestamp(target) }, false, true).kind;
    expect(claim('2024-01-14T23:59:59.999999Z')).toBe('done');
    expect(claim('2024-01-15T00:00:00Z')).toBe('done');
    expect(claim('2024-01-15T00:00:00.000001Z')).toBe('start');
  });

  test('a request for an incremental load equals one without a load type', () => {
    const said: ExtractRequest = { ...own, load_type: 'incremental' };
    const silent: ExtractRequest = { entity: 'orders', load_id: id(2) };
    expect(decideClaim({ ...loading, next_requests: [silent] }, said, false, true).kind).toBe('help');
    expect(decideClaim({ ...loading, next_requests: [said] }, silent, false, true).kind).toBe('help');
  });

  test('one load never waits twice, even if it is requested again with another type', () => {
    const next_requests: ExtractRequest[] = [{ ...own, load_type: 'full' }];
    expect(decideClaim({ ...loading, next_requests }, own, false, true).kind).toBe('help');
  });

  test('a full load that reaches a request’s target to the microsecond answers it', () => {
    const full = { ...pending(id(3)), load_type: 'full' } as const;
    const answers = (target: string) => isAnsweredBy(full, { load_type: 'full', target: timestamp(target) }, true);
    expect([answers('2024-01-15T00:00:00Z'), answers('2024-01-15T00:00:00.000001Z')]).toEqual([true, false]);
    expect(isAnsweredBy({ ...full, load_type: 'incremental' }, { load_type: 'full' }, false)).toBe(false);
  });

  test('a pending load is helped unchanged', () => {
    expect(decideClaim(loading, own, false, true)).toEqual({
      kind: 'queue',
      load: loading.pending_load,
      waiting: [own],
    });
    expect(decideClaim(loading, { ...own, load_id: id(3) }, true, true)).toEqual({
      kind: 'help',
      load: loading.pending_load,
    });
  });
});

describe('starting a load', () => {
  const request: ExtractRequest = { entity: 'orders', load_id: id(1) };
  const start = { request, waiting: [], hasCursor: true, watermark: { until: SYNCED, basis: 'margin' }, now: SYNCED };

  test('an entity’s first load is full, from the epoch', () => {
    expect(startLoad(undefined, start).load).toMatchObject({
      load_type: 'full',
      since: EPOCH,
      until: SYNCED,
      window_basis: 'margin',
    });
  });

  test('an entity without a cursor is always loaded in full', () => {
    const checkpoint: Checkpoint = { last_sync_timestamp: SYNCED };
    expect(startLoad(checkpoint, { ...start, hasCursor: false }).load.load_type).toBe('full');
    expect(startLoad(checkpoint, start).load).toMatchObject({ load_type: 'incremental', since: SYNCED });
  });

  test('a full load begins at the epoch, even for an entity that was loaded before', () => {
    const { load } = startLoad(
      { last_sync_timestamp: SYNCED },
      { ...start, request: { ...request, load_type: 'full' } },
    );
    expect(load).toMatchObject({ load_type: 'full', since: EPOCH, until: SYNCED });
  });

  test('the pending load holds its request, its window’s basis and the previous load, and nothing else', () => {
    const watermark = { until: timestamp('2024-01-17'), basis: 'oldest_transaction', since_parameter: 'sent' } as const;
    const now = timestamp('2024-01-18');
    const asked = { ...start, watermark, now, request: { ...request, run_id: id(7) } };
    expect(startLoad({ last_sync_timestamp: SYNCED, last_load_id: id(6) }, asked).load).toEqual({
      load_id: id(1),
      load_type: 'incremental',
      since: SYNCED,
      until: watermark.until,
      ingested_at: now,
      window_basis: 'oldest_transaction',
      since_parameter: 'sent',
      previous_load_id: id(6),
      run_id: id(7),
    });
    expect(startLoad({ last_sync_timestamp: SYNCED }, start).load).toEqual({
      load_id: id(1),
      load_type: 'incremental',
      since: SYNCED,
      until: SYNCED,
      ingested_at: SYNCED,
      window_basis: 'margin',
    });
  });

  test('a full load has no `since_parameter`, because it reads everything', () => {
    const watermark = { ...start.watermark, since_parameter: 'sent' } as const;
    expect(startLoad(undefined, { ...start, watermark }).load).not.toHaveProperty('since_parameter');
  });

  test('`next_requests` is removed when no request waits any more', () => {
    const checkpoint: Checkpoint = { last_sync_timestamp: SYNCED, next_requests: [request] };
    expect(startLoad(checkpoint, start).checkpoint).not.toHaveProperty('next_requests');
  });

  test('a full load that is claimed answers the full loads that wait, and leaves the incremental ones waiting', () => {
    const full: ExtractRequest = { entity: 'orders', load_id: id(2), load_type: 'full' };
    const incremental: ExtractRequest = { entity: 'orders', load_id: id(3) };
    const left = (load_type: 'full' | 'incremental', hasCursor: boolean) =>
      startLoad(
        { last_sync_timestamp: SYNCED },
        { ...start, hasCursor, request: { ...request, load_type }, waiting: [full, incremental] },
      ).checkpoint.next_requests;
    expect(left('full', true)).toEqual([incremental]);
    expect(left('incremental', true)).toEqual([full, incremental]);
    expect(left('incremental', false)).toBeUndefined();
  });

  test('L4 Never back: a watermark below the checkpoint gives an empty window', () => {
    const { load } = startLoad({ last_sync_timestamp: timestamp('2024-01-16') }, start);
    expect([load.since, load.until]).toEqual([timestamp('2024-01-16'), timestamp('2024-01-16')]);
  });

  test('the checkpoint keeps its fields, unknown ones too, and gains the load and the waiting requests', () => {
    const checkpoint = { last_sync_timestamp: SYNCED, record_count: 7, note: 'by hand' };
    const waiting: ExtractRequest[] = [{ entity: 'orders', load_id: id(2), load_type: 'full' }];
    const started = startLoad(checkpoint, { ...start, waiting });
    expect(started.checkpoint).toEqual({ ...checkpoint, pending_load: started.load, next_requests: waiting });
  });
});
