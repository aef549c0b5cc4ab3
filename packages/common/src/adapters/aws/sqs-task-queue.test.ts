import { SQSClient } from '@aws-sdk/client-sqs';
import { firstCalls } from '@bronze/emulators/aws-endpoint/faults';
import { describe, expect, test } from 'vitest';
import { toBatches } from './sqs-batches.ts';
import { openQueues } from './sqs.fixtures.ts';
import { SqsTaskQueue } from './sqs-task-queue.ts';

async function open() {
  const queues = await openQueues();
  const queue = new SqsTaskQueue<{ entity: string; n: number }>(queues.client, { queue_url: queues.url });
  return { ...queues, queue };
}
const messages = (count: number) => Array.from({ length: count }, (_, n) => ({ entity: 'orders', n }));

async function allOf(receive: (url: string) => Promise<{ Body?: string | undefined }[]>, url: string) {
  const bodies: string[] = [];
  for (;;) {
    const some = await receive(url);
    if (some.length === 0) return bodies.toSorted();
    bodies.push(...some.map(({ Body }) => Body ?? ''));
  }
}
const bodiesOf = (sent: readonly object[]) => sent.map((message) => JSON.stringify(message)).toSorted();

test('the queue sends any number of messages, each in the group of its entity', async () => {
  const { queue, url, receive } = await open();
  await queue.send([]);
  await queue.send(messages(1));
  expect(await receive(url)).toMatchObject([
    { Body: '{"entity":"orders","n":0}', Attributes: { MessageGroupId: 'orders', ApproximateReceiveCount: '1' } },
  ]);
  await queue.send(messages(23));
  expect(await allOf(receive, url)).toEqual(bodiesOf(messages(23)));
});

test('delayed messages are hidden at first', async () => {
  const { client, url, counts } = await open();
  await new SqsTaskQueue(client, { queue_url: url, delay_seconds: 60 }).send(messages(2));
  expect(await counts(url)).toEqual([0, 0, 2]);
});

describe('batches', () => {
  test('hold ten messages and a mebibyte at most', () => {
    const sizes = (bodies: readonly string[]) =>
      toBatches(bodies.map((body) => ({ body, group_id: 'orders' }))).map((batch) => batch.length);
    expect(sizes([])).toEqual([]);
    expect(sizes(Array.from({ length: 21 }, () => 'x'))).toEqual([10, 10, 1]);
    const half = 'x'.repeat(512 * 1024);
    expect(sizes([half, half, 'x', half, half])).toEqual([2, 2, 1]);
    expect(sizes(['x', 'ü'.repeat(600 * 1024), 'x'])).toEqual([1, 1, 1]);
  });

  test('are sent again only with the messages that failed with status 200', async () => {
    const { endpoint, queue, url, receive } = await open();
    endpoint.faults = firstCalls(7, 'SendMessageBatchEntry', 'failed');
    await queue.send(messages(12));
    expect(await allOf(receive, url)).toEqual(bodiesOf(messages(12)));
  });

  test('that keep failing are an error, so that no message is silently dropped', async () => {
    const { endpoint, queue } = await open();
    endpoint.faults = (call) => (call.action === 'SendMessageBatchEntry' ? 'failed' : undefined);
    await expect(queue.send(messages(3))).rejects.toMatchObject({
      code: 'QUEUE_UNREACHABLE',
      message: 'queue extract did not take 3 messages in 6 attempts (InternalError)',
    });
  });

  test('with a message that SQS calls the sender’s fault are not sent again', async () => {
    const { endpoint, queue, url, counts } = await open();
    endpoint.faults = firstCalls(1, 'SendMessageBatchEntry', 'rejected');
    await expect(queue.send(messages(2))).rejects.toMatchObject({ code: 'QUEUE_REJECTED', kind: 'permanent' });
    expect(await counts(url)).toEqual([1, 0, 0]);
  });

  test('whose answer is lost may be delivered twice, and lose no message', async () => {
    const { endpoint, queue, url, receive } = await open();
    endpoint.faults = firstCalls(1, 'SendMessageBatch', 'drop');
    await queue.send(messages(2));
    expect(await allOf(receive, url)).toEqual(bodiesOf([...messages(2), ...messages(2)]));
  });
});

describe('a failure to send', () => {
  test('is QUEUE_DENIED without the grant, and never shows the account', async () => {
    const { endpoint, queue } = await open();
    endpoint.faults = firstCalls(1, 'SendMessageBatch', 'denied');
    const failure = await queue.send(messages(1)).catch((thrown: unknown) => thrown);
    expect(failure).toMatchObject({ code: 'QUEUE_DENIED', kind: 'permanent' });
    expect(String(failure)).not.toContain('000000000000');
  });

  test('is QUEUE_MISSING if the queue does not exist', async () => {
    const { client, url } = await open();
    const queue = new SqsTaskQueue(client, { queue_url: `${url}-2` });
    await expect(queue.send(messages(1))).rejects.toMatchObject({ code: 'QUEUE_MISSING', kind: 'configuration' });
  });

  test('is QUEUE_UNREACHABLE if nobody answers', async () => {
    const { endpoint } = await open();
    const client = new SQSClient({ ...endpoint.client_config, endpoint: 'http://127.0.0.1:9', maxAttempts: 1 });
    const queue = new SqsTaskQueue(client, { queue_url: 'http://127.0.0.1:9/000000000000/extract' });
    await expect(queue.send(messages(1))).rejects.toMatchObject({ code: 'QUEUE_UNREACHABLE', kind: 'transient' });
  });
});
