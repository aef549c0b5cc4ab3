import { randomUUID } from 'node:crypto';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { LocalQueue, QueueDatabase, type Received } from '@bronze/common/adapters/local/local-queue';
import { deliverMessage } from '@bronze/common/delivery/deliver-message';
import { failureRecords } from '@bronze/common/delivery/failure-record';
import { BronzeError, toFailure } from '@bronze/common/words/failure';
import { timestamp } from '@bronze/common/words/timestamp';
import { MemoryObjectStore } from '@bronze/emulators/memory-object-store';
import { expect, onTestFinished, test } from 'vitest';
import { replayDeadLetters } from './dead-letters.ts';
import { queuesFile } from './folder-state.ts';

const NOW = timestamp('2024-01-15T10:00:00Z');

function openQueue() {
  const out = mkdtempSync(join(tmpdir(), 'bronze-dead-'));
  const path = queuesFile(out);
  mkdirSync(dirname(path), { recursive: true });
  const database = new QueueDatabase({ path, now_ms: Date.now, newId: randomUUID });
  onTestFinished(() => {
    database.close();
    rmSync(out, { recursive: true });
  });
  return { out, queue: new LocalQueue<{ entity: string }>(database, 'extract') };
}

test('a replayed message that fails again on the same day leaves a record with its own reason', async () => {
  const { out, queue } = openQueue();
  const objects = new MemoryObjectStore();
  const fail = async (message: Received, reason: string) => {
    const failure = new BronzeError('TABLE_MISSING', { message: reason, hint: '' });
    const ports = {
      objects,
      clock: { now: () => NOW, sleep: () => Promise.resolve() },
      log: { event: () => undefined },
      retryInMs: () => undefined,
      giveBack: () => Promise.resolve(),
      sendToDeadLetterQueue: async () => queue.deadLetter(message.message_id, toFailure(failure)),
    };
    await deliverMessage(ports, message, () => Promise.reject(failure));
  };
  await queue.send([{ entity: 'orders' }, { entity: 'customers' }]);
  const before = queue.receive(10, 1000);
  for (const message of before) await fail(message, 'first');
  const ids = before.map(({ message_id }) => message_id);
  expect(replayDeadLetters(out, ids)).toEqual(ids);
  expect(replayDeadLetters(out, ids)).toEqual([]);
  const after = queue.receive(10, 1000);
  expect(after.map(({ body, receive_count }) => [body, receive_count])).toEqual(before.map(({ body }) => [body, 1]));
  for (const message of after) await fail(message, 'second');

  const records = await failureRecords(objects, { since: NOW, until: NOW });
  const reasonOf = new Map(records.map(({ message_id, reason }) => [message_id, reason]));
  const shown = queue.deadLetters().map(({ message_id, failure }) => [failure.message, reasonOf.get(message_id)]);
  expect(shown).toEqual([
    ['second', 'second'],
    ['second', 'second'],
  ]);
  expect(records.map(({ reason }) => reason).toSorted()).toEqual(['first', 'first', 'second', 'second']);
});
