import { randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import {
  DeleteMessageCommand,
  GetQueueAttributesCommand,
  type Message,
  ReceiveMessageCommand,
  type SQSClient,
} from '@aws-sdk/client-sqs';
import type { Context, SQSBatchResponse, SQSEvent, SQSRecord } from 'aws-lambda';
import { type EmulatedTime, REAL_TIME } from './virtual-time.ts';

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
  /** That of the queue. Default: real time. */
  readonly time?: EmulatedTime;
  /** When the queue's next message becomes visible: what Lambda's long polls tell it. Default: unknown, so that nothing waits for it. */
  readonly nextVisibleAtMs?: () => number | undefined;
}

/**
 * Lambda's event source mapping for SQS: polls, invokes, deletes what succeeded. Like Lambda, it leaves a failed message
 * to its visibility timeout, and never extends that while the function runs: it refuses a queue on which messages would
 * reappear meanwhile.
 */
export class AwsEventSource {
  readonly #options: AwsEventSourceOptions;
  readonly #queue_arn: string;
  readonly #running = new Set<Promise<void>>();
  readonly #time: EmulatedTime;

  private constructor(options: AwsEventSourceOptions, queue_arn: string) {
    this.#options = options;
    this.#time = options.time ?? REAL_TIME;
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
    await this.#time.working(() => this.#poll(signal));
    await Promise.all(this.#running);
  }

  async #poll(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      const isFree = this.#running.size < this.#options.concurrency;
      // A poll that fails counts as one that received nothing.
      if (!isFree) await this.#nap(signal, this.#running);
      else if (!(await this.#receive().catch(() => false))) await this.#nap(signal);
    }
  }

  /** The pause between two polls, in whichever time goes on, or until one of the others is over. */
  async #nap(signal: AbortSignal, others: Iterable<Promise<void>> = []): Promise<void> {
    const over = new AbortController();
    const either = AbortSignal.any([over.signal, signal]);
    const real = delay(POLL_INTERVAL_MS, undefined, { signal: either }).catch(() => undefined);
    await Promise.race([real, this.#time.sleepUntil(() => this.#visibleAtMs(), either), ...others]);
    over.abort();
  }

  #visibleAtMs(): number {
    const { nextVisibleAtMs, concurrency } = this.#options;
    return nextVisibleAtMs && this.#running.size < concurrency ? (nextVisibleAtMs() ?? Infinity) : Infinity;
  }

  /** Whether no invocation is running and the queue holds no message: visible, hidden or delayed. */
  async isDrained(): Promise<boolean> {
    if (this.#running.size > 0) return false;
    const attributes = await attributesOf(this.#options);
    return COUNTS.every((count) => Number(attributes[count]) === 0);
  }

  async #receive(): Promise<boolean> {
    const { client, queue_url, batch_size } = this.#options;
    const { Messages = [] } = await client.send(
      new ReceiveMessageCommand({
        QueueUrl: queue_url,
        MaxNumberOfMessages: Math.min(10, batch_size),
        MessageSystemAttributeNames: ['All'],
      }),
    );
    if (Messages.length === 0) return false;
    const records = Messages.map((message) => this.#record(message));
    const running = this.#time.working(() => this.#deliver(records)).finally(() => this.#running.delete(running));
    this.#running.add(running);
    return true;
  }

  async #deliver(records: SQSRecord[]): Promise<void> {
    const failed = await this.#invoke(records);
    const { client, queue_url } = this.#options;
    for (const { messageId, receiptHandle } of records) {
      if (failed.has(messageId)) continue;
      // A message that can't be deleted is delivered again later: delivery is at least once.
      const command = new DeleteMessageCommand({ QueueUrl: queue_url, ReceiptHandle: receiptHandle });
      await client.send(command).catch(() => undefined);
    }
  }

  /** @returns ids of failed messages: all if the function threw, timed out or named a message outside the batch */
  async #invoke(records: SQSRecord[]): Promise<ReadonlySet<string>> {
    const { handler, function_timeout_ms } = this.#options;
    const all = new Set(records.map(({ messageId }) => messageId));
    const over = new AbortController();
    try {
      const timedOut = this.#time.passing(function_timeout_ms, over.signal).then(() => 'timed out' as const);
      const response = await Promise.race([handler({ Records: records }, this.#context()), timedOut]);
      if (response === 'timed out') return all;
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
    const ends_at_ms = this.#time.nowMs() + function_timeout_ms;
    return {
      callbackWaitsForEmptyEventLoop: false,
      functionName: function_name,
      functionVersion: '$LATEST',
      invokedFunctionArn: this.#queue_arn.replace(':sqs:', ':lambda:').replace(/[^:]*$/, `function:${function_name}`),
      memoryLimitInMB: '1024',
      awsRequestId: randomUUID(),
      logGroupName: `/aws/lambda/${function_name}`,
      logStreamName: 'local',
      getRemainingTimeInMillis: () => Math.max(0, ends_at_ms - this.#time.nowMs()),
      done: () => undefined,
      fail: () => undefined,
      succeed: () => undefined,
    };
  }
}

/** In real time: functions may take it. */
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
