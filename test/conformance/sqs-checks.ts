import { randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import {
  CreateQueueCommand,
  DeleteMessageCommand,
  DeleteQueueCommand,
  GetQueueAttributesCommand,
  type Message,
  ReceiveMessageCommand,
  SendMessageBatchCommand,
  type SQSClient,
} from '@aws-sdk/client-sqs';
import { SqsDeadLetters } from '@bronze/common/adapters/aws/sqs-dead-letters';
import { SqsTaskQueue } from '@bronze/common/adapters/aws/sqs-task-queue';
import { type Check, holds } from './checks.ts';

/** How long to wait for a message: real queues are slow to deliver what was sent. */
const PATIENCE_MS = 20_000;
const VISIBILITY_SECONDS = 2;
const RECEIVE_COUNT_MAX = 2;

/** What Bronze requires of SQS. The checks create queues of their own, and the last one deletes them. */
export function sqsChecks(client: SQSClient): Check[] {
  const queues = new TestQueues(client);
  return [
    { name: 'queues with a redrive policy can be created', run: () => queues.open() },
    { name: '25 messages arrive, each with its group and sent time', run: () => arrives(queues) },
    { name: 'a batch is refused in part, and answered with status 200', run: () => refusesInPart(queues) },
    {
      name: 'a received message is hidden for its visibility timeout, then delivered again',
      run: () => hides(queues),
    },
    { name: 'a delayed message is delivered later', run: () => delays(queues) },
    {
      name: `a message received ${RECEIVE_COUNT_MAX} times moves to the dead-letter queue`,
      run: () => movesToDlq(queues),
    },
    { name: 'dead letters are listed and replayed', run: () => replays(queues) },
    { name: 'queues can be deleted', run: () => queues.delete() },
  ];
}

class TestQueues {
  readonly client: SQSClient;
  readonly #name = `bronze-conformance-${randomUUID()}`;
  source_url = '';
  dead_url = '';

  constructor(client: SQSClient) {
    this.client = client;
  }

  async open(): Promise<void> {
    this.dead_url = await this.#create(`${this.#name}-dlq`, {});
    const command = new GetQueueAttributesCommand({ QueueUrl: this.dead_url, AttributeNames: ['QueueArn'] });
    const deadLetterTargetArn = (await this.client.send(command)).Attributes?.QueueArn;
    const RedrivePolicy = JSON.stringify({ deadLetterTargetArn, maxReceiveCount: RECEIVE_COUNT_MAX });
    this.source_url = await this.#create(this.#name, { RedrivePolicy, VisibilityTimeout: String(VISIBILITY_SECONDS) });
  }

  async delete(): Promise<void> {
    for (const QueueUrl of [this.source_url, this.dead_url])
      await this.client.send(new DeleteQueueCommand({ QueueUrl }));
  }

  send(entity: string, count: number, delay_seconds?: number): Promise<void> {
    const options = { queue_url: this.source_url, ...(delay_seconds === undefined ? {} : { delay_seconds }) };
    const messages = Array.from({ length: count }, (_, n) => ({ entity, n }));
    return new SqsTaskQueue(this.client, options).send(messages);
  }

  async receive(wait_seconds = 1): Promise<Message[]> {
    const command = new ReceiveMessageCommand({
      QueueUrl: this.source_url,
      MaxNumberOfMessages: 10,
      WaitTimeSeconds: wait_seconds,
      MessageSystemAttributeNames: ['All'],
    });
    return (await this.client.send(command)).Messages ?? [];
  }

  /** Receives and deletes messages until `count` different ones have come, or `PATIENCE_MS` is over. */
  async take(count: number): Promise<Message[]> {
    const taken = new Map<string, Message>();
    const ends_at_ms = Date.now() + PATIENCE_MS;
    while (taken.size < count && Date.now() < ends_at_ms) {
      for (const message of await this.receive()) {
        taken.set(message.MessageId ?? '', message);
        await this.client.send(
          new DeleteMessageCommand({ QueueUrl: this.source_url, ReceiptHandle: message.ReceiptHandle }),
        );
      }
    }
    return [...taken.values()];
  }

  async #create(QueueName: string, Attributes: Record<string, string>): Promise<string> {
    return (await this.client.send(new CreateQueueCommand({ QueueName, Attributes }))).QueueUrl ?? '';
  }
}

async function arrives(queues: TestQueues): Promise<void> {
  await queues.send('orders', 25);
  const taken = await queues.take(25);
  holds('messages', new Set(taken.map(({ Body }) => Body)).size, 25);
  const attributes = new Set(
    taken.map(({ Attributes }) => `${Attributes?.MessageGroupId} ${Number(Attributes?.SentTimestamp) > 1.6e12}`),
  );
  holds('group and time', [...attributes], ['orders true']);
}

async function refusesInPart(queues: TestQueues): Promise<void> {
  const Entries = [
    { Id: 'good', MessageBody: 'good' },
    { Id: 'bad', MessageBody: 'bad', DelaySeconds: 901 },
  ];
  const command = new SendMessageBatchCommand({ QueueUrl: queues.source_url, Entries });
  const { Successful, Failed } = await queues.client.send(command);
  holds(
    'taken',
    Successful?.map(({ Id }) => Id),
    ['good'],
  );
  holds(
    'refused',
    Failed?.map(({ Id, SenderFault }) => [Id, SenderFault]),
    [['bad', true]],
  );
  await queues.take(1);
}

async function hides(queues: TestQueues): Promise<void> {
  await queues.send('orders', 1);
  const [first] = await queues.receive(5);
  holds('count of the first delivery', first?.Attributes?.ApproximateReceiveCount, '1');
  holds('delivered while hidden', (await queues.receive(0)).length, 0);
  await delay(VISIBILITY_SECONDS * 1000);
  const [second] = await queues.take(1);
  holds('id', second?.MessageId, first?.MessageId);
  holds('count of the second delivery', second?.Attributes?.ApproximateReceiveCount, '2');
}

async function delays(queues: TestQueues): Promise<void> {
  await queues.send('orders', 1, 2);
  holds('delivered at once', (await queues.receive(0)).length, 0);
  holds('delivered later', (await queues.take(1)).length, 1);
}

async function movesToDlq(queues: TestQueues): Promise<void> {
  await queues.send('customers', 1);
  const dead = deadLettersOf(queues);
  const ends_at_ms = Date.now() + PATIENCE_MS;
  let deliveries = 0;
  while (Date.now() < ends_at_ms) {
    deliveries += (await queues.receive(1)).length;
    if (deliveries < RECEIVE_COUNT_MAX) continue;
    await delay(VISIBILITY_SECONDS * 1000);
    deliveries += (await queues.receive(0)).length;
    if ((await dead.list()).some(isOfCustomers)) break;
  }
  holds('deliveries', deliveries, RECEIVE_COUNT_MAX);
  holds('dead letters', (await dead.list()).filter(isOfCustomers).length, 1);
}

async function replays(queues: TestQueues): Promise<void> {
  const dead = deadLettersOf(queues);
  holds('replayed', (await dead.replay(isOfCustomers)).length, 1);
  const [again] = await queues.take(1);
  holds('count after the replay', again?.Attributes?.ApproximateReceiveCount, '1');
  holds('dead letters left', (await dead.list()).length, 0);
}

function isOfCustomers({ entity }: { readonly entity: string }): boolean {
  return entity === 'customers';
}

function deadLettersOf({ client, source_url, dead_url }: TestQueues): SqsDeadLetters {
  return new SqsDeadLetters(client, { source_queue_url: source_url, dead_letter_queue_url: dead_url });
}
