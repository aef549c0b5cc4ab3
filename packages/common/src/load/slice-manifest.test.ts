import { MemoryObjectStore } from '@bronze/emulators/memory-object-store';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import * as z from 'zod/mini';
import { encodeJson } from '../words/json.ts';
import { type Timestamp, timestamp } from '../words/timestamp.ts';
import { sliceManifestKey, keyOf } from './object-keys.ts';
import {
  skippedOf,
  nextPart,
  planWriteTasks,
  readSlice,
  readSlices,
  rowsOf,
  seenCursorsOf,
  type SliceManifest,
  sliceManifestSchema,
} from './slice-manifest.ts';
import { batch, LOAD_ID, slice } from './slices.fixtures.ts';

test('L2: write tasks tile the batches: each in exactly one task, in order, within the limits', () => {
  const batches = fc.array(fc.tuple(fc.integer({ min: 1, max: 20 }), fc.integer({ min: 1, max: 20 })), {
    maxLength: 30,
  });
  fc.assert(
    fc.property(
      batches,
      fc.integer({ min: 1, max: 50 }),
      fc.integer({ min: 1, max: 50 }),
      (sizes, task_rows, task_bytes) => {
        const staged = sizes.map(([rows, bytes]) => batch(rows, bytes));
        const tasks = planWriteTasks(staged, { task_rows, task_bytes });
        expect(tasks.flatMap((task) => staged.slice(task.first_batch, task.first_batch + task.batch_count))).toEqual(
          staged,
        );
        let next = 0;
        for (const task of tasks) {
          expect(task.first_batch).toBe(next);
          next += task.batch_count;
          const own = staged.slice(task.first_batch, next);
          expect(task.rows).toBe(own.reduce((sum, one) => sum + one.rows, 0));
          const bytes = own.reduce((sum, one) => sum + one.ndjson_bytes, 0);
          expect(own.length === 1 || (task.rows <= task_rows && bytes <= task_bytes)).toBe(true);
        }
        expect(next).toBe(staged.length);
      },
    ),
  );
});

test('a task takes every batch that still fits its limits', () => {
  expect(
    planWriteTasks([batch(5, 1), batch(5, 1), batch(5, 1)], { task_rows: 10, task_bytes: 100 }).map(
      (task) => task.rows,
    ),
  ).toEqual([10, 5]);
  expect(
    planWriteTasks([batch(1, 60), batch(1, 40), batch(1, 1)], { task_rows: 10, task_bytes: 100 }).map(
      (task) => task.rows,
    ),
  ).toEqual([2, 1]);
  expect(planWriteTasks([], { task_rows: 1, task_bytes: 1 })).toEqual([]);
});

test('parts and rows are counted across slices', () => {
  expect(nextPart(undefined)).toBe(0);
  expect(nextPart({ ...slice(1, 3, false), first_part: 2 })).toBe(5);
  expect(rowsOf([{ ...slice(0, 0, true), batches: [batch(3, 1), batch(4, 1)] }])).toBe(7);
});

test('what slices left for later is added up, and absent where nothing was', () => {
  const left = (left_for_later?: number, in_the_future?: number) => ({
    ...slice(0, 0, false),
    left_out: {
      without_cursor: 0,
      outside_window: 9,
      ...(left_for_later && { left_for_later }),
      ...(in_the_future && { in_the_future }),
      repeated: 0,
    },
  });
  expect(skippedOf([left(5, 2), left(), left(1)])).toMatchObject({ left_for_later: 6, in_the_future: 2 });
  expect(skippedOf([left(5), left()])).not.toHaveProperty('in_the_future');
  expect(skippedOf([left(), left()])).not.toHaveProperty('left_for_later');
});

test('the newest cursor seen is that of all slices, and records that showed late are added up', () => {
  const [before, older, newer] = ['2024-01-13', '2024-01-14', '2024-01-15'].map((day) => timestamp(day));
  const seen = (newest: Timestamp | undefined, late: number) => ({
    ...slice(0, 0, false),
    ...(newest && { seen_cursors: { ...(before && { before }), newest, late } }),
  });
  expect(seenCursorsOf([seen(newer, 2), seen(undefined, 0), seen(older, 3)])).toEqual({
    before,
    newest: newer,
    late: 5,
  });
  expect(seenCursorsOf([seen(undefined, 0)])).toBeUndefined();
});

test('skipped records are added up across slices, and a source that never skips has no count', () => {
  const left = (without_cursor: number, outside_window: number, repeated: number) => ({
    ...slice(0, 0, false),
    left_out: { without_cursor, outside_window, repeated },
  });
  expect(skippedOf([left(1, 20, 300), slice(1, 0, false), left(4, 50, 600)])).toEqual({
    without_cursor: 5,
    outside_window: 70,
    repeated: 900,
  });
  expect(skippedOf([left(0, 0, 0)])).toEqual({ without_cursor: 0, outside_window: 0, repeated: 0 });
  expect(skippedOf([slice(0, 1, true)])).toBeUndefined();
  expect(skippedOf([])).toBeUndefined();
});

const load = { entity: 'orders', load_id: LOAD_ID };

async function storeOf(...slices: readonly object[]): Promise<MemoryObjectStore> {
  const objects = new MemoryObjectStore();
  for (const [index, one] of slices.entries())
    await objects.putIfAbsent(sliceManifestKey(load, index), encodeJson(one));
  return objects;
}

test('a load’s slices are read in order, up to the final one or the first that is missing', async () => {
  const slices = [slice(0, 2, false), slice(1, 1, false), slice(2, 0, true)];
  expect(await readSlices(new MemoryObjectStore(), load)).toEqual([]);
  expect(await readSlices(await storeOf(...slices.slice(0, 2)), load)).toEqual(slices.slice(0, 2));
  expect(await readSlices(await storeOf(...slices), load)).toEqual(slices);
  expect(await readSlices(await storeOf(...slices), load, 1)).toEqual(slices.slice(1));
  expect(await readSlices(await storeOf(...slices), load, slices.length)).toEqual([]);
  expect(await readSlices(await storeOf(...slices, slice(3, 1, true)), load)).toEqual(slices);
  expect(keyOf('orders', slice(0, 0, true).load)).toEqual(load);
});

const WHOLE: SliceManifest = {
  ...slice(0, 1, true),
  columns: [{ name: 'id', type: 'bigint' }],
  event_date_column: 'day',
  batches: [batch(3, 100)],
  position: { order: 'public.orders (id bigint)', values: ['3'] },
  left_out: { without_cursor: 1, outside_window: 2, repeated: 3 },
  since_parameter: 'ignored',
};

test('a manifest that is stored and read again is unchanged', async () => {
  expect(await readSlice(await storeOf(WHOLE), load, 0)).toEqual(WHOLE);
});

test.each([
  ['of another version', { version: 2 }],
  ['that does not say whether it is final', { final: undefined }],
  ['with half a batch', { batches: [{ key: 'k', rows: 1 }] }],
  ['with a batch of half a row', { batches: [batch(0.5, 1)] }],
  ['with a task that does not say how many batches it takes', { tasks: [{ first_batch: 0, rows: 1 }] }],
  ['with an empty position', { position: {} }],
  ['with a missing count', { left_out: { without_cursor: 1 } }],
  ['of an unknown source system', { source_system: 'postgres' }],
])('a manifest %s is refused, and the hint says what to do', async (_, wrong) => {
  expect(z.safeParse(sliceManifestSchema, { ...WHOLE, ...wrong }).success).toBe(false);
  await expect(readSlices(await storeOf({ ...WHOLE, ...wrong }), load)).rejects.toMatchObject({
    code: 'OBJECT_INVALID',
    message: expect.stringContaining(sliceManifestKey(load, 0)) as string,
    hint: expect.stringContaining('abandon the load') as string,
  });
});
