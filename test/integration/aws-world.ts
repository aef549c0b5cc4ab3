import { randomUUID } from 'node:crypto';
import { CreateQueueCommand, GetQueueAttributesCommand, SendMessageCommand, SQSClient } from '@aws-sdk/client-sqs';
import { S3Client } from '@aws-sdk/client-s3';
import { LocalQueue, QueueDatabase } from '@bronze/common/adapters/local/local-queue';
import { RECEIVE_COUNT_MAX } from '@bronze/common/delivery/retry-policy';
import { S3ObjectStore } from '@bronze/common/adapters/aws/s3-object-store';
import { openCheckpoints } from '@bronze/common/adapters/aws/open-checkpoints';
import type { CheckpointStore } from '@bronze/common/load/checkpoint-store';
import { CATALOG_VARIABLES, DEFAULT_NAMES } from '@bronze/common/load/catalog-names';
import { type LoadRecord, readLoadRecord } from '@bronze/common/load/load-record';
import { DemoShop } from '@bronze/demo/source-api/demo-shop';
import { LoopbackServer } from '@bronze/demo/source-api/loopback-server';
import { AwsEndpoint } from '@bronze/emulators/aws-endpoint/aws-endpoint';
import { AwsEventSource, drainAll, type SqsHandler } from '@bronze/emulators/sqs-event-source';
import { VirtualTime } from '@bronze/emulators/virtual-time';
import type { Context } from 'aws-lambda';
import { readPart, type BronzeRow } from '../bronze-folder.ts';

export const BUCKET = 'shop-bronze';
export const STACK = 'EcomIngestionStack';
const FUNCTION_TIMEOUT_MS = 15 * 60_000;

/** As the API's stack makes one: 48 letters and digits. */
export const SHOP_KEY = 'Kf3vW8qZr1Tn6Yb0Xc5Lm9Ps2Dh7Gj4Aa8Ee3Ii6Oo1Uu5Qw';

type Handler<Event, Answer> = (event: Event, context: Context) => Promise<Answer>;

/** The Lambda handlers, from the sources or from the deployed bundles. */
export interface Functions {
  readonly planner: Handler<unknown, { planned: { entity: string; load_id: string; load_type: string }[] }>;
  readonly freshness: Handler<unknown, { entity: string; lag_seconds: number }[]>;
  readonly extractor: SqsHandler;
  readonly writer: SqsHandler;
}

/** As the template has it: six times the function's. */
const VISIBILITY_SECONDS = (6 * FUNCTION_TIMEOUT_MS) / 1000;

/** AWS on one local port, in a time of its own, with a database login and an API key in Secrets Manager, and the functions on its queues. */
export class AwsWorld {
  readonly endpoint: AwsEndpoint;
  readonly shop: DemoShop;
  readonly objects: S3ObjectStore;
  readonly checkpoints: CheckpointStore;
  readonly sqs: SQSClient;
  /** That of the queues and of what delivers their messages: hours of visibility timeouts take no time. */
  readonly time: VirtualTime;
  readonly #messages: QueueDatabase;
  readonly #api: LoopbackServer;
  readonly #queues = new Map<string, string>();

  private constructor({ endpoint, time, queues }: EmulatedAws, shop: DemoShop, api: LoopbackServer) {
    this.endpoint = endpoint;
    this.time = time;
    this.#messages = queues;
    this.shop = shop;
    this.#api = api;
    this.objects = new S3ObjectStore(new S3Client({ ...endpoint.client_config, forcePathStyle: true }), BUCKET);
    this.checkpoints = openCheckpoints(this.objects);
    this.sqs = new SQSClient(endpoint.client_config);
  }

  /**
   * Starts AWS and the demo shop's API, and sets `process.env` as the stack does: the functions read it once, at first.
   *
   * @param database_url the login that the secret `shop-database` holds
   */
  static async open(database_url: string): Promise<AwsWorld> {
    const secrets = { 'shop-database': database_url, 'payments-api': JSON.stringify({ api_key: SHOP_KEY }) };
    const aws = await startAws(secrets);
    const { endpoint } = aws;
    await endpoint.createBucket(BUCKET);
    const shop = new DemoShop(async () => SHOP_KEY);
    const world = new AwsWorld(aws, shop, await LoopbackServer.start(shop.api, '/v1'));
    for (const name of ['extract', 'write']) await world.#createQueue(name);
    Object.assign(process.env, endpoint.environment, world.environment, {
      RDS_SECRET_ARN: 'shop-database',
      API_KEY_SECRET_ARN: 'payments-api',
      POWERTOOLS_DEV: 'false',
    });
    return world;
  }

  get environment() {
    return {
      S3_BUCKET_NAME: BUCKET,
      EXTRACT_QUEUE_URL: this.queueUrl('extract'),
      EXTRACT_DLQ_URL: this.queueUrl('extract-dlq'),
      WRITE_QUEUE_URL: this.queueUrl('write'),
      WRITE_DLQ_URL: this.queueUrl('write-dlq'),
      PAYMENTS_API_URL: this.#api.url,
      LOAD_TYPE: 'INCREMENTAL',
      [CATALOG_VARIABLES.database]: DEFAULT_NAMES.database,
      [CATALOG_VARIABLES.bronze]: DEFAULT_NAMES.bronze,
      [CATALOG_VARIABLES.log]: DEFAULT_NAMES.log,
      [CATALOG_VARIABLES.loads]: DEFAULT_NAMES.loads,
      SCHEDULE_HOUR: '2',
    };
  }

  async close(): Promise<void> {
    await this.#api.stop();
    await this.endpoint.close();
  }

  queueUrl(name: string): string {
    return this.#queues.get(name) ?? '';
  }

  async send(body: string): Promise<void> {
    await this.sqs.send(new SendMessageCommand({ QueueUrl: this.queueUrl('extract'), MessageBody: body }));
  }

  /** Delivers to the functions until both queues are empty, for at most five real minutes. */
  async drain({ extractor, writer }: Pick<Functions, 'extractor' | 'writer'>): Promise<void> {
    const { sqs: client, time } = this;
    const common = { client, time, function_timeout_ms: FUNCTION_TIMEOUT_MS, concurrency: 2, batch_size: 1 };
    const sources = [
      { name: 'extract', function_name: 'extractor', handler: extractor },
      { name: 'write', function_name: 'writer', handler: writer },
    ].map(({ name, ...one }) => {
      const queue = new LocalQueue(this.#messages, `${STACK}-${name}`);
      const nextVisibleAtMs = () => queue.nextVisibleAtMs();
      return AwsEventSource.open({ ...common, queue_url: this.queueUrl(name), nextVisibleAtMs, ...one });
    });
    await drainAll(await Promise.all(sources), 290_000);
  }

  async depth(name: string): Promise<number> {
    const command = new GetQueueAttributesCommand({
      QueueUrl: this.queueUrl(name),
      AttributeNames: ['ApproximateNumberOfMessages'],
    });
    return Number((await this.sqs.send(command)).Attributes?.['ApproximateNumberOfMessages']);
  }

  async record(entity: string): Promise<LoadRecord | undefined> {
    const { checkpoint } = await this.checkpoints.read(entity);
    const load_id = checkpoint?.last_load_id;
    return load_id === undefined ? undefined : readLoadRecord(this.objects, { entity, load_id });
  }

  async rows(entity: string): Promise<BronzeRow[]> {
    const rows: BronzeRow[] = [];
    for (const key of await this.objects.list(`data/bronze/${entity}/`)) {
      rows.push(...(await readPart((await this.objects.get(key))?.body ?? new Uint8Array())));
    }
    return rows;
  }

  async text(prefix: string): Promise<string> {
    const keys = await this.objects.list(prefix);
    const bodies = await Promise.all(keys.map(async (key) => Buffer.from((await this.objects.get(key))?.body ?? [])));
    return bodies.join('');
  }

  async #createQueue(name: string): Promise<void> {
    const dead = await this.#create(`${name}-dlq`, {});
    const attributes = await this.sqs.send(
      new GetQueueAttributesCommand({ QueueUrl: dead, AttributeNames: ['QueueArn'] }),
    );
    const redrive = { deadLetterTargetArn: attributes.Attributes?.['QueueArn'], maxReceiveCount: RECEIVE_COUNT_MAX };
    await this.#create(name, {
      VisibilityTimeout: String(VISIBILITY_SECONDS),
      RedrivePolicy: JSON.stringify(redrive),
    });
  }

  async #create(name: string, Attributes: Record<string, string>): Promise<string> {
    const { QueueUrl = '' } = await this.sqs.send(
      new CreateQueueCommand({ QueueName: `${STACK}-${name}`, Attributes }),
    );
    this.#queues.set(name, QueueUrl);
    return QueueUrl;
  }
}

interface EmulatedAws {
  readonly endpoint: AwsEndpoint;
  readonly time: VirtualTime;
  readonly queues: QueueDatabase;
}

async function startAws(secrets: Readonly<Record<string, string>>): Promise<EmulatedAws> {
  const time = new VirtualTime();
  const queues = new QueueDatabase({ path: ':memory:', now_ms: () => time.nowMs(), newId: randomUUID });
  return { endpoint: await AwsEndpoint.start({ databases: [DEFAULT_NAMES.database], secrets, queues }), time, queues };
}

/** The context of a Lambda invocation, as far as the functions use it. */
export function lambdaContext(remaining_ms = FUNCTION_TIMEOUT_MS): Context {
  return {
    callbackWaitsForEmptyEventLoop: false,
    functionName: `${STACK}-test`,
    functionVersion: '$LATEST',
    invokedFunctionArn: 'arn:aws:lambda:us-east-1:000000000000:function:test',
    memoryLimitInMB: '2048',
    awsRequestId: '00000000-0000-4000-8000-000000000000',
    logGroupName: '/aws/lambda/test',
    logStreamName: 'test',
    getRemainingTimeInMillis: () => remaining_ms,
    done: () => undefined,
    fail: () => undefined,
    succeed: () => undefined,
  };
}
