import { randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import {
  ChangeMessageVisibilityCommand,
  DeleteMessageCommand,
  GetQueueAttributesCommand,
  type Message,
  ReceiveMessageCommand,
  type SQSClient,
} from '@aws-sdk/client-sqs';
import type { Context, SQSBatchResponse, SQSEvent, SQSRecord } from 'aws-lambda';

export type SqsHandler = (event: SQSEvent, context: Context) => Promise<SQSBatchResponse | void>;

export interface AwsEventSourceOptions {
  readonly client: SQSClient;
  readonly queue_url: string;
  readonly function_name: string;
  readonly function_timeout_ms: number;
  readonly handler: SqsHandler;
  /** Maximum number of concurrent invocations. */
  readonly concurrency: number;
  readonly batch_size: number;
  /** When a failed message becomes visible again. Lambda waits for the visibility timeout, too long for tests. */
  readonly retry_delay_seconds: number;
}

/**
 * Lambda's event source mapping for SQS: polls, invokes, deletes what succeeded. Like Lambda, it never extends a
 * message's visibility while the function runs, so it refuses a queue on which messages would reappear meanwhile.
 */
export class AwsEventSource {
  readonly #options: AwsEventSourceOptions;
  readonly #queue_arn: string;
  readonly #running = new Set<Promise<void>>();

  private constructor(options: AwsEventSourceOptions, queue_arn: string) {
    this.#options = options;
    this.#queue_arn = queue_arn;
  }

  /** @throws RangeError, as Lambda does, if the queue's visibility timeout is shorter than the function's timeout */
  static async open(options: AwsEventSourceOptions): Promise<AwsEventSource> {
    const attributes = await attributesOf(options);
    const visibility_seconds = Number(attributes['VisibilityTimeout']);
    if (visibility_seconds * 1000 < options.function_timeout_ms) {
      throw new RangeError(
        `queue visibility timeout: ${visibility_seconds} seconds is less than function timeout: ${options.function_timeout_ms / 1000} seconds`,
      );
    }
    return new AwsEventSource(options, attributes['QueueArn'] ?? '');
  }

  /** Polls until `signal` aborts, then waits for running invocations. */
  async run(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      if (this.#running.size >= this.#options.concurrency) await Promise.race(this.#running);
      // A poll that fails counts as one that received nothing.
      else if (!(await this.#poll().catch(() => false)))
        await delay(POLL_INTERVAL_MS, undefined, { signal }).catch(() => undefined);
    }
    await Promise.all(this.#running);
  }

  /** Whether no invocation is running and the queue holds no message: visible, hidden or delayed. */
  async isDrained(): Promise<boolean> {
    if (this.#running.size > 0) return false;
    const attributes = await attributesOf(this.#options);
    return COUNTS.every((count) => Number(attributes[count]) === 0);
  }

  async #poll(): Promise<boolean> {
    const { client, queue_url, batch_size } = this.#options;
    const { Messages = [] } = await client.send(
      new ReceiveMessageCommand({
        QueueUrl: queue_url,
        MaxNumberOfMessages: Math.min(10, batch_size),
        MessageSystemAttributeNames: ['All'],
      }),
    );
    if (Messages.length === 0) return false;
    const running = this.#deliver(Messages.map((message) => this.#record(message))).finally(() =>
      this.#running.delete(running),
    );
    this.#running.add(running);
    return true;
  }

  async #deliver(records: SQSRecord[]): Promise<void> {
    const failed = await this.#invoke(records);
    const { client, queue_url, retry_delay_seconds } = this.#options;
    for (const { messageId, receiptHandle } of records) {
      const held = { QueueUrl: queue_url, ReceiptHandle: receiptHandle };
      const command = failed.has(messageId)
        ? client.send(new ChangeMessageVisibilityCommand({ ...held, VisibilityTimeout: retry_delay_seconds }))
        : client.send(new DeleteMessageCommand(held));
      // A message that can't be deleted or made visible is delivered again later: delivery is at least once.
      await command.catch(() => undefined);
    }
  }

  /** @returns ids of failed messages: all if the function threw, timed out or named a message outside the batch */
  async #invoke(records: SQSRecord[]): Promise<ReadonlySet<string>> {
    const { handler, function_timeout_ms } = this.#options;
    const all = new Set(records.map(({ messageId }) => messageId));
    const over = new AbortController();
    try {
      const timeOut = delay(function_timeout_ms, undefined, { signal: over.signal }).then(() => {
        throw new Error(`Task timed out after ${function_timeout_ms / 1000} seconds`);
      });
      const response = await Promise.race([handler({ Records: records }, this.#context()), timeOut]);
      const failed = (response?.batchItemFailures ?? []).map(({ itemIdentifier }) => itemIdentifier);
      return failed.every((id) => all.has(id)) ? new Set(failed) : all;
    } catch {
      return all;
    } finally {
      over.abort();
    }
  }

  #record({ MessageId, ReceiptHandle, Body, MD5OfBody, Attributes }: Message): SQSRecord {
    return {
      messageId: MessageId ?? '',
      receiptHandle: ReceiptHandle ?? '',
      body: Body ?? '',
      attributes: {
        ApproximateReceiveCount: '1',
        SentTimestamp: '0',
        SenderId: '',
        ApproximateFirstReceiveTimestamp: '0',
        ...Attributes,
      },
      messageAttributes: {},
      md5OfBody: MD5OfBody ?? '',
      eventSource: 'aws:sqs',
      eventSourceARN: this.#queue_arn,
      awsRegion: this.#queue_arn.split(':')[3] ?? '',
    };
  }

  #context(): Context {
    const { function_name, function_timeout_ms } = this.#options;
    const ends_at_ms = Date.now() + function_timeout_ms;
    return {
      callbackWaitsForEmptyEventLoop: false,
      functionName: function_name,
      functionVersion: '$LATEST',
      invokedFunctionArn: this.#queue_arn.replace(':sqs:', ':lambda:').replace(/[^:]*$/, `function:${function_name}`),
      memoryLimitInMB: '1024',
      awsRequestId: randomUUID(),
      logGroupName: `/aws/lambda/${function_name}`,
      logStreamName: 'local',
      getRemainingTimeInMillis: () => Math.max(0, ends_at_ms - Date.now()),
      done: () => undefined,
      fail: () => undefined,
      succeed: () => undefined,
    };
  }
}

const POLL_INTERVAL_MS = 20;

const COUNTS = [
  'ApproximateNumberOfMessages',
  'ApproximateNumberOfMessagesNotVisible',
  'ApproximateNumberOfMessagesDelayed',
];

async function attributesOf({ client, queue_url }: AwsEventSourceOptions): Promise<Record<string, string>> {
  const command = new GetQueueAttributesCommand({ QueueUrl: queue_url, AttributeNames: ['All'] });
  return (await client.send(command)).Attributes ?? {};
}

/**
 * Runs event sources together until every queue is empty, because one's function may send to another's queue.
 * @throws Error if messages are left after `time_limit_ms`
 */
export async function drainAll(sources: readonly AwsEventSource[], time_limit_ms: number): Promise<void> {
  const polling = new AbortController();
  const running = Promise.all(sources.map((source) => source.run(polling.signal)));
  const ends_at_ms = Date.now() + time_limit_ms;
  try {
    for (;;) {
      const first = await Promise.all(sources.map((source) => source.isDrained()));
      // Checked twice: while the first check asked queue by queue, a message may have moved between them.
      const second = first.every(Boolean) ? await Promise.all(sources.map((source) => source.isDrained())) : first;
      if (second.every(Boolean)) return;
      if (Date.now() > ends_at_ms) throw new Error(`the queues are not empty after ${time_limit_ms} ms`);
      await delay(POLL_INTERVAL_MS);
    }
  } finally {
    polling.abort();
    await running;
  }
}
