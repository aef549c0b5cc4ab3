import { setTimeout as delay } from 'node:timers/promises';
import { zstdDecompressSync } from 'node:zlib';
import { defineConfig, entityOf } from '@bronze/common/config';
import type { RawBatch, SliceReader } from '@bronze/common/load/source';
import { timestamp } from '@bronze/common/words/timestamp';
import { MemoryObjectStore } from '@bronze/emulators/memory-object-store';
import { expect, test } from 'vitest';
import { stageSlice, type StagingPorts } from './stage-slice.ts';
import { ZSTD_CODEC } from './zstd-codec.ts';

const LOAD = {
  load_id: '00000000-0000-8000-8000-000000000001',
  load_type: 'full',
  since: timestamp('1970-01-01'),
  until: timestamp('2024-01-15'),
  ingested_at: timestamp('2024-01-15'),
} as const;

async function* batchesOf(count: number, pause_ms: number): AsyncGenerator<RawBatch> {
  for (let batch = 1; batch <= count; batch += 1) {
    await delay(pause_ms);
    yield {
      ndjson: Buffer.from(`{"id":"${batch}"}\n`),
      rows: 1,
      row_bytes_max: 11,
      position: { order: 'id', values: [String(batch)] },
      release: () => undefined,
    };
  }
}

function stage(options: {
  pause_ms?: number;
  is_resumable?: boolean;
  slice_rows?: number;
  objects?: MemoryObjectStore;
  isNear?: () => boolean;
}) {
  const config = defineConfig({
    sources: { db: { type: 'postgres', url: 'unused' } },
    entities: { things: { source: 'db', table: 'public.things', slice_rows: options.slice_rows ?? 100 } },
  });
  const reader: SliceReader = {
    columns: [{ name: 'id', type: 'text' }],
    is_resumable: options.is_resumable ?? true,
    batches: batchesOf(5, options.pause_ms ?? 0),
  };
  const ports: StagingPorts = {
    objects: options.objects ?? new MemoryObjectStore(),
    source: {
      system: 'rds',
      readHighWatermark: () => Promise.reject(new Error('unused')),
      openSlice: async () => reader,
    },
    attempts: { next: () => 'attempt' },
    codec: ZSTD_CODEC,
    deadline: { isNear: options.isNear ?? (() => false), remainingMs: () => Infinity },
    log: { event: () => undefined },
  };
  return stageSlice(ports, entityOf(config, 'things'), LOAD, undefined);
}

test('L7: a put that fails while the source is slow fails the slice, not the process', async () => {
  const objects = new MemoryObjectStore();
  const put = objects.putIfAbsent.bind(objects);
  let puts = 0;
  objects.putIfAbsent = async (key, body) => {
    puts += 1;
    if (puts === 1) throw new Error('503 SlowDown');
    return put(key, body);
  };
  await expect(stage({ objects, pause_ms: 30 })).rejects.toThrow('503 SlowDown');
});

test('a slice ends at its limit or when its deadline is near, and records where the next one continues', async () => {
  expect(await stage({ slice_rows: 3 })).toMatchObject({ final: false, position: { values: ['3'] } });
  expect(await stage({ isNear: () => true })).toMatchObject({ final: false, position: { values: ['1'] } });
  expect(await stage({})).toMatchObject({ final: true, position: { values: ['5'] } });
});

test('a staged batch is JSON, a line for each row, under the key of its load', async () => {
  const objects = new MemoryObjectStore();
  await stage({ objects });
  const folder = `data/staging/things/${LOAD.load_id}/slice-00000/`;
  const keys = Array.from({ length: 5 }, (_, batch) => `${folder}attempt/batch-0000${batch}.ndjson.zst`);
  expect(await objects.list(folder)).toEqual(keys);
  const bodies = await Promise.all(keys.map(async (key) => (await objects.get(key))?.body ?? Buffer.of()));
  const lines = bodies.map((body) => zstdDecompressSync(body).toString());
  expect(lines).toEqual(keys.map((_, batch) => `{"id":"${batch + 1}"}\n`));
});

test('L2: a source that cannot be resumed is read to its end in one slice', async () => {
  expect(await stage({ is_resumable: false, slice_rows: 3, isNear: () => true })).toMatchObject({ final: true });
});
