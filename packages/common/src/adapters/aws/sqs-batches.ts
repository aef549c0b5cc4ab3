import { SendMessageBatchCommand, type SendMessageBatchResult, type SQSClient } from '@aws-sdk/client-sqs';
import { BronzeError } from '../../words/failure.ts';
import { backOff } from './aws-error.ts';
import { queueName, sqsFailure } from './sqs-failure.ts';

const BATCH_MESSAGES_MAX = 10;
/** SQS's limit for a batch, and also for a single message. */
export const BATCH_BYTES_MAX = 1024 * 1024;
const ATTEMPTS_MAX = 6;

export interface OutgoingMessage {
  readonly body: string;
  /** Makes a standard queue a fair queue: a group with many messages doesn't hold up the others. */
  readonly group_id: string | undefined;
  readonly delay_seconds?: number;
  /** Sent as message attributes, all of them text. */
  readonly attributes?: Readonly<Record<string, string>>;
}

/** Consecutive messages, as many per batch as SQS takes. One that is too long gets its own batch and SQS refuses it. */
export function toBatches(messages: readonly OutgoingMessage[]): OutgoingMessage[][] {
  const batches: OutgoingMessage[][] = [];
  let bytes = 0;
  for (const message of messages) {
    const size_bytes = Buffer.byteLength(message.body);
    const last = batches.at(-1);
    if (last && last.length < BATCH_MESSAGES_MAX && bytes + size_bytes <= BATCH_BYTES_MAX) {
      last.push(message);
      bytes += size_bytes;
    } else {
      batches.push([message]);
      bytes = size_bytes;
    }
  }
  return batches;
}

/**
 * Sends at most ten messages. SQS answers with status 200 even if it did not take some of them, and the SDK does not
 * retry those, so they are sent again here: six attempts in all.
 *
 * @throws BronzeError QUEUE_REJECTED, QUEUE_DENIED, QUEUE_MISSING, QUEUE_UNREACHABLE
 */
export async function sendBatch(
  client: SQSClient,
  queue_url: string,
  batch: readonly OutgoingMessage[],
): Promise<void> {
  let waiting = batch;
  for (let attempt = 1; ; attempt += 1) {
    const result = await client.send(commandFor(queue_url, waiting)).catch((thrown: unknown) => {
      throw sqsFailure(queue_url, 'sqs:SendMessage', thrown);
    });
    const rejected = result.Failed?.find((failed) => failed.SenderFault);
    if (rejected) throw rejection(queue_url, rejected.Code);
    waiting = notTaken(waiting, result);
    if (waiting.length === 0) return;
    if (attempt === ATTEMPTS_MAX) throw unsent(queue_url, waiting.length, result.Failed?.[0]?.Code);
    await backOff(attempt);
  }
}

function commandFor(queue_url: string, batch: readonly OutgoingMessage[]): SendMessageBatchCommand {
  return new SendMessageBatchCommand({
    QueueUrl: queue_url,
    Entries: batch.map(({ body, group_id, delay_seconds, attributes }, index) => ({
      Id: String(index),
      MessageBody: body,
      MessageGroupId: group_id,
      DelaySeconds: delay_seconds,
      ...(attributes && { MessageAttributes: inSqsForm(attributes) }),
    })),
  });
}

function inSqsForm(attributes: Readonly<Record<string, string>>) {
  const entries = Object.entries(attributes);
  return Object.fromEntries(entries.map(([name, StringValue]) => [name, { DataType: 'String', StringValue }]));
}

/** Every message that the answer does not list as successful. */
function notTaken(batch: readonly OutgoingMessage[], result: SendMessageBatchResult): OutgoingMessage[] {
  const taken = new Set(result.Successful?.map(({ Id }) => Id));
  return batch.filter((_, index) => !taken.has(String(index)));
}

function rejection(queue_url: string, code: string | undefined): BronzeError {
  return new BronzeError('QUEUE_REJECTED', {
    message: `queue ${queueName(queue_url)} refuses a message (${code ?? 'no code'})`,
    hint: 'The message itself is wrong, so it is not sent again. Please report it with this code.',
  });
}

function unsent(queue_url: string, count: number, code: string | undefined): BronzeError {
  return new BronzeError('QUEUE_UNREACHABLE', {
    message: `queue ${queueName(queue_url)} did not take ${count} messages in ${ATTEMPTS_MAX} attempts (${code ?? 'no code'})`,
    hint: 'It is retried; nothing is lost. If this persists, check the health of SQS in this region.',
  });
}
