/** The extractor as a Lambda function. `handle-request.ts` says what it does with a message. */
import { randomUUID } from 'node:crypto';
import { AwsPorts } from '@bronze/common/adapters/aws/aws-ports';
import { requireVariables } from '@bronze/common/adapters/aws/lambda-environment';
import { INVOCATION_LOG, queueHandler, type QueueService } from '@bronze/common/adapters/aws/queue-handler';
import { SecretsManager } from '@bronze/common/adapters/aws/secrets-manager';
import { SqsTaskQueue } from '@bronze/common/adapters/aws/sqs-task-queue';
import type { Clock } from '@bronze/common/ports/clock';
import type { ExtractRequest, WriteMessage } from '@bronze/common/load/messages';
import config from '../../../bronze.config.ts';
import { openSources } from './adapters/open-source.ts';
import { handleRequest } from './handle-request.ts';
import { ZSTD_CODEC } from './zstd-codec.ts';

/** @param clock default: this machine's */
export function openExtractor(clock?: Clock): QueueService {
  const variables = requireVariables(process.env, [
    'S3_BUCKET_NAME',
    'EXTRACT_QUEUE_URL',
    'EXTRACT_DLQ_URL',
    'WRITE_QUEUE_URL',
  ]);
  const aws = new AwsPorts(variables.S3_BUCKET_NAME, clock);
  const { objects, checkpoints } = aws;
  const ports = {
    objects,
    checkpoints,
    clock: aws.clock,
    requests: new SqsTaskQueue<ExtractRequest>(aws.sqs, { queue_url: variables.EXTRACT_QUEUE_URL }),
    writes: new SqsTaskQueue<WriteMessage>(aws.sqs, { queue_url: variables.WRITE_QUEUE_URL }),
    attempts: { next: randomUUID },
    codec: ZSTD_CODEC,
    // Sources and their cached keys outlive an invocation, so they log to the one that is running.
    source: openSources(config, {
      environment: process.env,
      secrets: new SecretsManager(aws.client_config),
      clock: aws.clock,
      log: INVOCATION_LOG,
    }),
  };
  return {
    aws,
    queue_url: variables.EXTRACT_QUEUE_URL,
    dead_letter_queue_url: variables.EXTRACT_DLQ_URL,
    handle: (message, invocation) => handleRequest({ ...ports, ...invocation }, config)(message),
  };
}

export const handler = queueHandler('extractor', openExtractor);
