import {
  ChangeMessageVisibilityBatchCommand,
  DeleteMessageBatchCommand,
  type Message,
  ReceiveMessageCommand,
  type SQSClient,
} from '@aws-sdk/client-sqs';
import { entityIn } from '../../load/messages.ts';
import { sendBatch, toBatches } from './sqs-batches.ts';
import { sqsFailure } from './sqs-failure.ts';

export interface DeadLetterQueues {
  readonly dead_letter_queue_url: string;
  /** The queue that its messages come from and are redriven to. */
  readonly source_queue_url: string;
}

export interface SqsDeadLetter {
  readonly message_id: string;
  /** `(unknown)` when the body names none. */
  readonly entity: string;
  readonly body: string;
  /** When it was first sent, ISO 8601. */
  readonly sent_at: string;
  readonly receive_count: number;
}

interface Held {
  readonly letter: SqsDeadLetter;
  readonly receipt_handle: string;
}

const RECEIVE_MAX = 10;
/** Visibility timeout while a command works: enough to read a whole queue, and short if the command is killed. */
const HOLD_SECONDS = 60;
/** A long poll asks all of SQS's servers, so an empty answer really means that no message is visible. */
const WAIT_SECONDS = 1;

/** The messages of a dead-letter queue. Listing removes none; replaying sends first and deletes afterwards. */
export class SqsDeadLetters {
  readonly #client: SQSClient;
  readonly #queues: DeadLetterQueues;

  constructor(client: SQSClient, queues: DeadLetterQueues) {
    this.#client = client;
    this.#queues = queues;
  }

  /** Every visible message, oldest first. Messages that another command holds at this time are missing. */
  async list(entity?: string): Promise<SqsDeadLetter[]> {
    const held = await this.#holdAll();
    await this.#release(held);
    return chosen(held, entity)
      .map(({ letter }) => letter)
      .toSorted((a, b) => a.sent_at.localeCompare(b.sent_at));
  }

  /**
   * Sends the messages of one entity, or all of them, to the source queue, each once, and returns them. If it is killed
   * between sending and deleting, messages are in both queues; repeating a request or a write task is harmless.
   */
  async replay(entity?: string): Promise<SqsDeadLetter[]> {
    const held = await this.#holdAll();
    const waiting = new Set(held);
    try {
      // All are received before the first is sent, so one that fails again at once is not replayed in a loop.
      for (const part of inTens(chosen(held, entity))) {
        const bodies = part.map(({ letter }) => ({ body: letter.body, group_id: groupOf(letter) }));
        for (const batch of toBatches(bodies)) await sendBatch(this.#client, this.#queues.source_queue_url, batch);
        await this.#delete(part);
        for (const one of part) waiting.delete(one);
      }
    } finally {
      await this.#release([...waiting]);
    }
    return chosen(held, entity).map(({ letter }) => letter);
  }

  async #holdAll(): Promise<Held[]> {
    const held = new Map<string, Held>();
    for (;;) {
      const known = held.size;
      for (const one of await this.#receive()) held.set(one.letter.message_id, one);
      // Nothing, or only messages that became visible again because receiving took longer than HOLD_SECONDS.
      if (held.size === known) return [...held.values()];
    }
  }

  async #receive(): Promise<Held[]> {
    const command = new ReceiveMessageCommand({
      QueueUrl: this.#queues.dead_letter_queue_url,
      MaxNumberOfMessages: RECEIVE_MAX,
      VisibilityTimeout: HOLD_SECONDS,
      WaitTimeSeconds: WAIT_SECONDS,
      MessageSystemAttributeNames: ['SentTimestamp', 'ApproximateReceiveCount'],
    });
    const { Messages } = await this.#client.send(command).catch((thrown: unknown) => {
      throw sqsFailure(this.#queues.dead_letter_queue_url, 'sqs:ReceiveMessage', thrown);
    });
    return (Messages ?? []).map(toHeld);
  }

  async #release(held: readonly Held[]): Promise<void> {
    for (const part of inTens(held)) {
      const Entries = part.map(({ receipt_handle }, index) => ({
        Id: String(index),
        ReceiptHandle: receipt_handle,
        VisibilityTimeout: 0,
      }));
      const QueueUrl = this.#queues.dead_letter_queue_url;
      // One that can't be released becomes visible again when its timeout ends.
      await this.#client.send(new ChangeMessageVisibilityBatchCommand({ QueueUrl, Entries })).catch(() => undefined);
    }
  }

  async #delete(held: readonly Held[]): Promise<void> {
    const Entries = held.map(({ receipt_handle }, index) => ({ Id: String(index), ReceiptHandle: receipt_handle }));
    const QueueUrl = this.#queues.dead_letter_queue_url;
    await this.#client.send(new DeleteMessageBatchCommand({ QueueUrl, Entries })).catch((thrown: unknown) => {
      throw sqsFailure(QueueUrl, 'sqs:DeleteMessage', thrown);
    });
  }
}

function toHeld({ MessageId, Body, Attributes, ReceiptHandle }: Message): Held {
  const body = Body ?? '';
  return {
    receipt_handle: ReceiptHandle ?? '',
    letter: {
      message_id: MessageId ?? '',
      entity: entityIn(body),
      body,
      sent_at: new Date(Number(Attributes?.SentTimestamp ?? 0)).toISOString(),
      receive_count: Number(Attributes?.ApproximateReceiveCount ?? 0),
    },
  };
}

function chosen(held: readonly Held[], entity: string | undefined): Held[] {
  return held.filter(({ letter }) => entity === undefined || letter.entity === entity);
}

function groupOf(letter: SqsDeadLetter): string | undefined {
  return letter.entity === entityIn('') ? undefined : letter.entity;
}

function inTens<T>(all: readonly T[]): T[][] {
  return Array.from({ length: Math.ceil(all.length / 10) }, (_, index) => all.slice(index * 10, index * 10 + 10));
}
