import { errorName } from '@bronze/common/adapters/aws/aws-error';
import { S3ObjectStore } from '@bronze/common/adapters/aws/s3-object-store';
import { SqsDeadLetters } from '@bronze/common/adapters/aws/sqs-dead-letters';
import { sqsFailure } from '@bronze/common/adapters/aws/sqs-failure';
import { GetQueueUrlCommand, SQSClient } from '@aws-sdk/client-sqs';
import { S3Client } from '@aws-sdk/client-s3';
import { usageError } from './exit-code.ts';

/** Where the pipeline runs in AWS. What is undefined is left to the AWS SDK, which reads it from the environment. */
export interface AwsOptions {
  readonly stack: string;
  readonly bucket?: string;
  readonly profile?: string;
  readonly region?: string;
  readonly endpoint?: string;
}

export const QUEUES = ['extract', 'write'] as const;
export type QueueName = (typeof QUEUES)[number];

const ON_THIS_MACHINE = 'For a folder of bronze run: npx --no -- bronze status --out <folder>.';

/** The SDK's own words where it looked for credentials; those of a service that it asked may hold an account or an ARN. */
function whyNone(thrown: unknown): string {
  const isOfSdk = thrown instanceof Error && thrown.name === 'CredentialsProviderError';
  return isOfSdk ? (thrown.message.split('\n', 1)[0] ?? '') : errorName(thrown);
}

/** A deployed pipeline, whose queues are found by the names that its stack gives them. */
export class AwsTarget {
  readonly sqs: SQSClient;
  readonly #options: AwsOptions;

  constructor(options: AwsOptions) {
    // Set in the environment because the SDK reads them there for every client and credential provider.
    const chosen = { AWS_PROFILE: options.profile, AWS_REGION: options.region, AWS_ENDPOINT_URL: options.endpoint };
    for (const [name, value] of Object.entries(chosen)) if (value !== undefined) process.env[name] = value;
    this.#options = options;
    this.sqs = new SQSClient({});
  }

  /** The data bucket. @throws BronzeError CONFIG_INVALID if nothing names it, the region or credentials */
  async objects(): Promise<S3ObjectStore> {
    const bucket = this.#options.bucket ?? process.env['S3_BUCKET_NAME'];
    if (!bucket) throw usageError('no bucket is given', `Pass --bucket, or set S3_BUCKET_NAME. ${ON_THIS_MACHINE}`);
    await this.#assertAccess();
    return new S3ObjectStore(new S3Client({}), bucket);
  }

  /**
   * URL of a queue of the stack: `EcomIngestionStack-extract`, `EcomIngestionStack-extract-dlq`.
   * @throws BronzeError QUEUE_MISSING, QUEUE_DENIED, QUEUE_UNREACHABLE; CONFIG_INVALID if nothing names the region or
   *   credentials
   */
  async queueUrl(name: QueueName | `${QueueName}-dlq`): Promise<string> {
    await this.#assertAccess();
    const QueueName = `${this.#options.stack}-${name}`;
    const found = await this.sqs.send(new GetQueueUrlCommand({ QueueName })).catch((thrown: unknown) => {
      throw sqsFailure(QueueName, 'sqs:GetQueueUrl', thrown);
    });
    return found.QueueUrl ?? '';
  }

  /** Asks the SDK for both before any call, whose failure would not say which of them is missing. */
  async #assertAccess(): Promise<void> {
    const { region, credentials } = this.sqs.config;
    await region().catch(() => {
      throw usageError('no AWS region is set', `Pass --region, or set AWS_REGION. ${ON_THIS_MACHINE}`);
    });
    await credentials().catch((thrown: unknown) => {
      const how = 'Pass --profile, log in (aws sso login), or set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY.';
      throw usageError(`there are no AWS credentials: ${whyNone(thrown)}`, `${how} ${ON_THIS_MACHINE}`);
    });
  }

  async deadLetters(name: QueueName): Promise<SqsDeadLetters> {
    const [source_queue_url, dead_letter_queue_url] = [await this.queueUrl(name), await this.queueUrl(`${name}-dlq`)];
    return new SqsDeadLetters(this.sqs, { source_queue_url, dead_letter_queue_url });
  }
}
