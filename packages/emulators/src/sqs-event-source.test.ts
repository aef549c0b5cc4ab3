import { randomUUID } from 'node:crypto';
import {
  ChangeMessageVisibilityCommand,
  CreateQueueCommand,
  GetQueueAttributesCommand,
  SendMessageCommand,
  SQSClient,
} from '@aws-sdk/client-sqs';
import { LocalQueue, QueueDatabase } from '@bronze/common/adapters/local/local-queue';
import type { SQSEvent } from 'aws-lambda';
import { describe, expect, onTestFinished, test } from 'vitest';
import { AwsEndpoint } from './aws-endpoint/aws-endpoint.ts';
import { VirtualTime } from './virtual-time.ts';
import { AwsEventSource, type AwsEventSourceOptions, drainAll } from './sqs-event-source.ts';

async function open(options: Partial<AwsEventSourceOptions> & Pick<AwsEventSourceOptions, 'handler'>) {
  const time = new VirtualTime();
  const queues = new QueueDatabase({ path: ':memory:', now_ms: () => time.nowMs(), newId: randomUUID });
  const endpoint = await AwsEndpoint.start({ queues });
  onTestFinished(() => endpoint.close());
  const client = new SQSClient(endpoint.client_config);
  const create = async (QueueName: string, Attributes = {}) =>
    (await client.send(new CreateQueueCommand({ QueueName, Attributes }))).QueueUrl ?? '';
  const dead_url = await create('extract-dlq');
  const deadLetterTargetArn = 'arn:aws:sqs:us-east-1:000000000000:extract-dlq';
  const RedrivePolicy = JSON.stringify({ deadLetterTargetArn, maxReceiveCount: 2 });
  const queue_url = await create('extract', { RedrivePolicy, VisibilityTimeout: '6' });
  const opened = AwsEventSource.open({
    client,
    queue_url,
    function_name: 'extractor',
    function_timeout_ms: 1000,
    concurrency: 2,
    batch_size: 1,
    time,
    nextVisibleAtMs: () => new LocalQueue(queues, 'extract').nextVisibleAtMs(),
    ...options,
  });
  const send = (MessageBody: string) => client.send(new SendMessageCommand({ QueueUrl: queue_url, MessageBody }));
  const deadCount = async () => {
    const command = new GetQueueAttributesCommand({ QueueUrl: dead_url, AttributeNames: ['All'] });
    return Number((await client.send(command)).Attributes?.ApproximateNumberOfMessages);
  };
  return { opened, send, deadCount, time, client, queue_url };
}

test('the event source passes messages in Lambda’s event format and deletes those that succeed', async () => {
  const events: SQSEvent[] = [];
  const left: number[] = [];
  const { opened, send, deadCount } = await open({
    handler: async (event, context) => {
      events.push(event);
      left.push(context.getRemainingTimeInMillis());
    },
  });
  const { MessageId } = await send('{"entity":"orders"}');
  await drainAll([await opened], 60_000);
  expect(events).toMatchObject([
    {
      Records: [
        {
          messageId: MessageId,
          body: '{"entity":"orders"}',
          attributes: { ApproximateReceiveCount: '1', SentTimestamp: expect.stringMatching(/^\d{13}$/) as string },
          eventSource: 'aws:sqs',
          eventSourceARN: 'arn:aws:sqs:us-east-1:000000000000:extract',
          awsRegion: 'us-east-1',
        },
      ],
    },
  ]);
  expect(left[0]).toBeGreaterThan(500);
  expect(await deadCount()).toBe(0);
});

test('only messages that the batch response names come again, up to maxReceiveCount times', async () => {
  const delivered: string[] = [];
  const { opened, send, deadCount } = await open({
    batch_size: 10,
    handler: async ({ Records }) => {
      delivered.push(...Records.map(({ body }) => body));
      const failures = Records.filter(({ body }) => body === 'bad');
      return { batchItemFailures: failures.map(({ messageId }) => ({ itemIdentifier: messageId })) };
    },
  });
  for (const body of ['good', 'bad', 'fine']) await send(body);
  await drainAll([await opened], 60_000);
  expect(delivered.toSorted()).toEqual(['bad', 'bad', 'fine', 'good']);
  expect(await deadCount()).toBe(1);
});

describe('a failing function', () => {
  test.each([
    ['throws', async () => Promise.reject(new Error('no'))],
    ['names a message that is not in the batch', async () => ({ batchItemFailures: [{ itemIdentifier: 'other' }] })],
    ['takes too long', async (time: VirtualTime) => time.sleep(400)],
  ] as const)('the whole batch fails when the function %s', async (_, handle) => {
    const { opened, send, deadCount, time } = await open({ handler: () => handle(time), function_timeout_ms: 100 });
    await send('x');
    await drainAll([await opened], 60_000);
    expect(await deadCount()).toBe(1);
  });
});

test('a queue whose messages would reappear while the function still runs is refused', async () => {
  const { opened } = await open({ handler: async () => undefined, function_timeout_ms: 7000 });
  await expect(opened).rejects.toThrow('queue visibility timeout: 6 seconds is less than function timeout: 7 seconds');
});

test('a failed message comes again when its visibility timeout is over, or when the function has set another', async () => {
  const starts_ms: number[] = [];
  const { opened, send, deadCount, time, client, queue_url } = await open({
    handler: async ({ Records }) => {
      starts_ms.push(time.nowMs());
      const [first] = Records;
      if (starts_ms.length === 1) throw new Error('no');
      if (starts_ms.length === 2) {
        const held = { QueueUrl: queue_url, ReceiptHandle: first?.receiptHandle ?? '' };
        await client.send(new ChangeMessageVisibilityCommand({ ...held, VisibilityTimeout: 600 }));
      }
      return { batchItemFailures: [{ itemIdentifier: first?.messageId ?? '' }] };
    },
  });
  await send('x');
  const sent_ms = time.nowMs();
  await drainAll([await opened], 60_000);
  expect(starts_ms.map((at) => Math.floor((at - sent_ms) / 1000))).toEqual([0, 6]);
  expect(Math.floor((time.nowMs() - sent_ms) / 1000)).toBe(606);
  expect(await deadCount()).toBe(1);
});

test('a message says since when it has been delivered', async () => {
  const firsts: string[] = [];
  const { opened, send } = await open({
    handler: async ({ Records }) => {
      firsts.push(Records[0]?.attributes.ApproximateFirstReceiveTimestamp ?? '');
      throw new Error('no');
    },
  });
  await send('x');
  await drainAll([await opened], 60_000);
  expect(firsts).toHaveLength(2);
  expect(new Set(firsts).size).toBe(1);
});
