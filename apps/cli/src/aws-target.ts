import { S3ObjectStore } from '@bronze/common/adapters/aws/s3-object-store';
import { SqsDeadLetters } from '@bronze/common/adapters/aws/sqs-dead-letters';
import { BronzeError } from '@bronze/common/words/failure';
import { GetQueueUrlCommand, SQSClient } from '@aws-sdk/client-sqs';
import { S3Client } from '@aws-sdk/client-s3';
import { usageError } from './exit-code.ts';

/** Where a pipeline runs in AWS; the environment has the SDK's own defaults. */
export interface AwsOptions {
  readonly stack: string;
  readonly bucket?: string;
  readonly profile?: string;
  readonly region?: string;
  readonly endpoint?: string;
}

export const QUEUES = ['extract', 'write'] as const;
export type QueueName = (typeof QUEUES)[number];

/** A deployed pipeline, found by the names that its stack gives to things. */
export class AwsTarget {
  readonly sqs: SQSClient;
  readonly #options: AwsOptions;

  constructor(options: AwsOptions) {
    // The SDK reads these itself, for each of its clients and for what they load.
    const chosen = { AWS_PROFILE: options.profile, AWS_REGION: options.region, AWS_ENDPOINT_URL: options.endpoint };
    for (const [name, value] of Object.entries(chosen)) if (value !== undefined) process.env[name] = value;
    this.#options = options;
    this.sqs = new SQSClient({});
  }

  /** @throws BronzeError CONFIG_INVALID without a bucket */
  objects(): S3ObjectStore {
    const bucket = this.#options.bucket ?? process.env['S3_BUCKET_NAME'];
    if (bucket) return new S3ObjectStore(new S3Client({}), bucket);
    throw usageError('which bucket?', 'Name it with --bucket, or set S3_BUCKET_NAME.');
  }

  /** `EcomIngestionStack-extract`, `EcomIngestionStack-extract-dlq` */
  async queueUrl(name: QueueName | `${QueueName}-dlq`): Promise<string> {
    const QueueName = `${this.#options.stack}-${name}`;
    const found = await this.sqs.send(new GetQueueUrlCommand({ QueueName })).catch((thrown: unknown) => {
      throw noQueue(QueueName, thrown);
    });
    return found.QueueUrl ?? '';
  }

  async deadLetters(name: QueueName): Promise<SqsDeadLetters> {
    const [source_queue_url, dead_letter_queue_url] = [await this.queueUrl(name), await this.queueUrl(`${name}-dlq`)];
    return new SqsDeadLetters(this.sqs, { source_queue_url, dead_letter_queue_url });
  }
}

function noQueue(name: string, thrown: unknown): BronzeError {
  const reason = thrown instanceof Error ? thrown.name : 'unknown';
  return new BronzeError('QUEUE_UNREACHABLE', {
    message: `the queue ${name} can’t be found (${reason})`,
    hint: 'Is it the right account and region (--profile, --region), and the right stack (--stack)?',
  });
}
