import { MemoryObjectStore } from '@bronze/emulators/memory-object-store';
import { beforeEach, describe, expect, test } from 'vitest';
import { EPOCH, timestamp } from '../words/timestamp.ts';
import { encodeJson } from '../words/json.ts';
import type { Checkpoint, PendingLoad } from './checkpoint.ts';
import { CheckpointFile } from './checkpoint-file.ts';
import { acknowledgementKey, loadRecordKey, quarantineKey } from './object-keys.ts';
import type { LoadRecord } from './load-record.ts';
import {
  acknowledge,
  entitiesInQuarantine,
  isUnsettled,
  quarantinedLoads,
  requestFullLoad,
  withFullLoadWaiting,
} from './quarantine.ts';

const id = (n: number) => `00000000-0000-8000-8000-00000000000${n}`;
const hour = (n: number) => timestamp(`2024-01-15T0${n}:00:00Z`);
const REASONS = [{ reason: 'due is not exactly a timestamptz', rows: 5 }];

let objects: MemoryObjectStore;
beforeEach(() => {
  objects = new MemoryObjectStore();
});

/** A load of `orders` that put five rows into quarantine, claimed at `n` o'clock. */
async function put(n: number, status?: LoadRecord['status']) {
  const load = { entity: 'orders', load_id: id(n), load_type: 'incremental', ingested_at: hour(n) } as const;
  const key = quarantineKey(load, 0, 0);
  await objects.putIfAbsent(key, Buffer.from('{}\n'));
  if (!status) return;
  const record: LoadRecord = {
    version: 1,
    status,
    ...load,
    since: EPOCH,
    until: hour(n),
    completed_at: hour(n),
    rows: 7,
    rows_in_bronze: 2,
    rows_quarantined: 5,
    slices: 1,
    write_tasks: 1,
    engines: [],
    columns: [],
    parts: [],
    quarantine: [{ key, rows: 5, reasons: REASONS }],
  };
  await objects.putIfAbsent(loadRecordKey(load), encodeJson(record));
}

const states = async (checkpoint?: Checkpoint) =>
  (await quarantinedLoads(objects, 'orders', checkpoint)).map(({ load_id, state }) => [load_id, state]);
const pending = (load_type: PendingLoad['load_type']): Checkpoint => ({
  pending_load: { load_id: id(9), load_type, since: EPOCH, until: hour(9), ingested_at: hour(9) },
});
const waiting = (load_type?: PendingLoad['load_type']): Checkpoint => ({
  next_requests: [{ entity: 'orders', load_id: id(8), ...(load_type && { load_type }) }],
});

describe('rows in quarantine', () => {
  test('are those of completed loads, with count, reason and key, the oldest first', async () => {
    await put(2, 'completed');
    await put(1, 'completed');
    await put(3, 'abandoned');
    await put(4);
    await objects.putIfAbsent('data/quarantine/orders/notes.txt', Buffer.from('by hand'));
    const loads = await quarantinedLoads(objects, 'orders', undefined);
    expect(loads.map(({ load_id }) => load_id)).toEqual([id(1), id(2)]);
    expect(loads[0]).toMatchObject({ rows: 5, completed_at: hour(1), state: 'open' });
    expect(loads[0]?.objects).toEqual([
      {
        key: `data/quarantine/orders/ingestion_date=2024-01-15/${id(1)}-00000-00000.ndjson`,
        rows: 5,
        reasons: REASONS,
      },
    ]);
    expect(await entitiesInQuarantine(objects)).toEqual(['orders']);
    expect(await quarantinedLoads(objects, 'order', undefined)).toEqual([]);
  });

  test('stay open until a full load that was claimed later has completed', async () => {
    await put(2, 'completed');
    expect(await states()).toEqual([[id(2), 'open']]);
    expect(await states({ full_load_at: hour(1) })).toEqual([[id(2), 'open']]);
    // Its own rows: a full load resolves only what was set aside before it.
    expect(await states({ full_load_at: hour(2) })).toEqual([[id(2), 'open']]);
    expect(await states({ full_load_at: hour(3) })).toEqual([[id(2), 'resolved']]);
  });

  test('are being released while a full load waits or is pending, and are missing all the while', async () => {
    await put(2, 'completed');
    for (const checkpoint of [pending('full'), waiting('full')]) {
      expect(await states(checkpoint)).toEqual([[id(2), 'releasing']]);
    }
    for (const checkpoint of [pending('incremental'), waiting(), waiting('incremental')]) {
      expect(await states(checkpoint)).toEqual([[id(2), 'open']]);
    }
    expect((await quarantinedLoads(objects, 'orders', pending('full'))).every(isUnsettled)).toBe(true);
  });

  test('are acknowledged load by load and for good, until a full load has read them again', async () => {
    await put(1, 'completed');
    await put(2, 'completed');
    const [first] = await quarantinedLoads(objects, 'orders', undefined);
    if (!first) throw new Error('nothing in quarantine');
    await acknowledge(objects, first, hour(3));
    await acknowledge(objects, first, hour(4));
    const stored = await objects.get(acknowledgementKey(first));
    expect(JSON.parse(Buffer.from(stored?.body ?? []).toString())).toEqual({
      version: 1,
      entity: 'orders',
      load_id: id(1),
      rows: 5,
      acknowledged_at: hour(3),
    });
    expect(await states()).toEqual([
      [id(1), 'acknowledged'],
      [id(2), 'open'],
    ]);
    expect((await quarantinedLoads(objects, 'orders', undefined)).filter(isUnsettled)).toHaveLength(1);
    expect((await states({ full_load_at: hour(3) })).map(([, state]) => state)).toEqual(['resolved', 'resolved']);
  });
});

describe('a release', () => {
  const request = { entity: 'orders', load_id: id(1), load_type: 'full' } as const;

  test('makes a full load wait behind what waits and what is pending', () => {
    expect(withFullLoadWaiting(undefined, request)).toEqual({ next_requests: [request] });
    const synced = { last_sync_timestamp: hour(1), note: 'by hand' };
    expect(withFullLoadWaiting(synced, request)).toEqual({ ...synced, next_requests: [request] });
    expect(withFullLoadWaiting({ ...pending('incremental'), ...waiting() }, request)).toEqual({
      ...pending('incremental'),
      next_requests: [...(waiting().next_requests ?? []), request],
    });
  });

  test('adds nothing where a full load waits or is pending already', () => {
    expect(withFullLoadWaiting(waiting('full'), request)).toBeUndefined();
    expect(withFullLoadWaiting(pending('full'), request)).toBeUndefined();
  });

  test('is a compare-and-swap of the checkpoint', async () => {
    const checkpoints = new CheckpointFile(objects);
    const { version } = await checkpoints.read('orders');
    await checkpoints.swap('orders', version, { last_sync_timestamp: hour(1) });
    expect(await requestFullLoad(checkpoints, 'orders', id(1))).toBe(true);
    expect(await requestFullLoad(checkpoints, 'orders', id(2))).toBe(false);
    const { checkpoint } = await checkpoints.read('orders');
    expect(checkpoint).toEqual({ last_sync_timestamp: hour(1), next_requests: [request] });
  });
});
