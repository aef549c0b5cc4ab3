import { AsyncLocalStorage } from 'node:async_hooks';
import { injectLambdaContext } from '@aws-lambda-powertools/logger/middleware';
import middy from '@middy/core';
import type { Context, SQSBatchItemFailure, SQSBatchResponse, SQSEvent, SQSRecord } from 'aws-lambda';
import { type DeliveredMessage, deliverMessage, type DeliveryPorts } from '../../delivery/deliver-message.ts';
import { isUnreported, queueRetryMs } from '../../delivery/retry-policy.ts';
import type { Log } from '../../load/events.ts';
import { entityIn } from '../../load/messages.ts';
import type { Deadline } from '../../ports/clock.ts';
import { bury } from './sqs-dead-letters.ts';
import { BronzeError, isRetryable, toFailure } from '../../words/failure.ts';
import type { AwsPorts } from './aws-ports.ts';
import { HeldMessage } from './held-message.ts';
import { Telemetry } from './telemetry.ts';

/** The end of an invocation, reserved for ending the slice: compressing and putting what is read, and the manifest. */
const RESERVED_MS = 60_000;

const running = new AsyncLocalStorage<Log>();

/** Logs to the invocation that is running: for objects that outlive invocations. */
export const INVOCATION_LOG: Log = { event: (event) => running.getStore()?.event(event) };

export interface Invocation {
  readonly deadline: Deadline;
  readonly log: Log;
}

/** The parts of a function, assembled once for each execution environment. */
export interface QueueService {
  readonly aws: AwsPorts;
  readonly queue_url: string;
  readonly dead_letter_queue_url: string;
  handle(message: DeliveredMessage, invocation: Invocation): Promise<void>;
}

/**
 * A Lambda function on a queue. Each message succeeds or fails by itself, by partial batch responses, so a failed
 * message is not a failed invocation (decision 21).
 *
 * @param open assembles the parts, at the first invocation and not on import, so that its failures are logged
 */
export function queueHandler(name: string, open: () => QueueService) {
  const telemetry = new Telemetry(name);
  let opened: QueueService | undefined;
  return middy<SQSEvent, SQSBatchResponse>()
    .use(injectLambdaContext(telemetry.logger))
    .handler(async (event, context) => {
      opened ??= open();
      const service = opened;
      const deliver = (record: SQSRecord) => new Delivery(service, telemetry, { record, context }).deliver();
      return service.aws.within(
        () => context.getRemainingTimeInMillis(),
        () => deliverEach(event, deliver),
      );
    });
}

async function deliverEach(
  { Records }: SQSEvent,
  deliver: (record: SQSRecord) => Promise<'done' | 'failed'>,
): Promise<SQSBatchResponse> {
  const batchItemFailures: SQSBatchItemFailure[] = [];
  for (const record of Records) {
    if ((await deliver(record)) === 'failed') batchItemFailures.push({ itemIdentifier: record.messageId });
  }
  return { batchItemFailures };
}

interface Delivered {
  readonly record: SQSRecord;
  readonly context: Context;
}

/** One delivery of one message to this function. */
class Delivery {
  readonly #service: QueueService;
  readonly #telemetry: Telemetry;
  readonly #context: Context;
  readonly #message: DeliveredMessage;
  readonly #held: HeldMessage;
  readonly #age_ms: number;

  constructor(service: QueueService, telemetry: Telemetry, { record, context }: Delivered) {
    this.#service = service;
    this.#telemetry = telemetry;
    this.#context = context;
    this.#message = messageOf(record);
    this.#held = new HeldMessage(service.aws.sqs, service.queue_url, record);
    const first_ms = Number(record.attributes.ApproximateFirstReceiveTimestamp);
    this.#age_ms = Math.max(0, Date.parse(service.aws.clock.now()) - first_ms);
  }

  /** @throws BronzeError if the bucket can't be used as it is: that is a failure of the function, not of a message */
  async deliver(): Promise<'done' | 'failed'> {
    await this.#hideUntilTheEnd();
    const unverified = await this.#verify();
    const handle = async (log: Log) => {
      if (unverified) throw unverified.thrown;
      if (isUnreported({ ...this.#message, age_ms: this.#age_ms })) throw unreported(this.#message);
      const deadline = deadlineOf(this.#context);
      await running.run(log, () => this.#service.handle(this.#message, { deadline, log }));
    };
    // Its failure is logged, and recorded if it was the last, in `deliverMessage`.
    return deliverMessage(this.#ports(), this.#message, handle).then(
      () => 'done',
      () => 'failed',
    );
  }

  /** Not with all the time that there is: it only matters if this invocation is killed. */
  #hideUntilTheEnd(): Promise<void> {
    const remaining_ms = this.#context.getRemainingTimeInMillis();
    const noTime = () => 0;
    return this.#quietly(this.#service.aws.within(noTime, () => this.#held.hideUntilTheEnd(remaining_ms)));
  }

  async #verify(): Promise<{ thrown: unknown } | undefined> {
    try {
      await this.#service.aws.verifyConditionalWrites();
      return undefined;
    } catch (thrown) {
      if (isRetryable(toFailure(thrown))) return { thrown };
      throw thrown;
    }
  }

  #ports(): DeliveryPorts {
    const { aws, dead_letter_queue_url } = this.#service;
    return {
      objects: aws.objects,
      clock: aws.clock,
      log: this.#telemetry,
      retryInMs: ({ receive_count }, failure) =>
        queueRetryMs({ failure, receive_count, age_ms: this.#age_ms }, Math.random()),
      giveBack: (_, retry_in_ms) => this.#quietly(this.#held.hideFor(retry_in_ms)),
      sendToDeadLetterQueue: ({ body }, { code }, record_key) =>
        bury(aws.sqs, dead_letter_queue_url, { body, code, record_key }),
    };
  }

  /** If it can't be changed for how long a message is hidden, it is delivered again later than it could be: harmless. */
  async #quietly(changing: Promise<void>): Promise<void> {
    await changing.catch((thrown: unknown) => {
      this.#telemetry.logger.warn('message_not_hidden', { entity: entityIn(this.#message.body), ...toFailure(thrown) });
    });
  }
}

function messageOf({ messageId, body, attributes }: SQSRecord): DeliveredMessage {
  return { message_id: messageId, body, receive_count: Number(attributes.ApproximateReceiveCount) };
}

function deadlineOf(context: Context): Deadline {
  const remainingMs = () => context.getRemainingTimeInMillis() - RESERVED_MS;
  return { isNear: () => remainingMs() <= 0, remainingMs };
}

function unreported({ receive_count }: DeliveredMessage): BronzeError {
  return new BronzeError('DELIVERIES_UNREPORTED', {
    message: `the message was delivered ${receive_count} times in more than 13 hours, and no delivery ended it`,
    hint: 'The function’s log says why: it was killed (memory, time), failed before it could begin, or reported message_failed and the queue then rested. Replay the message once the cause is gone; if it was killed, lower task_rows or batch_bytes of the entity first.',
  });
}
