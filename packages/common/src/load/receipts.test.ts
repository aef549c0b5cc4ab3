import { MemoryObjectStore } from '@bronze/emulators/memory-object-store';
import { expect, test } from 'vitest';
import { encodeJson } from '../words/json.ts';
import { receiptKey, receiptsPrefix } from './object-keys.ts';
import {
  isCovered,
  listReceipts,
  missingTasks,
  readReceipts,
  receiptSchema,
  straysAmong,
  taskNames,
} from './receipts.ts';
import { LOAD_ID, slice } from './slices.fixtures.ts';

const LOAD = { entity: 'orders', load_id: LOAD_ID };
const PROOF = {
  version: 1,
  task: '00000-00000',
  engine: {
    name: 'parquetjs-lite',
    degraded: [{ column: 'id', type: 'bigint', written_as: 'text' }],
  },
  parts: [{ key: 'part.parquet', rows: 4, bytes: 10, sha256: 'ab' }],
  quarantine: { key: 'rejected.ndjson', rows: 3 },
};

test('L3: a load is covered if the set of receipts equals the set of tasks and the last slice is final', () => {
  const slices = [slice(0, 2, false), slice(1, 1, true)];
  const all = taskNames(slices);
  expect(all).toEqual(['00000-00000', '00000-00001', '00001-00000']);
  expect(isCovered(slices, new Set(all))).toBe(true);
  expect(isCovered([slice(0, 1, true)], new Set(all.slice(0, 1)))).toBe(true);
  expect(isCovered(slices.slice(0, 1), new Set(all.slice(0, 2)))).toBe(false);
  expect(isCovered(slices, new Set(['00000-00000', '00000-00001', '00009-00000']))).toBe(false);
  expect(isCovered(slices, new Set([...all, '00002-00000']))).toBe(true);
  expect(isCovered(slices.toReversed(), new Set(all))).toBe(false);
  expect(isCovered([], new Set())).toBe(false);
  expect(missingTasks(slices, new Set(['00000-00001']))).toEqual(['00000-00000', '00001-00000']);
});

test('a receipt must name its parts, their rows and its quarantine', () => {
  expect(receiptSchema.parse(PROOF)).toEqual(PROOF);
  expect(receiptSchema.parse({ ...PROOF, quarantine: null })).toEqual({ ...PROOF, quarantine: null });
  for (const field of Object.keys(PROOF)) {
    expect(receiptSchema.safeParse({ ...PROOF, [field]: undefined }).success, field).toBe(false);
  }
  expect(receiptSchema.safeParse({ ...PROOF, quarantine: { key: 'k' } }).success).toBe(false);
});

test.each(['.DS_Store', '00000-00000.json~', '00000-00000 (1).json', '', '00000-00000.json/', 'x/00000-00000.json'])(
  'a stray object %j among the receipts is not one',
  async (name) => {
    const objects = new MemoryObjectStore();
    await objects.putIfAbsent(`${receiptsPrefix(LOAD)}${name}`, Buffer.from('stray'));
    const listed = await listReceipts(objects, LOAD);
    expect([...listed.tasks]).toEqual([]);
    expect(straysAmong(listed, [slice(0, 1, true)])).toEqual([name]);
  },
);

test('receipts are listed by the name of their write task, and read in part order', async () => {
  const objects = new MemoryObjectStore();
  const slices = [slice(0, 2, false), slice(1, 1, true)];
  for (const [number, task] of [
    [1, 0],
    [0, 1],
    [0, 0],
  ] as const) {
    const receipt = { ...PROOF, task: `0000${number}-0000${task}` };
    await objects.putIfAbsent(receiptKey(LOAD, number, task), encodeJson(receipt));
  }
  const listed = await listReceipts(objects, LOAD);
  expect([...listed.tasks]).toEqual(['00000-00000', '00000-00001', '00001-00000']);
  expect(straysAmong(listed, slices)).toEqual([]);
  // A receipt of another load, copied here by hand.
  expect(straysAmong(listed, slices.slice(0, 1))).toEqual(['00001-00000.json']);
  const tasks = (await readReceipts(objects, LOAD, slices)).map(({ task }) => task);
  expect(tasks).toEqual(['00000-00000', '00000-00001', '00001-00000']);
});

test('reading a receipt that is gone or was edited fails and names its key', async () => {
  const objects = new MemoryObjectStore();
  const key = receiptKey(LOAD, 0, 0);
  const gone = { code: 'OBJECT_MISSING', message: expect.stringContaining(key) as string };
  await expect(readReceipts(objects, LOAD, [slice(0, 1, true)])).rejects.toMatchObject(gone);
  await objects.putIfAbsent(key, encodeJson({ ...PROOF, version: 2 }));
  const edited = { code: 'OBJECT_INVALID', hint: expect.stringContaining('never edited') as string };
  await expect(readReceipts(objects, LOAD, [slice(0, 1, true)])).rejects.toMatchObject(edited);
});
