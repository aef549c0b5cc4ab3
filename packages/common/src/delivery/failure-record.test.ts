import { MemoryObjectStore } from '@bronze/emulators/memory-object-store';
import { expect, test } from 'vitest';
import { timestamp } from '../words/timestamp.ts';
import { BronzeError } from '../words/failure.ts';
import { deliverMessage } from './deliver-message.ts';
import { failureOf, failureRecords, recordOf } from './failure-record.ts';

const BODY = '{"entity":"orders"}';

/** A store with the failure record of a message of each time, as a function writes it. */
async function storeOf(...failed: readonly { message_id: string; at: string; reason: string }[]) {
  const objects = new MemoryObjectStore();
  for (const { message_id, at, reason } of failed) {
    const clock = { now: () => timestamp(at), sleep: async () => undefined };
    const ports = { objects, clock, log: { event: () => undefined }, sendToDeadLetterQueue: async () => undefined };
    await deliverMessage(ports, { message_id, body: BODY, receive_count: 1 }, async () => {
      throw new BronzeError('TABLE_MISSING', { message: reason, hint: 'what to do' });
    });
  }
  return objects;
}

const SINCE = { since: timestamp('2024-01-14T23:00:00Z'), until: timestamp('2024-01-16T01:00:00Z') };

test('failure records are read by their day, the newest first, without those that can’t be read', async () => {
  const objects = await storeOf(
    { message_id: 'm-0', at: '2024-01-13T10:00:00Z', reason: 'too early' },
    { message_id: 'm-1', at: '2024-01-14T10:00:00Z', reason: 'first' },
    { message_id: 'm-2', at: '2024-01-16T00:30:00Z', reason: 'second' },
  );
  const folder = 'logs/pipeline/ingestion/failures/date=2024-01-15/';
  await objects.putIfAbsent(`${folder}a.json`, Buffer.from('no JSON'));
  await objects.putIfAbsent(`${folder}b.json`, Buffer.from('{"version":2}'));
  const records = await failureRecords(objects, SINCE);
  expect(records.map(({ reason }) => reason)).toEqual(['second', 'first']);
  expect(records.map(failureOf)[0]).toEqual({
    code: 'TABLE_MISSING',
    kind: 'permanent',
    message: 'second',
    hint: 'what to do',
  });
});

test('a dead letter has the record with its id, else the last one with its body from before it was sent', async () => {
  const objects = await storeOf(
    { message_id: 'm-1', at: '2024-01-15T10:00:00Z', reason: 'first' },
    { message_id: 'm-2', at: '2024-01-15T12:00:00Z', reason: 'second' },
  );
  const records = await failureRecords(objects, SINCE);
  const reasonOf = (message_id: string, sent_at: string, body = BODY) =>
    recordOf({ message_id, body, sent_at }, records)?.reason;
  expect(reasonOf('m-1', '2024-01-15T13:00:00.000Z')).toBe('first');
  expect(reasonOf('copy', '2024-01-15T10:00:01.000Z')).toBe('first');
  expect(reasonOf('copy', '2024-01-15T12:00:01.000Z')).toBe('second');
  expect(reasonOf('copy', '2024-01-15T08:00:00.000Z')).toBeUndefined();
  expect(reasonOf('copy', '2024-01-15T13:00:00.000Z', '{"entity":"customers"}')).toBeUndefined();
});
