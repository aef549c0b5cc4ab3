import { ChangeMessageVisibilityCommand, type SQSClient } from '@aws-sdk/client-sqs';
import type { SQSRecord } from 'aws-lambda';
import { sqsFailure } from './sqs-failure.ts';

/** Behind the end of the invocation: a message that reappears while it is still worked on is worked on twice. */
const MARGIN_SECONDS = 30;

/** A message that an invocation of a function was given, hidden from others for the queue's visibility timeout. */
export class HeldMessage {
  readonly #sqs: SQSClient;
  readonly #queue_url: string;
  readonly #receipt_handle: string;

  constructor(sqs: SQSClient, queue_url: string, { receiptHandle }: SQSRecord) {
    this.#sqs = sqs;
    this.#queue_url = queue_url;
    this.#receipt_handle = receiptHandle;
  }

  /** Hides it until the invocation has ended, so that another one has it soon if this one is killed. */
  hideUntilTheEnd(remaining_ms: number): Promise<void> {
    return this.hideFor(remaining_ms + MARGIN_SECONDS * 1000);
  }

  /** Hides it for so long from now on, in whole seconds. @throws BronzeError QUEUE_* */
  async hideFor(duration_ms: number): Promise<void> {
    const command = new ChangeMessageVisibilityCommand({
      QueueUrl: this.#queue_url,
      ReceiptHandle: this.#receipt_handle,
      VisibilityTimeout: Math.ceil(duration_ms / 1000),
    });
    await this.#sqs.send(command).catch((thrown: unknown) => {
      throw sqsFailure(this.#queue_url, 'sqs:ChangeMessageVisibility', thrown);
    });
  }
}
