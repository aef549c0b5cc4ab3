/** The extractor as a Lambda: see extract-load.ts for the story. */
import { randomUUID } from 'node:crypto';
import { AwsPorts } from '@bronze/common/adapters/aws/aws-ports';
import { type Invocation, queueHandler, type QueueService } from '@bronze/common/adapters/aws/queue-handler';
import { SecretsManager } from '@bronze/common/adapters/aws/secrets-manager';
import { SqsTaskQueue } from '@bronze/common/adapters/aws/sqs-task-queue';
import { entityOf } from '@bronze/common/config';
import type { DeliveredMessage } from '@bronze/common/delivery/deliver-message';
import { requireVariables } from '@bronze/common/adapters/aws/lambda-environment';
import { decodeExtractRequest, type ExtractRequest, type WriteMessage } from '@bronze/common/load/messages';
import type { Log } from '@bronze/common/load/events';
import { removeStagingOfPreviousLoad } from '@bronze/common/load/remove-staging';
import config from '../../../bronze.config.ts';
import { openSource } from './adapters/open-source.ts';
import { extractLoad } from './extract-load.ts';
import { ZSTD_CODEC } from './zstd-codec.ts';

function open(): QueueService {
  const variables = requireVariables(process.env, [
    'S3_BUCKET_NAME',
    'EXTRACT_QUEUE_URL',
    'EXTRACT_DLQ_URL',
    'WRITE_QUEUE_URL',
  ]);
  const aws = new AwsPorts(variables.S3_BUCKET_NAME);
  const requests = new SqsTaskQueue<ExtractRequest>(aws.sqs, { queue_url: variables.EXTRACT_QUEUE_URL });
  const writes = new SqsTaskQueue<WriteMessage>(aws.sqs, { queue_url: variables.WRITE_QUEUE_URL });
  const attempts = { next: randomUUID };
  const secrets = new SecretsManager();
  // Sources outlive an invocation, with their connections and cached keys; its log does not.
  let current: Log = { event: () => undefined };
  const log: Log = { event: (event) => current.event(event) };
  const sources = new Map(
    Object.entries(config.sources).map(([name, source]) => [
      name,
      openSource(source, { environment: process.env, secrets, clock: aws.clock, log }),
    ]),
  );
  const handle = async (message: DeliveredMessage, invocation: Invocation) => {
    current = invocation.log;
    const request = decodeExtractRequest(message.body, message.message_id);
    const entity = entityOf(config, request.entity);
    const source = sources.get(entity.source);
    if (!source) throw new RangeError('the configuration’s own check lets no unknown source through');
    const { objects, checkpoints, clock } = aws;
    const ports = { objects, checkpoints, clock, requests, writes, attempts, source, codec: ZSTD_CODEC, ...invocation };
    await extractLoad(ports, entity, request);
    await removeStagingOfPreviousLoad(aws, entity.name);
  };
  return { aws, dead_letter_queue_url: variables.EXTRACT_DLQ_URL, handle };
}

export const handler = queueHandler('extractor', open);
