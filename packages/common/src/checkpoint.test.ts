import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type Checkpoint, decideClaim, finishLoad, type PendingLoad, startLoad } from './checkpoint.ts';
import type { ExtractRequest } from './messages.ts';
import { EPOCH, timestamp } from './timestamp.ts';

const id = (digit: number) => `${String(digit).repeat(8)}-0000-8000-8000-000000000000`;
const SYNCED = timestamp('2024-01-15');
const pending = (load_id: string): PendingLoad => ({
  load_id,
  load_type: 'incremental',
  since: EPOCH,
  until: SYNCED,
  ingested_at: SYNCED,
});

function tableOf(file: string): string[][] {
  const text = readFileSync(new URL(file, import.meta.url), 'utf8');
  const lines = text.split('\n').filter((line) => line.startsWith('|'));
  return lines.slice(2).map((line) =>
    line
      .split('|')
      .slice(1, -1)
      .map((cell) => cell.trim()),
  );
}

describe('the table in docs/checkpoints.md is what decideClaim does', () => {
  const rows = tableOf('../../../docs/checkpoints.md');
  test('it has rows', () => {
    expect(rows.length).toBeGreaterThan(20);
  });

  test.each(rows)(
    '%s | %s | record %s | waiting: %s → %s',
    (state = '', asked = '', record = '', waits = '', decision = '', after = '') => {
      const waiting: ExtractRequest = {
        entity: 'orders',
        load_id: id(2),
        ...(waits === 'full' && { load_type: 'full' as const }),
      };
      const request: ExtractRequest = {
        entity: 'orders',
        load_id: asked === 'own waiting' ? id(2) : id(1),
        ...(asked.startsWith('full') && { load_type: 'full' as const }),
        ...(asked.includes('target passed') && { target: timestamp('2024-01-14') }),
      };
      const checkpoint: Checkpoint = {
        last_sync_timestamp: SYNCED,
        ...(state === 'loading own' && { pending_load: pending(id(1)) }),
        ...(state === 'loading another' && { pending_load: pending(id(3)) }),
        ...(waits !== 'nobody' && { next_requests: [waiting] }),
      };
      const decided = decideClaim(checkpoint, request, record === 'present');
      const named = (one: ExtractRequest) => (one === request ? 'own' : 'waiting');
      const said = {
        start: () => decided.kind === 'start' && `start ${named(decided.request)}`,
        done: () => decided.kind === 'done' && `done ${decided.reason}`,
        queue: () => 'queue',
        help: () => 'help',
      }[decided.kind]();
      expect(said).toBe(decision);
      const left =
        'waiting' in decided ? decided.waiting : decided.kind === 'help' ? (checkpoint.next_requests ?? []) : [];
      expect(left.map(named).join(', ')).toBe(after);
    },
  );
});

describe('starting a load', () => {
  const request: ExtractRequest = { entity: 'orders', load_id: id(1) };
  const start = { request, waiting: [], hasCursor: true, cut: { until: SYNCED, basis: 'margin' }, now: SYNCED };

  test('the first is full, from the epoch', () => {
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

  test('L4 Never back: a cut below the checkpoint gives an empty window', () => {
    const { load } = startLoad({ last_sync_timestamp: timestamp('2024-01-16') }, start);
    expect([load.since, load.until]).toEqual([timestamp('2024-01-16'), timestamp('2024-01-16')]);
  });

  test('unknown fields and the public fields stay; the load and who waits are added', () => {
    const checkpoint = { last_sync_timestamp: SYNCED, record_count: 7, note: 'by hand' };
    const waiting: ExtractRequest[] = [{ entity: 'orders', load_id: id(2), load_type: 'full' }];
    const started = startLoad(checkpoint, { ...start, waiting });
    expect(started.checkpoint).toEqual({ ...checkpoint, pending_load: started.load, next_requests: waiting });
  });
});

describe('finishing a load', () => {
  const loading: Checkpoint = {
    last_sync_timestamp: EPOCH,
    record_count: 1,
    pending_load: pending(id(1)),
    next_requests: [{ entity: 'orders', load_id: id(2) }],
  };
  const decided = { load_id: id(1), status: 'completed', until: SYNCED, rows: 250 } as const;
  const now = timestamp('2024-01-16');

  test('moves the checkpoint to the end of the window', () => {
    expect(finishLoad(loading, decided, now)).toEqual({
      last_sync_timestamp: SYNCED,
      record_count: 250,
      updated_at: now,
      last_load_id: id(1),
      next_requests: loading.next_requests,
    });
  });

  test('does nothing unless this load is the pending one', () => {
    expect(finishLoad(undefined, decided, now)).toBeUndefined();
    expect(finishLoad({ last_sync_timestamp: EPOCH }, decided, now)).toBeUndefined();
    expect(finishLoad(loading, { ...decided, load_id: id(3) }, now)).toBeUndefined();
  });

  test('an abandoned load frees the entity and moves nothing', () => {
    const freed = finishLoad(loading, { ...decided, status: 'abandoned' }, now);
    expect(freed).toMatchObject({ last_sync_timestamp: EPOCH, record_count: 1, last_load_id: id(1) });
    expect(freed).not.toHaveProperty('pending_load');
    expect(freed).not.toHaveProperty('updated_at');
  });

  test('L4 Never back: whatever order loads start and finish in', () => {
    const moment = fc.integer({ min: 0, max: 1000 }).map((day) => timestamp(new Date(day * 86_400_000).toISOString()));
    fc.assert(
      fc.property(moment, moment, (synced, until) => {
        const checkpoint = { last_sync_timestamp: synced, pending_load: pending(id(1)) };
        const next = finishLoad(checkpoint, { ...decided, until }, now);
        expect((next?.last_sync_timestamp ?? '') >= synced).toBe(true);
      }),
    );
  });
});
