import {
  ChangeMessageVisibilityBatchCommand,
  DeleteMessageBatchCommand,
  type Message,
  ReceiveMessageCommand,
  type SQSClient,
} from '@aws-sdk/client-sqs';
import { entityIn } from '../../load/messages.ts';
import { BronzeError } from '../../words/failure.ts';
import { backOff } from './aws-error.ts';
import { BATCH_BYTES_MAX, sendBatch, toBatches } from './sqs-batches.ts';
import { queueName, sqsFailure } from './sqs-failure.ts';

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
  /** Of a copy that a function has sent: the failure's code. Undefined for what SQS moved there itself. */
  readonly code: string | undefined;
  /** Of such a copy, whose message has another id: the key of its failure record. */
  readonly record_key: string | undefined;
}

/** The message attributes that say why a copy is in the dead-letter queue. */
const CODE = 'bronze_code';
const RECORD_KEY = 'bronze_failure_record';
const ATTRIBUTES_BYTES_MAX = 1024;

/** A message that can never succeed. */
export interface Buried {
  readonly body: string;
  readonly code: string;
  readonly record_key: string;
}

/** Sends a copy of a message to the dead-letter queue, with what leads from there to its failure record. */
export async function bury(client: SQSClient, queue_url: string, { body, code, record_key }: Buried): Promise<void> {
  // They count for SQS's limit. A message that is as long as SQS takes any has to do without them.
  const hasRoom = Buffer.byteLength(body) + ATTRIBUTES_BYTES_MAX <= BATCH_BYTES_MAX;
  const attributes = { [CODE]: code, [RECORD_KEY]: record_key };
  await sendBatch(client, queue_url, [{ body, group_id: entityIn(body), ...(hasRoom && { attributes }) }]);
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

export type Choice = (letter: SqsDeadLetter) => boolean;

/** The messages of a dead-letter queue. Listing removes none; replaying sends first and deletes afterwards. */
export class SqsDeadLetters {
  readonly #client: SQSClient;
  readonly #queues: DeadLetterQueues;

  constructor(client: SQSClient, queues: DeadLetterQueues) {
    this.#client = client;
    this.#queues = queues;
  }

  /** Every visible message, oldest first. Messages that another command holds at this time are missing. */
  async list(): Promise<SqsDeadLetter[]> {
    const held = await this.#holdAll();
    await this.#release(held);
    return held.map(({ letter }) => letter).toSorted((a, b) => a.sent_at.localeCompare(b.sent_at));
  }

  /**
   * Sends the messages that are chosen to the source queue, each once, and returns them. If it is killed between sending
   * and deleting, messages are in both queues; repeating a request or a write task is harmless.
   *
   * @throws BronzeError QUEUE_*; QUEUE_UNREACHABLE also if SQS does not delete some of them
   */
  replay(isChosen: Choice): Promise<SqsDeadLetter[]> {
    return this.#take(isChosen, async (part) => {
      const bodies = part.map((letter) => ({ body: letter.body, group_id: groupOf(letter) }));
      for (const batch of toBatches(bodies)) await sendBatch(this.#client, this.#queues.source_queue_url, batch);
    });
  }

  /** Deletes the messages that are chosen, and returns them. @throws as {@link replay} */
  drop(isChosen: Choice): Promise<SqsDeadLetter[]> {
    return this.#take(isChosen, async () => undefined);
  }

  /** Does something with the messages that are chosen, ten at a time, and deletes them. */
  async #take(isChosen: Choice, act: (part: readonly SqsDeadLetter[]) => Promise<void>): Promise<SqsDeadLetter[]> {
    const held = await this.#holdAll();
    const waiting = new Set(held);
    const chosen = held.filter(({ letter }) => isChosen(letter));
    try {
      // All are received before the first is sent, so one that fails again at once is not replayed in a loop.
      for (const part of inTens(chosen)) {
        await act(part.map(({ letter }) => letter));
        for (const one of await this.#delete(part)) waiting.delete(one);
      }
    } finally {
      await this.#release([...waiting]);
    }
    return chosen.map(({ letter }) => letter);
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
      MessageAttributeNames: [CODE, RECORD_KEY],
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

  /** @returns those that are deleted: SQS answers with status 200 even if it did not delete some of them */
  async #delete(held: readonly Held[]): Promise<readonly Held[]> {
    const Entries = held.map(({ receipt_handle }, index) => ({ Id: String(index), ReceiptHandle: receipt_handle }));
    const QueueUrl = this.#queues.dead_letter_queue_url;
    for (let attempt = 1; ; attempt += 1) {
      const { Failed = [] } = await this.#client
        .send(new DeleteMessageBatchCommand({ QueueUrl, Entries }))
        .catch((thrown: unknown) => {
          throw sqsFailure(QueueUrl, 'sqs:DeleteMessage', thrown);
        });
      if (Failed.length === 0) return held;
      if (attempt === DELETE_ATTEMPTS_MAX) throw undeleted(QueueUrl, Failed.length, Failed[0]?.Code);
      await backOff(attempt);
    }
  }
}

/** Deleting again what is deleted already is no failure, so the whole batch is repeated. */
const DELETE_ATTEMPTS_MAX = 3;

function undeleted(queue_url: string, count: number, code: string | undefined): BronzeError {
  return new BronzeError('QUEUE_UNREACHABLE', {
    message: `queue ${queueName(queue_url)} did not delete ${count} messages in ${DELETE_ATTEMPTS_MAX} attempts (${code ?? 'no code'})`,
    hint: 'They may be in both queues now, which does no harm. List the dead letters again, and drop those that have been dealt with.',
  });
}

function toHeld({ MessageId, Body, Attributes, MessageAttributes, ReceiptHandle }: Message): Held {
  const body = Body ?? '';
  return {
    receipt_handle: ReceiptHandle ?? '',
    letter: {
      message_id: MessageId ?? '',
      entity: entityIn(body),
      body,
      sent_at: new Date(Number(Attributes?.SentTimestamp ?? 0)).toISOString(),
      receive_count: Number(Attributes?.ApproximateReceiveCount ?? 0),
      code: MessageAttributes?.[CODE]?.StringValue,
      record_key: MessageAttributes?.[RECORD_KEY]?.StringValue,
    },
  };
}

function groupOf(letter: SqsDeadLetter): string | undefined {
  return letter.entity === entityIn('') ? undefined : letter.entity;
}

function inTens<T>(all: readonly T[]): T[][] {
  return Array.from({ length: Math.ceil(all.length / 10) }, (_, index) => all.slice(index * 10, index * 10 + 10));
}
