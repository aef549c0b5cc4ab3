import { GetQueueAttributesCommand, GetQueueUrlCommand, SQSClient } from '@aws-sdk/client-sqs';
import { S3Client } from '@aws-sdk/client-s3';
import { errorName } from '@bronze/common/adapters/aws/aws-error';
import { tableInEnvironment } from './table-in-environment.ts';
import { openCheckpoints } from '@bronze/common/adapters/aws/open-checkpoints';
import { S3ObjectStore } from '@bronze/common/adapters/aws/s3-object-store';
import { type SqsDeadLetter, SqsDeadLetters } from '@bronze/common/adapters/aws/sqs-dead-letters';
import { sqsFailure } from '@bronze/common/adapters/aws/sqs-failure';
import { SqsTaskQueue } from '@bronze/common/adapters/aws/sqs-task-queue';
import { SystemClock } from '@bronze/common/adapters/system-clock';
import { failureOf, type FailureRecord, failureRecords, recordOf } from '@bronze/common/delivery/failure-record';
import type { Checkpoint } from '@bronze/common/load/checkpoint';
import type { CheckpointStore } from '@bronze/common/load/checkpoint-store';
import type { ExtractRequest } from '@bronze/common/load/messages';
import { type Failure, FAILURE_KINDS } from '@bronze/common/words/failure';
import { timestamp } from '@bronze/common/words/timestamp';
import { usageError } from '../exit-code.ts';
import {
  type Activity,
  type DeadLetter,
  type QueueDepth,
  type QueueName,
  QUEUES,
  type Target,
  type WritableTarget,
} from './target.ts';
import { type AwsOptions, DEFAULT_FOLDER } from './target-options.ts';

const ON_THIS_MACHINE = `For a folder of bronze run: pass --out, such as --out ${DEFAULT_FOLDER}, and no option of AWS.`;

/** A deployed pipeline, whose queues are found by the names that its stack gives them. */
export class AwsTarget implements Target {
  readonly kind = 'aws';
  readonly name: string;
  readonly given: AwsOptions;
  readonly sqs: SQSClient;
  #s3: S3ObjectStore | undefined;

  private constructor(options: AwsOptions) {
    this.given = options;
    this.name = options.bucket === undefined ? `stack ${options.stack}` : `s3://${options.bucket}`;
    this.sqs = new SQSClient({});
  }

  /** @throws BronzeError CONFIG_INVALID if nothing names the region or credentials */
  static async open(options: AwsOptions): Promise<AwsTarget> {
    // Set in the environment because the SDK reads them there for every client and credential provider.
    const chosen = { AWS_PROFILE: options.profile, AWS_REGION: options.region, AWS_ENDPOINT_URL: options.endpoint };
    for (const [name, value] of Object.entries(chosen)) if (value !== undefined) process.env[name] = value;
    const target = new AwsTarget(options);
    await target.#assertAccess();
    return target;
  }

  /** The data bucket. @throws BronzeError CONFIG_INVALID if nothing names it */
  get objects(): S3ObjectStore {
    const { bucket } = this.given;
    if (!bucket) throw usageError('no bucket is given', `Pass --bucket, or set S3_BUCKET_NAME. ${ON_THIS_MACHINE}`);
    this.#s3 ??= new S3ObjectStore(new S3Client({}), bucket);
    return this.#s3;
  }

  placeOf(key: string): string {
    return `${this.name}/${key}`;
  }

  async readCheckpoints(): Promise<ReadonlyMap<string, Checkpoint | undefined>> {
    return this.#checkpoints().readAll();
  }

  async open(): Promise<WritableTarget> {
    const { objects } = this;
    const requests = {
      send: async (messages: readonly ExtractRequest[]) => {
        const queue_url = await this.queueUrl('extract');
        await new SqsTaskQueue<ExtractRequest>(this.sqs, { queue_url }).send(messages);
      },
    };
    return { objects, checkpoints: this.#checkpoints(), requests };
  }

  #checkpoints(): CheckpointStore {
    return openCheckpoints(this.objects, tableInEnvironment());
  }

  /** Each with its reason, if a failure record in the bucket has it. Messages that another command holds are missing. */
  async deadLetters(): Promise<readonly DeadLetter[]> {
    const listed = await Promise.all(QUEUES.map(async (queue) => (await this.deadLetterQueue(queue)).list()));
    const letters = QUEUES.flatMap((queue, index) => (listed[index] ?? []).map((letter) => ({ queue, letter })));
    const records = await this.#recordsFor(letters.map(({ letter }) => letter));
    const explained = letters.map(({ queue, letter }) => toDeadLetter(queue, letter, recordOf(letter, records)));
    return explained.toSorted((a, b) => (b.failed_at_ms ?? 0) - (a.failed_at_ms ?? 0));
  }

  replayDeadLetters(letters: readonly DeadLetter[]): Promise<readonly string[]> {
    return this.#take(letters, (queue, isChosen) => queue.replay(isChosen));
  }

  dropDeadLetters(letters: readonly DeadLetter[]): Promise<readonly string[]> {
    return this.#take(letters, (queue, isChosen) => queue.drop(isChosen));
  }

  async failureRecordOf({
    message_id,
    body,
    record_key,
    sent_at_ms = 0,
  }: DeadLetter): Promise<FailureRecord | undefined> {
    const letter = { message_id, body, record_key, sent_at: new Date(sent_at_ms).toISOString() };
    return recordOf(letter, await this.#recordsFor([letter]));
  }

  async #take(
    letters: readonly DeadLetter[],
    act: (queue: SqsDeadLetters, isChosen: (letter: SqsDeadLetter) => boolean) => Promise<SqsDeadLetter[]>,
  ): Promise<string[]> {
    const taken: SqsDeadLetter[] = [];
    for (const [name, chosen] of Map.groupBy(letters, ({ queue }) => queue)) {
      const ids = new Set(chosen.map(({ message_id }) => message_id));
      taken.push(...(await act(await this.deadLetterQueue(name), ({ message_id }) => ids.has(message_id))));
    }
    return taken.map(({ message_id }) => message_id);
  }

  async activity(): Promise<Activity> {
    return { kind: 'counted', queues: await Promise.all(QUEUES.map((queue) => this.#depthOf(queue))) };
  }

  close(): void {
    this.sqs.destroy();
  }

  /**
   * URL of a queue of the stack: `EcomIngestionStack-extract`, `EcomIngestionStack-extract-dlq`.
   * @throws BronzeError QUEUE_MISSING, QUEUE_DENIED, QUEUE_UNREACHABLE
   */
  async queueUrl(name: QueueName | `${QueueName}-dlq`): Promise<string> {
    const QueueName = `${this.given.stack}-${name}`;
    const found = await this.sqs.send(new GetQueueUrlCommand({ QueueName })).catch((thrown: unknown) => {
      throw sqsFailure(QueueName, 'sqs:GetQueueUrl', thrown);
    });
    return found.QueueUrl ?? '';
  }

  async deadLetterQueue(name: QueueName): Promise<SqsDeadLetters> {
    const [source_queue_url, dead_letter_queue_url] = [await this.queueUrl(name), await this.queueUrl(`${name}-dlq`)];
    return new SqsDeadLetters(this.sqs, { source_queue_url, dead_letter_queue_url });
  }

  /** A message is dead from when it was sent at the earliest, and SQS keeps it for 14 days. */
  async #recordsFor(letters: readonly Pick<SqsDeadLetter, 'sent_at'>[]): Promise<FailureRecord[]> {
    const [oldest] = letters.map(({ sent_at }) => sent_at).toSorted();
    if (oldest === undefined) return [];
    return failureRecords(this.objects, { since: timestamp(oldest), until: new SystemClock().now() });
  }

  async #depthOf(queue: QueueName): Promise<QueueDepth> {
    const QueueUrl = await this.queueUrl(queue);
    const command = new GetQueueAttributesCommand({ QueueUrl, AttributeNames: Object.values(COUNTS) });
    const { Attributes = {} } = await this.sqs.send(command).catch((thrown: unknown) => {
      throw sqsFailure(QueueUrl, 'sqs:GetQueueAttributes', thrown);
    });
    const count = (name: keyof typeof COUNTS) => Number(Attributes[COUNTS[name]] ?? 0);
    return { queue, waiting: count('waiting'), in_flight: count('in_flight'), delayed: count('delayed') };
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
}

const COUNTS = {
  waiting: 'ApproximateNumberOfMessages',
  in_flight: 'ApproximateNumberOfMessagesNotVisible',
  delayed: 'ApproximateNumberOfMessagesDelayed',
} as const;

function toDeadLetter(queue: QueueName, letter: SqsDeadLetter, record: FailureRecord | undefined): DeadLetter {
  const { message_id, entity, body, receive_count, record_key = record?.key } = letter;
  const sent_at_ms = Date.parse(letter.sent_at);
  const failed_at_ms = record ? Date.parse(record.failed_at) : sent_at_ms;
  const failure = record ? failureOf(record) : withoutRecord(letter);
  return { message_id, queue, entity, body, failure, failed_at_ms, sent_at_ms, receive_count, record_key };
}

/** Of a copy that names its record, which somebody has deleted since, only the code is known. */
function withoutRecord({ code, record_key }: SqsDeadLetter): Failure | undefined {
  if (code === undefined) return undefined;
  const message = `its failure record is not there: ${record_key ?? ''}`;
  return {
    code,
    kind: Reflect.get(FAILURE_KINDS, code) ?? 'bug',
    message,
    hint: 'docs/runbook.md says what the code means.',
  } as Failure;
}

/** The SDK's own words where it looked for credentials; those of a service that it asked may hold an account or an ARN. */
function whyNone(thrown: unknown): string {
  const isOfSdk = thrown instanceof Error && thrown.name === 'CredentialsProviderError';
  return isOfSdk ? (thrown.message.split('\n', 1)[0] ?? '') : errorName(thrown);
}
