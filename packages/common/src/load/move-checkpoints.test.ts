import { MemoryItemTable } from '@bronze/emulators/memory-item-table';
import { MemoryObjectStore } from '@bronze/emulators/memory-object-store';
import { describe, expect, test } from 'vitest';
import type { Expected, Item } from '../ports/item-table.ts';
import { timestamp } from '../words/timestamp.ts';
import type { Checkpoint } from './checkpoint.ts';
import { CheckpointFile } from './checkpoint-file.ts';
import { itemsIn } from './checkpoint-items.fixtures.ts';
import { editFile } from './checkpoint-store.fixtures.ts';
import { moveToFile, moveToTable } from './move-checkpoints.ts';
import { CHECKPOINTS_KEY } from './object-keys.ts';
import { id, pending } from './pending-load.fixtures.ts';
import { PlacedCheckpoints } from './placed-checkpoints.ts';

const ORDERS: Checkpoint = {
  last_sync_timestamp: timestamp('2024-01-15T10:32:00.123456Z'),
  record_count: 250,
  owner: 'ana',
};
const LOADING: Checkpoint = { ...ORDERS, pending_load: pending(id(2)), next_requests: [] };

/** Stops after so many writes, as a process that is killed. */
class StoppingTable extends MemoryItemTable {
  left = Infinity;

  override async put(item: Item, expected: Expected | undefined): Promise<boolean> {
    if (this.left === 0) throw new Error('killed');
    this.left -= 1;
    return super.put(item, expected);
  }
}

function world() {
  const objects = new MemoryObjectStore();
  const { table, ids, open, writeByHand } = itemsIn(new StoppingTable());
  const ports = { objects, table: table as StoppingTable, ids };
  const placed = (new_table?: string) => new PlacedCheckpoints(objects, { openTable: open, new_table });
  const text = async () => Buffer.from((await objects.get(CHECKPOINTS_KEY))?.body ?? []).toString();
  return { ...ports, ports, placed, text, writeByHand, open };
}

describe('moving the checkpoints', () => {
  test('to a table and back keeps loads in flight, unknown fields and unreadable entries, and readers follow', async () => {
    const { objects, ports, placed, text } = world();
    const broken = { last_sync_timestamp: 'yesterday' };
    await editFile(objects, { orders: ORDERS, customers: LOADING, broken });
    const before = JSON.parse(await text()) as unknown;
    const warm = placed();
    const read = await warm.read('orders');
    await moveToTable(ports);
    expect(await text()).toBe('{\n  "$store": {\n    "dynamodb_table": "memory"\n  }\n}\n');
    expect(await warm.readAll()).toEqual(
      new Map<string, Checkpoint | undefined>([
        ['orders', ORDERS],
        ['customers', LOADING],
        ['broken', undefined],
      ]),
    );
    expect(await warm.swap('orders', read.version, {})).toBe(false);
    const moved = await warm.read('orders');
    await moveToFile(ports);
    expect(JSON.parse(await text())).toEqual(before);
    expect(await warm.swap('orders', moved.version, {})).toBe(false);
    expect(await warm.swap('orders', (await warm.read('orders')).version, {})).toBe(true);
    expect(JSON.parse(await text())).toMatchObject({ orders: {}, customers: LOADING });
  });

  test('back to the file is noticed by a reader that knew the table, also for an entity that has no item there', async () => {
    const { objects, ports, placed, text, table } = world();
    await editFile(objects, { orders: ORDERS });
    await moveToTable(ports);
    const [warm, other] = [placed(), placed()];
    await Promise.all([warm.read('orders'), other.readStored('orders')]);
    await moveToFile(ports);
    expect(await other.readStored('payments')).toEqual(await placed().readStored('payments'));
    const { checkpoint, version } = await warm.read('payments');
    expect(checkpoint).toBeUndefined();
    expect(await warm.swap('payments', version, LOADING)).toBe(true);
    expect(JSON.parse(await text())).toEqual({ orders: ORDERS, payments: LOADING });
    expect(await table.get('payments')).toBeUndefined();
    expect(await other.swap('refunds', (await other.readStored('refunds')).version, {})).toBe(true);
    expect(await table.get('refunds')).toBeUndefined();
  });

  test('there, back and there again forgets what was removed from the file in between', async () => {
    const { objects, ports, placed } = world();
    await editFile(objects, { orders: ORDERS, customers: LOADING });
    await moveToTable(ports);
    await moveToFile(ports);
    const stored = await objects.get(CHECKPOINTS_KEY);
    await objects.replace(CHECKPOINTS_KEY, Buffer.from(JSON.stringify({ customers: ORDERS })), stored?.etag);
    await moveToTable(ports);
    expect(Object.fromEntries(await placed().readAll())).toEqual({ customers: ORDERS });
  });

  test.each([0, 1, 2, 3])(
    'that stops after %i writes loses nothing, and the same move completes it',
    async (writes) => {
      for (const [from, to] of [
        [moveToTable, moveToFile],
        [moveToFile, moveToTable],
      ] as const) {
        const { objects, ports, placed, table } = world();
        await editFile(objects, { orders: ORDERS, customers: LOADING });
        if (from === moveToFile) await moveToTable(ports);
        table.left = writes;
        await from(ports).catch(() => undefined);
        table.left = Infinity;
        // Whoever asks meanwhile gets the truth or is told to ask again.
        const seen = await placed()
          .read('orders')
          .catch((thrown: unknown) => Reflect.get(Object(thrown), 'code') as unknown);
        const right: unknown = expect.objectContaining({ checkpoint: ORDERS });
        expect(['CHECKPOINTS_ELSEWHERE', right]).toContainEqual(seen);
        await from(ports);
        expect(Object.fromEntries(await placed().readAll())).toEqual({ orders: ORDERS, customers: LOADING });
        await to(ports);
        expect(Object.fromEntries(await placed().readAll())).toEqual({ orders: ORDERS, customers: LOADING });
      }
    },
  );

  test('meets a swap: either the swap is moved along, or it is refused and made again in the new place', async () => {
    for (let turns = 0; turns < 60; turns += 1) {
      const { objects, ports, placed } = world();
      await editFile(objects, { orders: { record_count: 0 }, customers: {} });
      const moving = turns % 2 === 0 ? moveToTable(ports) : moveToTable(ports).then(() => moveToFile(ports));
      const store = placed();
      for (let turn = 0; turn < turns; turn += 1) await Promise.resolve();
      await Promise.all([moving, count(store)]);
      expect((await placed().read('orders')).checkpoint).toEqual({ record_count: 1 });
    }
  });

  test('refuses a table with checkpoints in use, which is that of another pipeline', async () => {
    const { objects, ports, text, writeByHand } = world();
    await editFile(objects, { orders: ORDERS });
    await writeByHand('customers', ORDERS);
    await expect(moveToTable(ports)).rejects.toMatchObject({ code: 'CHECKPOINT_BUSY' });
    expect(JSON.parse(await text())).toEqual({ orders: ORDERS });
  });

  test('refuses an entry that is no object, and a pipeline whose checkpoints are in another table', async () => {
    const { objects, ports } = world();
    await editFile(objects, { orders: 5 });
    await expect(moveToTable(ports)).rejects.toMatchObject({ code: 'CHECKPOINTS_UNREADABLE' });
    await editFile(objects, { $store: { dynamodb_table: 'theirs' } });
    for (const move of [moveToTable, moveToFile]) {
      await expect(move(ports)).rejects.toMatchObject({
        code: 'CHECKPOINTS_ELSEWHERE',
        message: 'the checkpoints are in the table theirs',
      });
    }
  });
});

/** Counts up as a function would: it asks again while the checkpoints are moving. */
async function count(store: PlacedCheckpoints): Promise<void> {
  for (;;) {
    try {
      const { checkpoint, version } = await store.read('orders');
      if (await store.swap('orders', version, { record_count: (checkpoint?.record_count ?? 0) + 1 })) return;
    } catch (thrown) {
      if (Reflect.get(Object(thrown), 'code') !== 'CHECKPOINTS_ELSEWHERE') throw thrown;
    }
    await Promise.resolve();
  }
}

describe('a new pipeline', () => {
  test('with a table names it in checkpoints.json before its first swap, so that commands find it', async () => {
    const { objects, placed, open, text } = world();
    const functions = placed('memory');
    expect(await functions.readAll()).toEqual(new Map());
    expect(await objects.get(CHECKPOINTS_KEY)).toBeUndefined();
    expect(await functions.swap('orders', (await functions.read('orders')).version, ORDERS)).toBe(true);
    expect(await text()).toContain('"dynamodb_table": "memory"');
    expect(await placed().readAll()).toEqual(new Map([['orders', ORDERS]]));
    expect(await open().readAll()).toEqual(new Map([['orders', ORDERS]]));
  });

  test('that got a checkpoint in the file first stays there', async () => {
    const { objects, placed, open } = world();
    const functions = placed('memory');
    const { version } = await functions.read('orders');
    await editFile(objects, { orders: ORDERS });
    expect(await functions.swap('orders', version, {})).toBe(false);
    expect((await functions.read('orders')).checkpoint).toEqual(ORDERS);
    expect(await open().readAll()).toEqual(new Map());
  });
});

test('a reader that knows only the file is told where the checkpoints are, and so is one of a bad pointer', async () => {
  const { objects, ports } = world();
  await moveToTable(ports);
  await expect(new CheckpointFile(objects).read('orders')).rejects.toMatchObject({
    code: 'CHECKPOINTS_ELSEWHERE',
    message: 'logs/pipeline/ingestion/checkpoints.json says that the checkpoints are in the table memory',
  });
  await editFile(objects, { $store: 'memory' });
  await expect(new CheckpointFile(objects).read('orders')).rejects.toMatchObject({ code: 'CHECKPOINTS_UNREADABLE' });
});
