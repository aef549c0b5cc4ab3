/** The writer as a Lambda function. `handle-task.ts` says what it does with a message. */
import { AwsPorts } from '@bronze/common/adapters/aws/aws-ports';
import { requireVariables } from '@bronze/common/adapters/aws/lambda-environment';
import { queueHandler, type QueueService } from '@bronze/common/adapters/aws/queue-handler';
import { SqsTaskQueue } from '@bronze/common/adapters/aws/sqs-task-queue';
import type { Clock } from '@bronze/common/ports/clock';
import type { ExtractRequest } from '@bronze/common/load/messages';
import { createEngine, engineName } from './adapters/engines.ts';
import { handleTask } from './handle-task.ts';

/** @param clock default: this machine's */
export function openWriter(clock?: Clock): QueueService {
  const variables = requireVariables(process.env, [
    'S3_BUCKET_NAME',
    'EXTRACT_QUEUE_URL',
    'WRITE_QUEUE_URL',
    'WRITE_DLQ_URL',
  ]);
  const aws = new AwsPorts(variables.S3_BUCKET_NAME, clock);
  const requests = new SqsTaskQueue<ExtractRequest>(aws.sqs, { queue_url: variables.EXTRACT_QUEUE_URL });
  const engine = createEngine(engineName(process.env['PARQUET_ENGINE']));
  const { objects, checkpoints } = aws;
  return {
    aws,
    queue_url: variables.WRITE_QUEUE_URL,
    dead_letter_queue_url: variables.WRITE_DLQ_URL,
    handle: (message, { log }) =>
      handleTask({ objects, checkpoints, clock: aws.clock, requests, engine, log })(message),
  };
}

export const handler = queueHandler('writer', openWriter);
