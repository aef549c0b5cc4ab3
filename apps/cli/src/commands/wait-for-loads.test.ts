import { CheckpointFile } from '@bronze/common/load/checkpoint-file';
import { timestamp } from '@bronze/common/words/timestamp';
import { MemoryObjectStore } from '@bronze/emulators/memory-object-store';
import { expect, test } from 'vitest';
import { capturing } from '../terminal/fake-terminal.fixtures.ts';
import { waitForLoads } from './wait-for-loads.ts';

test('what is waited for is said every five minutes, with where to look', async () => {
  const objects = new MemoryObjectStore();
  let slept_ms = 0;
  const sleep = async (ms: number) => {
    slept_ms += ms;
    if (slept_ms > 11 * 60 * 1000) throw new Error('somebody interrupts it');
  };
  const clock = { now: () => timestamp('2024-01-15'), sleep };
  const ports = { objects, checkpoints: new CheckpointFile(objects), clock, given: { stack: 'Shop' } };
  const asked = [{ entity: 'orders', load_id: '00000000-0000-8000-8000-000000000001' }];
  const { stderr } = await capturing(undefined, async () => {
    const wait = await waitForLoads(ports, new Map(), asked);
    await expect(wait()).rejects.toThrow('somebody interrupts it');
  });
  const line = /^Still waiting for orders\. .+: npx --no -- bronze dlq list --stack Shop$/;
  expect(stderr.trim().split('\n')).toEqual([expect.stringMatching(line), expect.stringMatching(line)]);
});
