import { CATALOG_VARIABLES, type CatalogNames, DEFAULT_NAMES } from '@bronze/common/load/catalog-names';
import { BRONZE_PREFIX } from '@bronze/common/load/object-keys';
import { Duration } from 'aws-cdk-lib';
import type { ISecurityGroup, IVpc } from 'aws-cdk-lib/aws-ec2';
import { Metric } from 'aws-cdk-lib/aws-cloudwatch';
import { type Grant, type IGrantable, PolicyStatement } from 'aws-cdk-lib/aws-iam';
import type { Code, Function as LambdaFunction, IFunction } from 'aws-cdk-lib/aws-lambda';
import { SqsEventSource } from 'aws-cdk-lib/aws-lambda-event-sources';
import type { IBucket } from 'aws-cdk-lib/aws-s3';
import type { ISecret } from 'aws-cdk-lib/aws-secretsmanager';
import type { Queue } from 'aws-cdk-lib/aws-sqs';
import { Construct } from 'constructs';
import { CheckpointTable } from './checkpoint-table.ts';
import { DataBucket } from './data-bucket.ts';
import { BUCKET_RIGHTS, grantBucket } from './permissions.ts';
import { PipelineFunction } from './pipeline-function.ts';
import { Schedules } from './schedules.ts';
import { TaskQueue } from './task-queue.ts';

export type PipelineFunctionName = 'planner' | 'freshness' | 'catalog' | 'extractor' | 'writer';

export interface BronzePipelineProps {
  /** Prefix of the names of functions and queues: `EcomIngestionStack`. */
  readonly prefix: string;
  readonly code: Readonly<Record<PipelineFunctionName, Code>>;
  /** Default: a new bucket. An existing one needs a policy of its own against unconditional puts (docs/aws.md). */
  readonly bucket?: IBucket | undefined;
  /** Variables that the configuration's references name, such as `PAYMENTS_API_URL` or `RDS_SECRET_ARN`. */
  readonly environment: Readonly<Record<string, string>>;
  /** The secrets that the sources' logins and keys are in: the extractor may read these, and no others. */
  readonly secrets: readonly ISecret[];
  /** VPC of the database; default: none, for a database that is reachable without. */
  readonly vpc?: IVpc | undefined;
  readonly securityGroups?: ISecurityGroup[] | undefined;
  /** Where a new pipeline keeps its checkpoints; default `s3`. An existing one moves them: docs/checkpoints.md. */
  readonly checkpointStore?: 's3' | 'dynamodb' | undefined;
  /** `INCREMENTAL` or `FULL` */
  readonly loadType?: string | undefined;
  /** Hour of the daily run, in UTC: 0 to 23, default 2. */
  readonly hour?: number | undefined;
  /** Number of extractors, and of writers, that are kept warm; they cost money even when idle. Default: none. */
  readonly provisionedConcurrency?: number | undefined;
  /** How many extractors may run at once; default 5. */
  readonly extractorsAtOnce?: number | undefined;
  /** How many writers may run at once; default 10. */
  readonly writersAtOnce?: number | undefined;
  /** What the catalog's database and tables are called; default: {@link DEFAULT_NAMES}. */
  readonly catalogNames?: CatalogNames | undefined;
}

/** Lambda's maximum. */
const TIMEOUT = Duration.minutes(15);
const MEMORY_MB = 2048;
/** Lambda's maximum, because DuckDB spills wide tasks to disk. */
const WRITER_SCRATCH_MB = 10_240;

/** The whole pipeline: bucket, queues, functions and schedules. */
export class BronzePipeline extends Construct {
  readonly bucket: IBucket;
  /** Undefined unless `checkpointStore` is `dynamodb`. */
  readonly checkpoints: CheckpointTable | undefined;
  readonly extractQueue: TaskQueue;
  readonly writeQueue: TaskQueue;
  readonly functions: Readonly<Record<PipelineFunctionName, LambdaFunction>>;
  readonly schedules: Schedules;

  constructor(scope: Construct, id: string, props: BronzePipelineProps) {
    super(scope, id);
    this.bucket = props.bucket ?? new DataBucket(this, 'Data', {}).bucket;
    this.extractQueue = new TaskQueue(this, 'Extract', {
      queueName: `${props.prefix}-extract`,
      functionTimeout: TIMEOUT,
    });
    this.writeQueue = new TaskQueue(this, 'Write', { queueName: `${props.prefix}-write`, functionTimeout: TIMEOUT });
    this.functions = {
      planner: this.#planner(props),
      extractor: this.#extractor(props),
      writer: this.#writer(props),
      freshness: this.#freshness(props),
      catalog: this.#catalog(props),
    };
    this.checkpoints = props.checkpointStore === 'dynamodb' ? new CheckpointTable(this, 'Checkpoints') : undefined;
    this.checkpoints?.serve(this.functions);
    this.schedules = new Schedules(this, 'Schedules', { ...this.functions, hour: props.hour ?? 2 });
  }

  /** Lets the grantee request loads of entities, outside the schedule. */
  grantEnqueue(grantee: IGrantable): Grant {
    return this.extractQueue.queue.grantSendMessages(grantee);
  }

  /** Lets the grantee read `data/bronze/`, and nothing else in the bucket. */
  grantReadBronze(grantee: IGrantable): Grant {
    return this.bucket.grantRead(grantee, `${BRONZE_PREFIX}*`);
  }

  /** One of Bronze’s own metrics for an entity, such as `RowsWritten` of the `writer`; docs/aws.md lists them. */
  metric(name: string, { service, entity }: { readonly service: string; readonly entity: string }): Metric {
    return new Metric({ namespace: 'Bronze', metricName: name, dimensionsMap: { service, entity } });
  }

  #planner(props: BronzePipelineProps): LambdaFunction {
    const planner = new PipelineFunction(this, 'Planner', {
      functionName: `${props.prefix}-IngestionFunction`,
      description: 'Reads the checkpoints and requests one load per entity',
      code: props.code.planner,
      timeout: Duration.minutes(1),
      memoryMb: 512,
      environment: {
        S3_BUCKET_NAME: this.bucket.bucketName,
        EXTRACT_QUEUE_URL: this.extractQueue.queue.queueUrl,
        LOAD_TYPE: props.loadType ?? 'INCREMENTAL',
        // The planner reads none of these: they only show a person where the pipeline reads from.
        ...props.environment,
      },
    }).function;
    grantBucket(this.bucket, planner, BUCKET_RIGHTS.planner);
    grantSend(planner, this.extractQueue.queue);
    return planner;
  }

  #extractor(props: BronzePipelineProps): LambdaFunction {
    const { function: extractor, live } = new PipelineFunction(this, 'Extractor', {
      provisionedConcurrency: props.provisionedConcurrency,
      functionName: `${props.prefix}-ExtractorFunction`,
      description: 'Reads an entity’s window from its source and stages it',
      code: props.code.extractor,
      timeout: TIMEOUT,
      memoryMb: MEMORY_MB,
      vpc: props.vpc,
      securityGroups: props.securityGroups,
      continuesItself: true,
      environment: {
        S3_BUCKET_NAME: this.bucket.bucketName,
        EXTRACT_QUEUE_URL: this.extractQueue.queue.queueUrl,
        EXTRACT_DLQ_URL: this.extractQueue.deadLetters.queueUrl,
        WRITE_QUEUE_URL: this.writeQueue.queue.queueUrl,
        ...props.environment,
        // Lambda's Node.js runtimes since 20 don't load the certificate authorities of RDS by themselves.
        NODE_EXTRA_CA_CERTS: '/var/runtime/ca-cert.pem',
      },
    });
    grantBucket(this.bucket, extractor, BUCKET_RIGHTS.extractor);
    grantSend(extractor, this.extractQueue.queue, this.extractQueue.deadLetters, this.writeQueue.queue);
    for (const secret of props.secrets) secret.grantRead(extractor);
    feed(live, this.extractQueue.queue, props.extractorsAtOnce ?? 5);
    return extractor;
  }

  #writer(props: BronzePipelineProps): LambdaFunction {
    const { function: writer, live } = new PipelineFunction(this, 'Writer', {
      provisionedConcurrency: props.provisionedConcurrency,
      functionName: `${props.prefix}-WriterFunction`,
      description: 'Writes staged batches as Parquet and moves the checkpoint',
      code: props.code.writer,
      timeout: TIMEOUT,
      memoryMb: MEMORY_MB,
      scratchMb: WRITER_SCRATCH_MB,
      continuesItself: true,
      environment: {
        S3_BUCKET_NAME: this.bucket.bucketName,
        EXTRACT_QUEUE_URL: this.extractQueue.queue.queueUrl,
        WRITE_QUEUE_URL: this.writeQueue.queue.queueUrl,
        WRITE_DLQ_URL: this.writeQueue.deadLetters.queueUrl,
        PARQUET_ENGINE: 'duckdb',
      },
    });
    grantBucket(this.bucket, writer, BUCKET_RIGHTS.writer);
    grantSend(writer, this.extractQueue.queue, this.writeQueue.deadLetters);
    feed(live, this.writeQueue.queue, props.writersAtOnce ?? 10);
    return writer;
  }

  #freshness(props: BronzePipelineProps): LambdaFunction {
    const freshness = new PipelineFunction(this, 'Freshness', {
      functionName: `${props.prefix}-FreshnessFunction`,
      description: 'Measures how far each entity is behind',
      code: props.code.freshness,
      timeout: Duration.minutes(1),
      memoryMb: 256,
      environment: { S3_BUCKET_NAME: this.bucket.bucketName },
    }).function;
    grantBucket(this.bucket, freshness, BUCKET_RIGHTS.freshness);
    return freshness;
  }

  /** Its rights to the catalog come with the {@link Catalog} itself. */
  #catalog(props: BronzePipelineProps): LambdaFunction {
    const names = props.catalogNames ?? DEFAULT_NAMES;
    const catalog = new PipelineFunction(this, 'Catalog', {
      functionName: `${props.prefix}-CatalogFunction`,
      description: 'Makes the tables of the Glue catalog from load records',
      code: props.code.catalog,
      timeout: TIMEOUT,
      memoryMb: 1024,
      environment: {
        S3_BUCKET_NAME: this.bucket.bucketName,
        [CATALOG_VARIABLES.database]: names.database,
        [CATALOG_VARIABLES.bronze]: names.bronze,
        [CATALOG_VARIABLES.log]: names.log,
        [CATALOG_VARIABLES.loads]: names.loads,
      },
    }).function;
    grantBucket(this.bucket, catalog, BUCKET_RIGHTS.catalog);
    return catalog;
  }
}

function grantSend(to: LambdaFunction, ...queues: readonly Queue[]): void {
  to.addToRolePolicy(
    new PolicyStatement({ actions: ['sqs:SendMessage'], resources: queues.map((queue) => queue.queueArn) }),
  );
}

function feed(to: IFunction, from: Queue, maxConcurrency: number): void {
  to.addEventSource(new SqsEventSource(from, { batchSize: 1, reportBatchItemFailures: true, maxConcurrency }));
}
