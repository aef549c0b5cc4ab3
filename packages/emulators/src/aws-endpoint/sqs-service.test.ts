import { randomUUID } from 'node:crypto';
import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  ChangeMessageVisibilityCommand,
  CreateQueueCommand,
  DeleteMessageCommand,
  DeleteQueueCommand,
  GetQueueAttributesCommand,
  GetQueueUrlCommand,
  ListQueuesCommand,
  PurgeQueueCommand,
  ReceiveMessageCommand,
  SendMessageBatchCommand,
  SendMessageCommand,
  SQSClient,
} from '@aws-sdk/client-sqs';
import { describe, expect, onTestFinished, test } from 'vitest';
import { QueueDatabase } from '@bronze/common/adapters/local/local-queue';
import { AwsEndpoint } from './aws-endpoint.ts';

async function open(path = ':memory:') {
  const clock = { ms: 1_700_000_000_000 };
  const queues = new QueueDatabase({ path, now_ms: () => clock.ms, newId: randomUUID });
  const endpoint = await AwsEndpoint.start({ queues });
  onTestFinished(() => endpoint.close());
  const client = new SQSClient({ ...endpoint.client_config, maxAttempts: 1 });
  const create = async (QueueName: string, Attributes: Record<string, string> = {}) =>
    (await client.send(new CreateQueueCommand({ QueueName, Attributes }))).QueueUrl ?? '';
  const QueueUrl = await create('extract', { VisibilityTimeout: '30' });
  const send = (MessageBody: string) => client.send(new SendMessageCommand({ QueueUrl, MessageBody }));
  const receive = async (url = QueueUrl) => {
    const command = new ReceiveMessageCommand({ QueueUrl: url, MessageSystemAttributeNames: ['All'] });
    return (await client.send(command)).Messages?.[0];
  };
  return { clock, endpoint, client, create, QueueUrl, send, receive };
}

test('a message is hidden for its visibility timeout, then delivered again with another handle', async () => {
  const { clock, send, receive } = await open();
  const { MessageId } = await send('hello');
  const first = await receive();
  expect(first).toMatchObject({
    MessageId,
    Body: 'hello',
    Attributes: { ApproximateReceiveCount: '1', SentTimestamp: '1700000000000' },
  });
  expect(await receive()).toBeUndefined();
  clock.ms += 30_000;
  const second = await receive();
  expect(second).toMatchObject({ MessageId, Attributes: { ApproximateReceiveCount: '2' } });
  expect(second?.ReceiptHandle).not.toBe(first?.ReceiptHandle);
});

test('only the handle of the latest delivery deletes a message', async () => {
  const { clock, client, QueueUrl, send, receive } = await open();
  await send('hello');
  const first = await receive();
  clock.ms += 30_000;
  const second = await receive();
  await client.send(new DeleteMessageCommand({ QueueUrl, ReceiptHandle: first?.ReceiptHandle }));
  clock.ms += 30_000;
  const third = await receive();
  expect(third?.MessageId).toBe(second?.MessageId);
  await client.send(new DeleteMessageCommand({ QueueUrl, ReceiptHandle: third?.ReceiptHandle }));
  clock.ms += 30_000;
  expect(await receive()).toBeUndefined();
});

test('a message’s visibility can be changed while it is in flight, and not afterwards', async () => {
  const { client, QueueUrl, send, receive } = await open();
  await send('hello');
  const held = await receive();
  const release = { QueueUrl, ReceiptHandle: held?.ReceiptHandle, VisibilityTimeout: 0 };
  await client.send(new ChangeMessageVisibilityCommand(release));
  await expect(client.send(new ChangeMessageVisibilityCommand(release))).rejects.toMatchObject({
    name: 'MessageNotInflight',
  });
  expect(await receive()).toBeDefined();
});

test('a message received maxReceiveCount times moves to the dead-letter queue with its id and sent time', async () => {
  const { clock, client, create, send, receive } = await open();
  const dead = await create('dead');
  const RedrivePolicy = JSON.stringify({ deadLetterTargetArn: 'arn:aws:sqs:us-east-1:0:dead', maxReceiveCount: 2 });
  const url = await create('strict', { RedrivePolicy });
  await send('another queue’s');
  const { MessageId } = await client.send(new SendMessageCommand({ QueueUrl: url, MessageBody: 'bad' }));
  for (let delivery = 1; delivery <= 2; delivery += 1) {
    expect((await receive(url))?.Attributes?.ApproximateReceiveCount).toBe(String(delivery));
    clock.ms += 30_000;
  }
  expect(await receive(url)).toBeUndefined();
  expect(await receive(dead)).toMatchObject({ MessageId, Attributes: { SentTimestamp: '1700000000000' } });
});

test('a long poll waits for a message, and hides none for a caller that has disconnected', async () => {
  const { client, QueueUrl, send, receive } = await open();
  const waiting = client.send(new ReceiveMessageCommand({ QueueUrl, WaitTimeSeconds: 5 }));
  await send('one');
  expect((await waiting).Messages).toHaveLength(1);
  const gone = new AbortController();
  const dropped = client.send(new ReceiveMessageCommand({ QueueUrl, WaitTimeSeconds: 5 }), {
    abortSignal: gone.signal,
  });
  setTimeout(() => gone.abort(), 50);
  await expect(dropped).rejects.toMatchObject({ name: 'AbortError' });
  await new Promise((resolve) => setTimeout(resolve, 50));
  await send('two');
  expect((await receive())?.Body).toBe('two');
});

describe('a batch', () => {
  const entries = (...bodies: string[]) => bodies.map((MessageBody, index) => ({ Id: String(index), MessageBody }));

  test('a batch is accepted in part, and the answer says which entries failed', async () => {
    const { client, QueueUrl } = await open();
    const Entries = [...entries('a', 'b\u0000'), { Id: 'late', MessageBody: 'c', DelaySeconds: 901 }];
    expect(await client.send(new SendMessageBatchCommand({ QueueUrl, Entries }))).toMatchObject({
      Successful: [{ Id: '0' }],
      Failed: [
        { Id: '1', Code: 'InvalidMessageContents', SenderFault: true },
        { Id: 'late', Code: 'InvalidParameterValue', SenderFault: true },
      ],
    });
  });

  test.each([
    ['TooManyEntriesInBatchRequest', entries(...Array.from({ length: 11 }, () => 'x'))],
    ['BatchRequestTooLong', entries('x'.repeat(600 * 1024), 'x'.repeat(600 * 1024))],
    ['BatchEntryIdsNotDistinct', [...entries('a'), ...entries('b')]],
    ['EmptyBatchRequest', []],
  ])('a batch is refused as a whole: %s', async (name, Entries) => {
    const { client, QueueUrl } = await open();
    await expect(client.send(new SendMessageBatchCommand({ QueueUrl, Entries }))).rejects.toMatchObject({ name });
  });
});

test('queues can be found, listed, purged and deleted, and sending to a deleted queue is an error', async () => {
  const { client, create, QueueUrl, send, receive } = await open();
  await create('write');
  expect((await client.send(new GetQueueUrlCommand({ QueueName: 'extract' }))).QueueUrl).toBe(QueueUrl);
  expect((await client.send(new ListQueuesCommand({}))).QueueUrls).toHaveLength(2);
  await send('x');
  await client.send(new PurgeQueueCommand({ QueueUrl }));
  expect(await receive()).toBeUndefined();
  await client.send(new DeleteQueueCommand({ QueueUrl }));
  await expect(send('x')).rejects.toMatchObject({ name: 'QueueDoesNotExist' });
});

test('queues and messages in a file can be used by a second endpoint', async () => {
  const path = join(await mkdtemp(join(tmpdir(), 'bronze-endpoint-')), 'queues.sqlite');
  const before = await open(path);
  await before.send('kept');
  const after = await open(path);
  const QueueUrl = after.QueueUrl;
  const { Attributes } = await after.client.send(
    new GetQueueAttributesCommand({ QueueUrl, AttributeNames: ['VisibilityTimeout', 'ApproximateNumberOfMessages'] }),
  );
  expect(Attributes).toEqual({ VisibilityTimeout: '30', ApproximateNumberOfMessages: '1' });
});
