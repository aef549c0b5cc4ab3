import { firstCalls } from '@bronze/emulators/aws-endpoint/faults';
import { expect, test } from 'vitest';
import { bury, SqsDeadLetters } from './sqs-dead-letters.ts';
import { openQueues } from './sqs.fixtures.ts';
import { SqsTaskQueue } from './sqs-task-queue.ts';

/** A dead-letter queue with `count` messages, of orders and customers in turn. */
async function open(count: number) {
  const queues = await openQueues();
  const all = Array.from({ length: count }, (_, n) => ({ entity: n % 2 === 0 ? 'orders' : 'customers', n }));
  await new SqsTaskQueue(queues.client, { queue_url: queues.dead_url }).send(all);
  const dead = new SqsDeadLetters(queues.client, {
    dead_letter_queue_url: queues.dead_url,
    source_queue_url: queues.url,
  });
  return { ...queues, dead };
}

test('listing removes nothing and leaves every message visible', async () => {
  const { dead, dead_url, counts } = await open(23);
  const letters = await dead.list();
  expect(new Set(letters.map(({ message_id }) => message_id)).size).toBe(23);
  expect(letters.find(({ body }) => body.endsWith('"n":1}'))).toMatchObject({ entity: 'customers', receive_count: 1 });
  expect(letters[0]?.sent_at).toMatch(/^20\d\d-/);
  expect(await counts(dead_url)).toEqual([23, 0, 0]);
});

test('replaying one entity leaves the messages of the others', async () => {
  const { dead, url, dead_url, counts, receive } = await open(4);
  expect(await dead.replay(({ entity }) => entity === 'orders')).toHaveLength(2);
  expect(await counts(url)).toEqual([2, 0, 0]);
  expect(await counts(dead_url)).toEqual([2, 0, 0]);
  const replayed = await receive(url);
  expect(replayed.map(({ Attributes }) => Attributes?.MessageGroupId)).toEqual(['orders', 'orders']);
});

test('replaying everything includes messages that name no entity', async () => {
  const { client, dead, url, dead_url, counts } = await open(11);
  await new SqsTaskQueue(client, { queue_url: dead_url }).send([{ entity: 'Not An Entity' }]);
  expect(await dead.replay(() => true)).toHaveLength(12);
  expect([await counts(url), await counts(dead_url)]).toEqual([
    [12, 0, 0],
    [0, 0, 0],
  ]);
});

test('messages that are sent but can’t be deleted are visible in both queues', async () => {
  const { endpoint, dead, url, dead_url, counts } = await open(3);
  endpoint.faults = firstCalls(1, 'DeleteMessageBatch', 'denied');
  await expect(dead.replay(() => true)).rejects.toMatchObject({ code: 'QUEUE_DENIED' });
  expect([await counts(url), await counts(dead_url)]).toEqual([
    [3, 0, 0],
    [3, 0, 0],
  ]);
});

test('messages that can’t be sent remain in the dead-letter queue', async () => {
  const { endpoint, dead, dead_url, counts } = await open(3);
  endpoint.faults = firstCalls(1, 'SendMessageBatch', 'denied');
  await expect(dead.replay(() => true)).rejects.toMatchObject({ code: 'QUEUE_DENIED' });
  expect(await counts(dead_url)).toEqual([3, 0, 0]);
});

test('dropping deletes what is chosen and sends nothing', async () => {
  const { dead, url, dead_url, counts } = await open(12);
  const dropped = await dead.drop(({ entity }) => entity === 'customers');
  expect(dropped.map(({ entity }) => entity)).toEqual(Array.from({ length: 6 }, () => 'customers'));
  expect([await counts(url), await counts(dead_url)]).toEqual([
    [0, 0, 0],
    [6, 0, 0],
  ]);
});

test('a message that SQS does not delete at once is deleted again, and reported if that does not help', async () => {
  const { endpoint, dead, dead_url, counts } = await open(3);
  endpoint.faults = firstCalls(1, 'DeleteMessageBatchEntry', 'failed');
  expect(await dead.drop(({ body }) => body.endsWith('"n":1}'))).toHaveLength(1);
  expect(await counts(dead_url)).toEqual([2, 0, 0]);
  endpoint.faults = firstCalls(100, 'DeleteMessageBatchEntry', 'failed');
  const failure = {
    code: 'QUEUE_UNREACHABLE',
    message: expect.stringContaining('did not delete 2 messages') as string,
  };
  await expect(dead.replay(() => true)).rejects.toMatchObject(failure);
  expect(await counts(dead_url)).toEqual([2, 0, 0]);
});

test('a copy that a function buries says with which code, and where its failure record is', async () => {
  const { client, dead, dead_url } = await open(1);
  const record_key = 'logs/pipeline/ingestion/failures/date=2024-01-15/m-1.json';
  await bury(client, dead_url, { body: '{"entity":"stock"}', code: 'TABLE_MISSING', record_key });
  await bury(client, dead_url, { body: 'x'.repeat(1024 * 1024), code: 'MESSAGE_INVALID', record_key });
  const letters = await dead.list();
  expect(letters.map(({ entity, code, record_key: key }) => [entity, code, key])).toEqual(
    expect.arrayContaining([
      ['stock', 'TABLE_MISSING', record_key],
      ['(unknown)', undefined, undefined],
      ['orders', undefined, undefined],
    ]),
  );
});
