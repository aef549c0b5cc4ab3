import { MemoryObjectStore } from '@bronze/emulators/memory-object-store';
import { describe, expect, test } from 'vitest';
import { encodeJson } from '../words/json.ts';
import { timestamp } from '../words/timestamp.ts';
import type { Checkpoint, PendingLoad } from './checkpoint.ts';
import { CheckpointFile, setUnreadableAside } from './checkpoint-file.ts';
import { importCheckpoint, resetCheckpoint, restoreCheckpoint, setCheckpoint } from './edit-checkpoint.ts';
import { CHECKPOINTS_KEY, loadRecordKey, sliceManifestKey } from './object-keys.ts';

const NOW = timestamp('2024-01-20');
const day = (n: number) => timestamp(`2024-01-${String(n).padStart(2, '0')}`);
const idOf = (n: number) => `${n}0000000-0000-8000-8000-000000000000`;
const position = (at: number) => ({
  at: day(at),
  database: 'a/00000001/5',
  table_oid: '1',
  xid: '90',
  next_xid: '95',
  lower_bound: null,
  lower_bound_basis: 'activity',
  scan_from: null,
  open_bound: null,
  open_bound_basis: 'activity',
  looked_at: day(at),
  open_transactions: {},
});

/** The record of load `n`, which ended on day `n` of the month with `n` rows. */
function record(n: number, more: object = {}) {
  const counts = { rows: n, rows_in_bronze: n, rows_quarantined: 0, slices: 1, write_tasks: 1 };
  const lists = { engines: [], columns: [], parts: [], quarantine: [] };
  const times = { since: day(1), until: day(n), ingested_at: day(n), completed_at: day(n) };
  const load = { entity: 'orders', load_id: idOf(n), load_type: 'incremental' };
  return { version: 1, status: 'completed', ...load, ...times, ...counts, ...lists, ...more };
}

const pendingOf = (n: number, previous_load_id?: string): PendingLoad => ({
  load_id: idOf(n),
  load_type: 'incremental',
  since: day(n - 1),
  until: day(n),
  ingested_at: day(n),
  ...(previous_load_id && { previous_load_id }),
});

function manifest(load: PendingLoad) {
  const lists = { columns: [], batches: [], tasks: [] };
  const more = { event_date_column: null, first_part: 0, position: null, final: false, source_system: 'rds' };
  return { version: 1, entity: 'orders', slice: 0, attempt: 'a', load, ...lists, ...more };
}

async function open(file: unknown, { records = [], slices = [] }: { records?: object[]; slices?: PendingLoad[] } = {}) {
  const objects = new MemoryObjectStore();
  if (file !== undefined)
    await objects.putIfAbsent(CHECKPOINTS_KEY, Buffer.from(typeof file === 'string' ? file : JSON.stringify(file)));
  for (const one of records as { load_id: string }[])
    await objects.putIfAbsent(loadRecordKey({ entity: 'orders', load_id: one.load_id }), encodeJson(one));
  for (const load of slices)
    await objects.putIfAbsent(
      sliceManifestKey({ entity: 'orders', load_id: load.load_id }, 0),
      encodeJson(manifest(load)),
    );
  const checkpoints = new CheckpointFile(objects);
  const ports = { objects, checkpoints, clock: { now: () => NOW, sleep: async () => undefined } };
  const stored = async (): Promise<Record<string, unknown>> =>
    JSON.parse(Buffer.from((await objects.get(CHECKPOINTS_KEY))?.body ?? []).toString()) as Record<string, unknown>;
  return { objects, ports, stored };
}

describe('restoring a checkpoint', () => {
  const LOADS = [
    record(4, { exact_position: position(4) }),
    record(2, { load_type: 'full', schema_changes: [] }),
    record(3),
    record(5, { status: 'abandoned', until: day(9) }),
  ];

  test.each([
    ['that is gone', {}],
    ['whose file is gone', undefined],
    ['that can’t be read', { orders: { last_sync_timestamp: 'yesterday' } }],
  ])('%s takes it from the newest completed load, whatever was abandoned after it', async (_, file) => {
    const { ports, stored } = await open(file, { records: LOADS });
    expect(await restoreCheckpoint(ports, 'orders', false)).toMatchObject({ outcome: 'restored' });
    expect((await stored())['orders']).toEqual({
      last_sync_timestamp: day(4),
      record_count: 4,
      updated_at: day(4),
      exact_position: position(4),
      last_load_id: idOf(5),
      full_load_at: day(2),
      schema_change_load_id: idOf(2),
    });
  });

  test('leaves an exact position out that the record lacks, or that is of another timestamp', async () => {
    for (const more of [{}, { exact_position: position(3) }]) {
      const { ports } = await open({}, { records: [record(4, more)] });
      const { checkpoint } = (await restoreCheckpoint(ports, 'orders', false)) as { checkpoint: Checkpoint };
      expect(checkpoint.last_sync_timestamp).toBe(day(4));
      expect(checkpoint).not.toHaveProperty('exact_position');
    }
  });

  test('is not moved by the record of a backfill, which is the last one decided all the same', async () => {
    const backfill = record(7, { until: day(2), backfill: { from: day(1), to: day(2) } });
    const { ports } = await open({}, { records: [record(4), backfill] });
    expect(await restoreCheckpoint(ports, 'orders', false)).toMatchObject({
      checkpoint: { last_sync_timestamp: day(4), last_load_id: idOf(4), last_backfill_id: idOf(7) },
    });
  });

  test('goes by the loads that each record names, and not by clocks, where records have them', async () => {
    const first = record(2, { completed_at: day(9) });
    const second = record(3, { previous_load_id: idOf(2), completed_at: day(8) });
    const third = record(4, { previous_load_id: idOf(3), completed_at: day(7) });
    const { ports } = await open({}, { records: [record(1, { completed_at: day(6) }), first, second, third] });
    expect(await restoreCheckpoint(ports, 'orders', false)).toMatchObject({
      checkpoint: { last_sync_timestamp: day(4), last_load_id: idOf(4) },
    });
  });

  test('finds the load in flight by its first slice, and no load that was given up by hand', async () => {
    const slices = [pendingOf(6, idOf(3)), pendingOf(7, idOf(4)), pendingOf(8, idOf(9))];
    const { ports } = await open({}, { records: [record(4)], slices });
    const restored = await restoreCheckpoint(ports, 'orders', false);
    expect(restored).toMatchObject({ checkpoint: { pending_load: slices[1], last_load_id: idOf(4) } });
    const first = await open({}, { slices: [pendingOf(2)] });
    expect(await restoreCheckpoint(first.ports, 'orders', false)).toEqual({
      outcome: 'restored',
      checkpoint: { pending_load: pendingOf(2) },
    });
  });

  test('keeps one that can be read, unless it is forced; and never one with a load in flight', async () => {
    const waiting = { next_requests: [{ entity: 'orders', load_id: idOf(8) }] };
    const ahead = { last_sync_timestamp: '2030-01-01', ...waiting };
    const { ports, stored } = await open({ orders: ahead }, { records: [record(4)] });
    expect(await restoreCheckpoint(ports, 'orders', false)).toMatchObject({ outcome: 'kept' });
    expect((await stored())['orders']).toEqual(ahead);
    await restoreCheckpoint(ports, 'orders', true);
    expect((await stored())['orders']).toMatchObject({ last_sync_timestamp: day(4), ...waiting });
    const busy = await open({ orders: { pending_load: pendingOf(6) } }, { records: [record(4)] });
    await expect(restoreCheckpoint(busy.ports, 'orders', true)).rejects.toMatchObject({ code: 'CHECKPOINT_BUSY' });
  });

  test('is not possible where no load has left anything', async () => {
    const { ports, objects } = await open(undefined);
    expect(await restoreCheckpoint(ports, 'orders', false)).toEqual({ outcome: 'unknown' });
    expect(await objects.get(CHECKPOINTS_KEY)).toBeUndefined();
  });

  test('leaves what another process writes meanwhile', async () => {
    const { ports, objects, stored } = await open({}, { records: [record(4)] });
    const list = objects.list.bind(objects);
    objects.list = async (prefix) => {
      await new CheckpointFile(objects).swap('orders', 'absent', { last_sync_timestamp: day(6) });
      return list(prefix);
    };
    await expect(restoreCheckpoint(ports, 'orders', false)).rejects.toMatchObject({ code: 'SWAP_CONTENDED' });
    expect((await stored())['orders']).toEqual({ last_sync_timestamp: day(6) });
  });
});

test('a checkpoint file that is no JSON is kept beside the empty one that takes its place', async () => {
  const { objects, stored } = await open('{"orders": {');
  const key = 'logs/pipeline/ingestion/checkpoints-unreadable-2024-01-20T000000.000000Z.json';
  expect(await setUnreadableAside(objects, NOW)).toEqual({ key, table: undefined });
  expect(Buffer.from((await objects.get(key))?.body ?? []).toString()).toBe('{"orders": {');
  expect(await stored()).toEqual({});
  expect(await setUnreadableAside(objects, NOW)).toBeUndefined();
});

test('a checkpoint file that is no JSON, and names the table of the checkpoints, is mended to name it', async () => {
  for (const damaged of ['{"$store": {"dynamodb_table": "Shop-1"}', '{"$store":{"dynamodb_table":"Shop-1"},}']) {
    const { objects, stored } = await open(damaged);
    expect(await setUnreadableAside(objects, NOW)).toMatchObject({ table: 'Shop-1' });
    expect(await stored()).toEqual({ $store: { dynamodb_table: 'Shop-1' } });
  }
});

test.each(['{"$store": ', '{"$store": {"dynamodb_table": "Sho', '{"$store": 7}', '"dynamodb_table": "'])(
  'a checkpoint file that names a table that can’t be read any more is left alone: %s',
  async (damaged) => {
    const { objects } = await open(damaged);
    await expect(setUnreadableAside(objects, NOW)).rejects.toMatchObject({
      code: 'CHECKPOINTS_UNREADABLE',
      message: expect.stringContaining('no longer says in which') as string,
      hint: expect.stringContaining('{"$store":{"dynamodb_table":"<name>"}}') as string,
    });
    expect(Buffer.from((await objects.get(CHECKPOINTS_KEY))?.body ?? []).toString()).toBe(damaged);
    expect(await objects.list('logs/pipeline/ingestion/checkpoints-unreadable')).toEqual([]);
  },
);

describe('setting and resetting a checkpoint', () => {
  const IDLE = {
    last_sync_timestamp: day(4),
    record_count: 4,
    exact_position: position(4),
    last_load_id: idOf(4),
    owner: 'me',
  };

  test('moves the timestamp and keeps the rest, which the next load compares it with', async () => {
    const { ports, stored } = await open({ orders: IDLE, customers: {} });
    await setCheckpoint(ports, 'orders', day(2));
    expect(await stored()).toEqual({
      orders: { ...IDLE, last_sync_timestamp: day(2), updated_at: NOW },
      customers: {},
    });
  });

  test('leaves an entry without a timestamp, so that the next load is full and the entity is not taken for lost', async () => {
    const { ports, stored } = await open({ orders: IDLE });
    await resetCheckpoint(ports, 'orders');
    expect((await stored())['orders']).toEqual({ last_load_id: idOf(4), owner: 'me', reset_at: NOW });
    const broken = await open({ orders: 7 });
    await resetCheckpoint(broken.ports, 'orders');
    expect(await broken.stored()).toEqual({ orders: { reset_at: NOW } });
  });

  test('is refused while a load is pending', async () => {
    const { ports } = await open({ orders: { pending_load: pendingOf(6) } });
    await expect(setCheckpoint(ports, 'orders', day(2))).rejects.toMatchObject({ code: 'CHECKPOINT_BUSY' });
    await expect(resetCheckpoint(ports, 'orders')).rejects.toMatchObject({ code: 'CHECKPOINT_BUSY' });
  });
});

describe('importing an entry', () => {
  const FILE = { last_sync_timestamp: '2024-01-04', note: 'by hand' };

  const importing = (ports: Parameters<typeof importCheckpoint>[0], isForced: boolean, entry: unknown = FILE) =>
    importCheckpoint(ports, 'orders', { entry, isForced });
  const WRITTEN = { ...FILE, last_sync_timestamp: day(4) };

  test.each<[string, unknown, string, object[]]>([
    ['where nothing is known', undefined, 'imported', []],
    ['where the load records prove as much', undefined, 'imported', [record(4)]],
    ['over one that was moved back', { last_sync_timestamp: '2024-01-03' }, 'imported', [record(4)]],
    ['over one that can’t be read', { last_sync_timestamp: 'x' }, 'imported', []],
    ['over one that was reset', { reset_at: day(5) }, 'imported', [record(4)]],
    ['over the same', { last_sync_timestamp: day(4), note: 'by hand' }, 'same', []],
    ['over a newer one', { last_sync_timestamp: '2024-01-05' }, 'newer', [record(4)]],
    ['where the load records prove more', undefined, 'newer', [record(4), record(5)]],
    ['over an older one', { last_sync_timestamp: '2024-01-03' }, 'ahead', []],
    ['past what the load records prove', undefined, 'ahead', [record(3)]],
  ])('%s', async (_, before, outcome, records) => {
    const { ports, stored } = await open(
      { customers: {}, ...(before !== undefined && { orders: before }) },
      { records },
    );
    expect(await importing(ports, false)).toMatchObject({ outcome });
    const isWritten = outcome === 'imported' || outcome === 'same';
    expect(await stored()).toEqual({ customers: {}, orders: isWritten ? WRITTEN : before });
    expect((await importing(ports, true)).outcome).toMatch(/imported|same/);
    expect((await stored())['orders']).toEqual(WRITTEN);
  });

  test('says what it proves, or passes, where that is not where the entry is', async () => {
    const newer = await open({}, { records: [record(5)] });
    expect(await importing(newer.ports, false)).toEqual({ outcome: 'newer', proven: day(5) });
    const { ports } = await open({ orders: { last_sync_timestamp: day(2) } }, { records: [record(3)] });
    const passed = { from: day(3), to: day(4) };
    expect(await importing(ports, false)).toEqual({ outcome: 'ahead', passed });
    expect(await importing(ports, true)).toEqual({ outcome: 'imported', passed });
    const future = { last_sync_timestamp: '2024-01-21' };
    expect(await importing((await open({})).ports, false, future)).toEqual({
      outcome: 'ahead',
      passed: { from: undefined, to: timestamp('2024-01-21') },
    });
  });

  test('is refused while a load is pending, also when forced', async () => {
    const orders = { pending_load: pendingOf(3) };
    const { ports, stored } = await open({ orders });
    for (const isForced of [false, true])
      await expect(importing(ports, isForced)).rejects.toMatchObject({ code: 'CHECKPOINT_BUSY' });
    expect(await stored()).toEqual({ orders });
  });

  test('keeps the requests that wait, and not those of the file', async () => {
    const request = (n: number) => ({ next_requests: [{ entity: 'orders', load_id: idOf(n) }] });
    const { ports, stored } = await open({ orders: { last_sync_timestamp: day(4), ...request(8) } });
    expect(await importing(ports, false, { ...FILE, ...request(9) })).toEqual({ outcome: 'imported' });
    expect((await stored())['orders']).toEqual({ ...WRITTEN, ...request(8) });
    expect(await importing(ports, false)).toEqual({ outcome: 'same' });
  });

  test('that can’t be read changes nothing', async () => {
    const { ports, stored } = await open({ orders: { last_sync_timestamp: '2024-01-03' } });
    const entry = { last_sync_timestamp: 'soon' };
    expect(await importCheckpoint(ports, 'orders', { entry, isForced: true })).toEqual({ outcome: 'unreadable' });
    expect((await stored())['orders']).toEqual({ last_sync_timestamp: '2024-01-03' });
    expect(await importCheckpoint(ports, '../x', { entry: FILE, isForced: true })).toEqual({ outcome: 'unreadable' });
  });
});
