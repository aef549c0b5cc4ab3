import type { SQSClient } from '@aws-sdk/client-sqs';
import type { TaskQueue } from '../../ports/queue.ts';
import { sendBatch, toBatches } from './sqs-batches.ts';

export interface SqsTaskQueueOptions {
  readonly queue_url: string;
  /** How long messages are hidden after they were sent. Default: the queue's own delay. */
  readonly delay_seconds?: number;
}

/** A standard SQS queue. The entity is the message group, so an entity with many messages doesn't hold up others. */
export class SqsTaskQueue<Message extends { readonly entity: string }> implements TaskQueue<Message> {
  readonly #client: SQSClient;
  readonly #options: SqsTaskQueueOptions;

  constructor(client: SQSClient, options: SqsTaskQueueOptions) {
    this.#client = client;
    this.#options = options;
  }

  /** If it throws, some of the messages may have been sent. */
  async send(messages: readonly Message[]): Promise<void> {
    const { queue_url, delay_seconds } = this.#options;
    const delay = delay_seconds === undefined ? {} : { delay_seconds };
    const outgoing = messages.map((message) => ({
      body: JSON.stringify(message),
      group_id: message.entity,
      ...delay,
    }));
    for (const batch of toBatches(outgoing)) await sendBatch(this.#client, queue_url, batch);
  }
}
