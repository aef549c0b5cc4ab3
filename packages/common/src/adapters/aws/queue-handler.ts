import { AsyncLocalStorage } from 'node:async_hooks';
import { injectLambdaContext } from '@aws-lambda-powertools/logger/middleware';
import middy from '@middy/core';
import type { Context, SQSBatchItemFailure, SQSBatchResponse, SQSEvent, SQSRecord } from 'aws-lambda';
import { type DeliveredMessage, deliverMessage } from '../../delivery/deliver-message.ts';
import type { Log } from '../../load/events.ts';
import type { Deadline } from '../../ports/clock.ts';
import { bury } from './sqs-dead-letters.ts';
import type { Failure } from '../../words/failure.ts';
import type { AwsPorts } from './aws-ports.ts';
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
      await service.aws.verifyConditionalWrites();
      const batchItemFailures: SQSBatchItemFailure[] = [];
      for (const record of event.Records) {
        // Its failure is logged, and recorded if it was the last, in `deliverMessage`.
        const isDelivered = await deliver(service, telemetry, { record, context }).then(
          () => true,
          () => false,
        );
        if (!isDelivered) batchItemFailures.push({ itemIdentifier: record.messageId });
      }
      return { batchItemFailures };
    });
}

interface Delivery {
  readonly record: SQSRecord;
  readonly context: Context;
}

async function deliver(service: QueueService, telemetry: Telemetry, { record, context }: Delivery): Promise<void> {
  const { objects, clock, sqs } = service.aws;
  const sendToDeadLetterQueue = ({ body }: DeliveredMessage, { code }: Failure, record_key: string) =>
    bury(sqs, service.dead_letter_queue_url, { body, code, record_key });
  const message = messageOf(record);
  const deadline = deadlineOf(context);
  await deliverMessage({ objects, clock, log: telemetry, sendToDeadLetterQueue }, message, (log) =>
    running.run(log, () => service.handle(message, { deadline, log })),
  );
}

function messageOf({ messageId, body, attributes }: SQSRecord): DeliveredMessage {
  return { message_id: messageId, body, receive_count: Number(attributes.ApproximateReceiveCount) };
}

function deadlineOf(context: Context): Deadline {
  const remainingMs = () => context.getRemainingTimeInMillis() - RESERVED_MS;
  return { isNear: () => remainingMs() <= 0, remainingMs };
}
