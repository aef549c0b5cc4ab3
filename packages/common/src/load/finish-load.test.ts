import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Checkpoint } from './checkpoint.ts';
import { finishLoad } from './finish-load.ts';
import { id, pending, SYNCED } from './pending-load.fixtures.ts';
import type { LoadType } from '../words/entity.ts';
import { EPOCH, timestamp } from '../words/timestamp.ts';

describe('finishing a load', () => {
  const loading: Checkpoint = {
    last_sync_timestamp: EPOCH,
    record_count: 1,
    pending_load: pending(id(1)),
    next_requests: [{ entity: 'orders', load_id: id(2) }],
  };
  const decided = { load_id: id(1), status: 'completed', until: SYNCED, rows_in_bronze: 250 } as const;
  const now = timestamp('2024-01-16');

  test('moves the checkpoint to the end of the load’s window', () => {
    expect(finishLoad(loading, decided, now)).toEqual({
      last_sync_timestamp: SYNCED,
      record_count: 250,
      updated_at: now,
      last_load_id: id(1),
      next_requests: loading.next_requests,
    });
  });

  test('remembers when the last completed full load was claimed', () => {
    const of = (load_type: LoadType, status: 'completed' | 'abandoned') => {
      const checkpoint = { ...loading, full_load_at: EPOCH, pending_load: { ...pending(id(1)), load_type } };
      return finishLoad(checkpoint, { ...decided, status }, now)?.full_load_at;
    };
    expect(of('full', 'completed')).toBe(pending(id(1)).ingested_at);
    expect([of('incremental', 'completed'), of('full', 'abandoned')]).toEqual([EPOCH, EPOCH]);
  });

  test('names the last load whose columns differed, also if it was abandoned', () => {
    const changed = { ...decided, schema_changes: [{}] };
    const next = finishLoad(loading, changed, now);
    expect(next).toMatchObject({ schema_change_load_id: id(1), last_load_id: id(1) });
    const abandoned = finishLoad(loading, { ...changed, status: 'abandoned' }, now);
    expect(abandoned).toMatchObject({ schema_change_load_id: id(1) });
    const later = { ...next, pending_load: pending(id(3)) };
    const after = finishLoad(later, { ...decided, load_id: id(3) }, now);
    expect(after).toMatchObject({ schema_change_load_id: id(1), last_load_id: id(3) });
  });

  test('does nothing unless this load is the pending one', () => {
    expect(finishLoad(undefined, decided, now)).toBeUndefined();
    expect(finishLoad({ last_sync_timestamp: EPOCH }, decided, now)).toBeUndefined();
    expect(finishLoad(loading, { ...decided, load_id: id(3) }, now)).toBeUndefined();
  });

  test('frees the entity and moves nothing if the load is abandoned', () => {
    const freed = finishLoad(loading, { ...decided, status: 'abandoned' }, now);
    expect(freed).toMatchObject({ last_sync_timestamp: EPOCH, record_count: 1, last_load_id: id(1) });
    expect(freed).not.toHaveProperty('pending_load');
    expect(freed).not.toHaveProperty('updated_at');
  });

  test('L4 Never back: never moves the timestamp back, wherever the window ends', () => {
    const at = fc.integer({ min: 0, max: 1000 }).map((day) => timestamp(new Date(day * 86_400_000).toISOString()));
    fc.assert(
      fc.property(at, at, (synced, until) => {
        const checkpoint = { last_sync_timestamp: synced, pending_load: pending(id(1)) };
        const next = finishLoad(checkpoint, { ...decided, until }, now);
        expect((next?.last_sync_timestamp ?? '') >= synced).toBe(true);
      }),
    );
  });
});
