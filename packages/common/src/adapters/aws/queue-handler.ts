import { BatchProcessor, EventType, processPartialResponse } from '@aws-lambda-powertools/batch';
import { injectLambdaContext } from '@aws-lambda-powertools/logger/middleware';
import middy from '@middy/core';
import type { Context, SQSBatchResponse, SQSEvent, SQSRecord } from 'aws-lambda';
import { type DeliveredMessage, deliverMessage } from '../../delivery/deliver-message.ts';
import type { PipelineEvent, Log } from '../../load/events.ts';
import { entityIn } from '../../load/messages.ts';
import type { Deadline } from '../../ports/clock.ts';
import { RunLog } from '../../delivery/run-log.ts';
import { sendBatch } from './sqs-batches.ts';
import type { AwsPorts } from './aws-ports.ts';
import { Telemetry } from './telemetry.ts';

/** What is kept of an invocation's time for handing over: compressing and putting what is read, and the manifest. */
const HAND_OVER_MS = 60_000;

export interface Invocation {
  readonly deadline: Deadline;
  readonly log: Log;
}

/** What a function is made of, put together once for each execution environment. */
export interface QueueService {
  readonly aws: AwsPorts;
  readonly dead_letter_queue_url: string;
  handle(message: DeliveredMessage, invocation: Invocation): Promise<void>;
}

/**
 * A Lambda on a queue: each message succeeds or fails by itself, with partial batch responses.
 *
 * @param open reads the environment: its failures are those of the invocation, so that they are logged
 */
export function queueHandler(service: string, open: () => QueueService) {
  const telemetry = new Telemetry(service);
  const processor = new BatchProcessor(EventType.SQS);
  let opened: QueueService | undefined;
  return middy<SQSEvent, SQSBatchResponse, Error, Context>()
    .use(injectLambdaContext(telemetry.logger))
    .handler(async (event, context) => {
      opened ??= open();
      const running = opened;
      await running.aws.verifyConditionalWrites();
      const handleRecord = (record: SQSRecord) => deliver(running, telemetry, { record, context });
      return processPartialResponse(event, handleRecord, processor, { context, throwOnFullBatchFailure: false });
    });
}

interface Delivery {
  readonly record: SQSRecord;
  readonly context: Context;
}

async function deliver(service: QueueService, telemetry: Telemetry, { record, context }: Delivery): Promise<void> {
  const { objects, clock, sqs } = service.aws;
  const runLog = new RunLog(objects, clock);
  const log: Log = {
    event: (event: PipelineEvent) => {
      telemetry.event(event);
      runLog.event(event);
    },
  };
  const sendToDeadLetterQueue = ({ body }: DeliveredMessage) =>
    sendBatch(sqs, service.dead_letter_queue_url, [{ body, group_id: entityIn(body) }]);
  const message = messageOf(record);
  const invocation = { deadline: deadlineOf(context), log };
  try {
    await deliverMessage({ objects, clock, log, sendToDeadLetterQueue }, message, () =>
      service.handle(message, invocation),
    );
  } finally {
    // The run log is for people: that it could not be written fails no message, and is told.
    await runLog
      .flush()
      .catch((thrown: unknown) => telemetry.logger.error('run_log_unwritten', { error: String(thrown) }));
  }
}

function messageOf({ messageId, body, attributes }: SQSRecord): DeliveredMessage {
  return { message_id: messageId, body, receive_count: Number(attributes.ApproximateReceiveCount) };
}

function deadlineOf(context: Context): Deadline {
  const remainingMs = () => context.getRemainingTimeInMillis() - HAND_OVER_MS;
  return { isNear: () => remainingMs() <= 0, remainingMs };
}
