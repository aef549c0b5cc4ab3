import { slice } from '@bronze/common/load/slices.fixtures';
import { MemoryObjectStore } from '@bronze/emulators/memory-object-store';
import { expect, test } from 'vitest';
import { convertTask } from './convert-task.ts';
import type { Conversion, ParquetEngine } from './parquet/parquet-engine.ts';

const PARTS = 100;

/** One row a day for a hundred days; a part is the name of the write task that made it, and a lot of padding. */
const bodyOf = (name: string) => Buffer.alloc(256 * 1024, name.padEnd(64));
const engine: ParquetEngine = {
  name: 'days',
  degraded: () => [],
  async *convert({ provenance }: Conversion) {
    for (let day = 0; day < PARTS; day += 1) {
      const event_date = new Date(86_400_000 * day).toISOString().slice(0, 10);
      yield { kind: 'part', event_date, rows: 1, body: bodyOf(provenance['bronze.write_task']) };
    }
  },
  rowCountIfOurs: (body, provenance) => (bodyOf(provenance['bronze.write_task']).equals(body) ? 1 : undefined),
};

function world() {
  const objects = new MemoryObjectStore();
  const uploads: string[] = [];
  let left = Infinity;
  const put = objects.putIfAbsent.bind(objects);
  objects.putIfAbsent = async (key, body) => {
    if (left <= 0) throw new Error('S3 is down');
    left -= 1;
    uploads.push(key);
    return put(key, body);
  };
  const task = { first_batch: 0, batch_count: 1, rows: PARTS };
  const convert = (is_repeated: boolean) =>
    convertTask({ objects, engine }, { slice: slice(0, 1, true), task, number: 0, batches: [], is_repeated });
  const goDownAfter = (count: number) => void (left = count);
  return { objects, uploads, convert, goDownAfter };
}

test('a task of a hundred large parts that is delivered again uploads only the parts that are missing', async () => {
  const { uploads, convert, goDownAfter } = world();
  goDownAfter(60);
  await expect(convert(false)).rejects.toThrow('S3 is down');
  goDownAfter(Infinity);
  const receipt = await convert(true);
  expect(receipt.parts).toHaveLength(PARTS);
  expect([uploads.length, new Set(uploads).size]).toEqual([PARTS, PARTS]);
  expect(await convert(false)).toEqual(receipt);
});

test('a task that is delivered again takes no other object for its part', async () => {
  const { objects, uploads, convert } = world();
  await convert(false);
  const key = uploads[30] ?? '';
  await objects.replace(key, Buffer.from('not ours'), (await objects.get(key))?.etag);
  await expect(convert(true)).rejects.toMatchObject({ code: 'PART_FOREIGN' });
  await expect(convert(false)).rejects.toMatchObject({ code: 'PART_FOREIGN' });
});
