import { expect, test } from 'vitest';
import { timestamp } from '../words/timestamp.ts';
import type { ObjectStore } from '../ports/object-store.ts';
import type { Checkpoint } from './checkpoint.ts';
import type { CheckpointStore } from './checkpoint-store.ts';
import { CHECKPOINTS_KEY } from './object-keys.ts';
import { id, pending } from './pending-load.fixtures.ts';

export interface OpenedStore {
  /** Another process's view of the same store. */
  open(): CheckpointStore;
  /** Writes an entry as a person would, without a condition. The store may have been empty. */
  writeByHand(entity: string, fields: object): Promise<void>;
}

const FULL = {
  last_sync_timestamp: timestamp('2024-01-15T10:32:00.123456Z'),
  record_count: 250,
  updated_at: timestamp('2024-01-15T10:35:00.000001Z'),
  last_load_id: id(1),
  pending_load: { ...pending(id(2)), oldest_transaction_seconds: 0.000_25, ticket: 'OPS-7' },
  next_requests: [{ entity: 'orders', load_id: id(3) }],
  owner: 'ana',
  unknown: { list: [1, 'two', null, true, [], {}], text: '', big: 12_345_678_901_234_567_000, small: -1.5e-7 },
} as Checkpoint;

/** What every store of checkpoints has to do. */
export function testCheckpointStore(start: () => Promise<OpenedStore>): void {
  test('an entity without a checkpoint is absent, and its first checkpoint comes by a swap of one of two', async () => {
    const { open } = await start();
    expect(await open().readAll()).toEqual(new Map());
    const { checkpoint, version } = await open().read('orders');
    expect(checkpoint).toBeUndefined();
    expect(await open().swap('orders', version, { record_count: 1 })).toBe(true);
    expect(await open().swap('orders', version, { record_count: 2 })).toBe(false);
    expect((await open().read('orders')).checkpoint).toEqual({ record_count: 1 });
  });

  test('every field comes back as it was written: microseconds, pending load, waiting requests, unknown fields', async () => {
    const { open } = await start();
    const { version } = await open().read('orders');
    expect(await open().swap('orders', version, FULL)).toBe(true);
    const read = await open().read('orders');
    expect(read.checkpoint).toEqual(FULL);
    expect(await open().readAll()).toEqual(new Map([['orders', FULL]]));
    expect(await open().swap('orders', read.version, { ...read.checkpoint, record_count: 7 })).toBe(true);
    expect((await open().read('orders')).checkpoint).toEqual({ ...FULL, record_count: 7 });
  });

  test('a field that is left out or undefined is gone after the swap', async () => {
    const { open } = await start();
    await open().swap('orders', (await open().read('orders')).version, FULL);
    const { version } = await open().read('orders');
    const next = { record_count: 1, owner: undefined };
    expect(await open().swap('orders', version, next)).toBe(true);
    expect((await open().read('orders')).checkpoint).toEqual({ record_count: 1 });
  });

  test('of many who swap the same version, exactly one succeeds', async () => {
    const { open } = await start();
    const { version } = await open().read('orders');
    const won = await Promise.all(
      Array.from({ length: 20 }, (_, record_count) => open().swap('orders', version, { record_count })),
    );
    expect(won.filter(Boolean)).toHaveLength(1);
    expect((await open().read('orders')).checkpoint).toEqual({ record_count: won.indexOf(true) });
  });

  test('entities do not disturb each other: fifty are swapped at once', async () => {
    const { open } = await start();
    const names = Array.from({ length: 50 }, (_, index) => `entity_${index}`);
    const swaps = names.map(async (name) =>
      open().swap(name, (await open().read(name)).version, { record_count: name.length }),
    );
    expect(new Set(await Promise.all(swaps))).toEqual(new Set([true]));
    expect(new Set((await open().readAll()).keys())).toEqual(new Set(names));
  });

  test('a version is as good after another entity’s swap, and worth nothing after a change by hand', async () => {
    const { open, writeByHand } = await start();
    await open().swap('orders', (await open().read('orders')).version, FULL);
    const { version } = await open().read('orders');
    await open().swap('customers', (await open().read('customers')).version, {});
    await writeByHand('orders', { ...FULL, last_sync_timestamp: '2024-01-10' });
    expect(await open().swap('orders', version, {})).toBe(false);
    const again = await open().read('orders');
    expect(again.checkpoint?.last_sync_timestamp).toBe('2024-01-10T00:00:00.000000Z');
    expect(await open().swap('orders', again.version, {})).toBe(true);
  });

  test('the version of another store’s entry fits nothing', async () => {
    const { open, writeByHand } = await start();
    await writeByHand('orders', { record_count: 1 });
    for (const version of ['absent', 'x', '{"record_count":1,"x":2}']) {
      expect(await open().swap('orders', version, {})).toBe(false);
    }
  });

  test('an entry that can’t be read stops its own entity only', async () => {
    const { open, writeByHand } = await start();
    await writeByHand('orders', { last_sync_timestamp: 'yesterday' });
    await writeByHand('customers', { record_count: 3 });
    expect(await open().readAll()).toEqual(
      new Map([
        ['orders', undefined],
        ['customers', { record_count: 3 }],
      ]),
    );
    await expect(open().read('orders')).rejects.toMatchObject({
      code: 'CHECKPOINTS_UNREADABLE',
      message: expect.stringContaining('orders: last_sync_timestamp'),
    });
    expect((await open().read('customers')).checkpoint).toEqual({ record_count: 3 });
    const { stored, version } = await open().readStored('orders');
    expect(stored).toEqual({ last_sync_timestamp: 'yesterday' });
    expect(await open().swap('orders', version, { record_count: 4 })).toBe(true);
    expect((await open().readStored('orders')).stored).toEqual({ record_count: 4 });
    expect(await open().readStored('payments')).toMatchObject({ stored: undefined });
  });
}

/** Changes entries of `checkpoints.json` as an editor would. */
export async function editFile(objects: ObjectStore, entries: object): Promise<void> {
  const stored = await objects.get(CHECKPOINTS_KEY);
  const file = stored ? (JSON.parse(Buffer.from(stored.body).toString()) as object) : {};
  const text = Buffer.from(JSON.stringify({ ...file, ...entries }));
  expect(await objects.replace(CHECKPOINTS_KEY, text, stored?.etag)).toBe(true);
}
