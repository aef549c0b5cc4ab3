import { MemoryObjectStore } from '@bronze/emulators/memory-object-store';
import type { Context, SQSEvent, SQSRecord } from 'aws-lambda';
import { expect, test } from 'vitest';
import { timestamp } from '../../words/timestamp.ts';
import type { AwsPorts } from './aws-ports.ts';
import { queueHandler } from './queue-handler.ts';
import { SqsDeadLetters } from './sqs-dead-letters.ts';
import { openQueues } from './sqs.fixtures.ts';

const NOW = timestamp('2024-01-15T16:00:00Z');

/** Delivers a message that was first delivered so many hours ago. */
async function deliver(hours: number, receive_count: number) {
  const { client, url, dead_url } = await openQueues();
  const objects = new MemoryObjectStore();
  const aws = {
    objects,
    sqs: client,
    clock: { now: () => NOW, sleep: () => Promise.resolve() },
    within: (_: unknown, work: () => unknown) => work(),
    verifyConditionalWrites: () => Promise.resolve(),
  } as unknown as AwsPorts;
  let handled = 0;
  const handle = () => Promise.resolve(void (handled += 1));
  const open = () => ({ aws, queue_url: url, dead_letter_queue_url: dead_url, handle });
  const record = {
    messageId: 'm',
    receiptHandle: 'r',
    body: '{"entity":"orders"}',
    attributes: {
      ApproximateReceiveCount: String(receive_count),
      ApproximateFirstReceiveTimestamp: String(Date.parse(NOW) - hours * 3_600_000),
    },
  } as SQSRecord;
  const context = { getRemainingTimeInMillis: () => 900_000, awsRequestId: 'x' } as Context;
  const handler: (event: SQSEvent, context: Context) => Promise<unknown> = queueHandler('extractor', open);
  const answer = await handler({ Records: [record] }, context);
  const queues = { dead_letter_queue_url: dead_url, source_queue_url: url };
  const [letter] = await new SqsDeadLetters(client, queues).list();
  const stored = letter?.record_key === undefined ? undefined : await objects.get(letter.record_key);
  const failure = stored && (JSON.parse(Buffer.from(stored.body).toString()) as object);
  return { handled, answer, letter, failure };
}

test('a message that no delivery has ended in thirteen hours is dead, and its record claims no cause', async () => {
  const { handled, answer, letter, failure } = await deliver(14, 9);
  expect([handled, answer]).toEqual([0, { batchItemFailures: [] }]);
  expect(letter).toMatchObject({ body: '{"entity":"orders"}', code: 'DELIVERIES_UNREPORTED' });
  expect(failure).toMatchObject({
    reason: 'the message was delivered 9 times in more than 13 hours, and no delivery ended it',
    hint: expect.stringMatching(/killed.+failed before it could begin.+message_failed/) as string,
  });
});

test.each([
  [12, 9],
  [14, 5],
])('a message is tried %i hours after its first delivery, at its delivery %i', async (hours, receive_count) => {
  expect(await deliver(hours, receive_count)).toMatchObject({ handled: 1, letter: undefined });
});
