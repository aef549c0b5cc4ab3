import type { Config } from '@bronze/common/config';
import { NAMESPACE, PIPELINE_VARIABLE, type PipelineTotal } from '@bronze/common/adapters/aws/metrics';
import { BRONZE_PREFIX } from '@bronze/common/load/object-keys';
import { Duration, Names, Stack } from 'aws-cdk-lib';
import { Metric, type MetricOptions } from 'aws-cdk-lib/aws-cloudwatch';
import type { Grant, IGrantable } from 'aws-cdk-lib/aws-iam';
import type { Function as LambdaFunction, IFunction } from 'aws-cdk-lib/aws-lambda';
import type { IBucket } from 'aws-cdk-lib/aws-s3';
import type { Queue } from 'aws-cdk-lib/aws-sqs';
import { Construct } from 'constructs';
import { catalogFunction } from './catalog-function.ts';
import { CheckpointTable } from './checkpoint-table.ts';
import { bundledCode, type FunctionCode } from './code.ts';
import { readConfiguration } from './configuration.ts';
import { DataBucket } from './data-bucket.ts';
import { VpcEndpoints } from './endpoints.ts';
import type { FunctionName } from './function-names.ts';
import { needsOf } from './needs.ts';
import { Orchestration } from './orchestration.ts';
import {
  BUCKET_RIGHTS,
  grantBucket,
  grantDatabaseUsers,
  grantKey,
  grantReceive,
  grantSecrets,
  grantSend,
} from './permissions.ts';
import { PipelineFunction } from './pipeline-function.ts';
import { type BronzePipelineProps, checkProps, type FunctionSettings } from './pipeline-props.ts';
import { Schedules } from './schedules.ts';
import { TaskQueue } from './task-queue.ts';
import { supply, type Supplied } from './values.ts';

/** Lambda's maximum. */
const TIMEOUT_MINUTES = 15;
const MEMORY_MB = 2048;
/** Lambda's maximum, because DuckDB spills wide tasks to disk. */
const WRITER_SCRATCH_MB = 10_240;
/** Of the daily run, in UTC. */
const HOUR = 2;
const EXTRACTORS_AT_ONCE = 5;
const WRITERS_AT_ONCE = 10;

/** What all functions are made from. */
interface Parts extends Supplied {
  readonly props: BronzePipelineProps;
  readonly name: string;
  readonly code: FunctionCode;
}

/** The whole pipeline of one configuration: bucket, queues, functions and schedules. */
export class BronzePipeline extends Construct {
  readonly config: Config;
  /** Begins the names of functions and queues, and is the dimension `pipeline` of its metrics. */
  readonly name: string;
  readonly bucket: IBucket;
  /** Undefined unless `checkpointStore` is `dynamodb`. */
  readonly checkpoints: CheckpointTable | undefined;
  readonly extractQueue: TaskQueue;
  readonly writeQueue: TaskQueue;
  readonly functions: Readonly<Record<Exclude<FunctionName, 'orchestrator'>, LambdaFunction>>;
  /** Undefined unless `orchestration` is `stepfunctions`. */
  readonly orchestration: Orchestration | undefined;
  readonly schedules: Schedules;

  /** @throws BronzeError CONFIG_INVALID naming every missing and every wrong setting */
  constructor(scope: Construct, id: string, props: BronzePipelineProps) {
    super(scope, id);
    this.config = readConfiguration(props.config);
    checkProps(props, this.config);
    this.name = props.name ?? Stack.of(this).stackName;
    const { name } = this;
    const { key } = props;
    this.bucket = props.bucket ?? new DataBucket(this, 'Data', { key }).bucket;
    this.extractQueue = this.#queue('extract', props.extractor, props);
    this.writeQueue = this.#queue('write', props.writer, props);
    const supplied = supply(this, needsOf(this.config), props.values);
    const parts = { ...supplied, props, name, code: props.code ?? bundledCode(props.config) };
    this.functions = {
      planner: this.#planner(parts),
      extractor: this.#extractor(parts),
      writer: this.#writer(parts),
      freshness: this.#freshness(parts),
      catalog: catalogFunction(this, 'Catalog', {
        name,
        key,
        bucket: this.bucket,
        code: parts.code.catalog,
        catalogNames: props.catalogNames,
      }),
    };
    this.schedules = new Schedules(this, 'Schedules', { ...this.functions, hour: props.hour ?? HOUR });
    this.orchestration = props.orchestration === 'stepfunctions' ? this.#orchestration(parts) : undefined;
    const orchestrator = this.orchestration?.function;
    const all = [...Object.values(this.functions), ...(orchestrator ? [orchestrator] : [])];
    for (const fn of all) fn.addEnvironment(PIPELINE_VARIABLE, name);
    if (key) for (const fn of all) grantKey(fn, key, ['s3', 'sqs']);
    this.checkpoints = props.checkpointStore === 'dynamodb' ? new CheckpointTable(this, 'Checkpoints') : undefined;
    this.checkpoints?.serve({ ...this.functions, ...(orchestrator && { orchestrator }) });
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
  metric(
    metricName: string,
    { service, entity, ...options }: MetricOptions & { readonly service: string; readonly entity: string },
  ): Metric {
    const dimensionsMap = { pipeline: this.name, service, entity };
    return new Metric({ ...options, namespace: NAMESPACE, metricName, dimensionsMap });
  }

  /** One of Bronze’s own metrics for all entities together. */
  total(metricName: PipelineTotal, options: MetricOptions): Metric {
    return new Metric({ ...options, namespace: NAMESPACE, metricName, dimensionsMap: { pipeline: this.name } });
  }

  #queue(what: 'extract' | 'write', settings: FunctionSettings | undefined, { key }: BronzePipelineProps): TaskQueue {
    return new TaskQueue(this, what === 'extract' ? 'Extract' : 'Write', {
      queueName: `${this.name}-${what}`,
      functionTimeout: timeoutOf(settings),
      key,
    });
  }

  #orchestration({ props, name, code }: Parts): Orchestration {
    return new Orchestration(this, 'Orchestration', {
      name,
      config: this.config,
      code: code.orchestrator,
      bucket: this.bucket,
      extractQueue: this.extractQueue.queue,
      deadLetters: this.schedules.deadLetters,
      planner: this.functions.planner,
      key: props.key,
    });
  }

  #planner({ props, name, code, environment }: Parts): LambdaFunction {
    const planner = new PipelineFunction(this, 'Planner', {
      functionName: `${name}-IngestionFunction`,
      description: 'Reads the checkpoints and requests one load per entity',
      code: code.planner,
      timeout: Duration.minutes(1),
      memoryMb: 512,
      key: props.key,
      environment: {
        S3_BUCKET_NAME: this.bucket.bucketName,
        EXTRACT_QUEUE_URL: this.extractQueue.queue.queueUrl,
        LOAD_TYPE: props.loadType?.toUpperCase() ?? 'INCREMENTAL',
        // The planner reads none of these: they only show a person where the pipeline reads from.
        ...environment,
      },
    }).function;
    grantBucket(this.bucket, planner, BUCKET_RIGHTS.planner);
    grantSend(planner, this.extractQueue.queue);
    return planner;
  }

  #extractor({ props, name, code, environment, headers, secrets }: Parts): LambdaFunction {
    const settings = props.extractor ?? {};
    const { function: extractor, live } = new PipelineFunction(this, 'Extractor', {
      ...settings,
      functionName: `${name}-ExtractorFunction`,
      description: 'Reads an entity’s window from its source and stages it',
      code: code.extractor,
      timeout: timeoutOf(settings),
      memoryMb: settings.memoryMb ?? MEMORY_MB,
      key: props.key,
      vpc: props.vpc,
      vpcSubnets: props.vpcSubnets,
      securityGroups: props.securityGroups,
      continuesItself: true,
      environment: {
        S3_BUCKET_NAME: this.bucket.bucketName,
        EXTRACT_QUEUE_URL: this.extractQueue.queue.queueUrl,
        EXTRACT_DLQ_URL: this.extractQueue.deadLetters.queueUrl,
        WRITE_QUEUE_URL: this.writeQueue.queue.queueUrl,
        ...environment,
        ...headers,
        // Lambda's Node.js runtimes since 20 don't load the certificate authorities of RDS by themselves.
        NODE_EXTRA_CA_CERTS: '/var/runtime/ca-cert.pem',
      },
    });
    grantBucket(this.bucket, extractor, BUCKET_RIGHTS.extractor);
    grantSend(extractor, this.extractQueue.queue, this.extractQueue.deadLetters, this.writeQueue.queue);
    grantSecrets(extractor, secrets, props.secretKeys ?? []);
    grantDatabaseUsers(extractor, Object.values(props.databaseUsers ?? {}));
    if (props.vpc && props.vpcEndpoints) new VpcEndpoints(this, 'Endpoints', { vpc: props.vpc, from: extractor });
    grantReceive(extractor, this.extractQueue.queue);
    feed(live, this.extractQueue.queue, settings.atOnce ?? EXTRACTORS_AT_ONCE);
    return extractor;
  }

  #writer({ props, name, code }: Parts): LambdaFunction {
    const settings = props.writer ?? {};
    const { function: writer, live } = new PipelineFunction(this, 'Writer', {
      ...settings,
      functionName: `${name}-WriterFunction`,
      description: 'Writes staged batches as Parquet and moves the checkpoint',
      code: code.writer,
      timeout: timeoutOf(settings),
      memoryMb: settings.memoryMb ?? MEMORY_MB,
      key: props.key,
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
    grantReceive(writer, this.writeQueue.queue);
    feed(live, this.writeQueue.queue, settings.atOnce ?? WRITERS_AT_ONCE);
    return writer;
  }

  #freshness({ props, name, code }: Parts): LambdaFunction {
    const freshness = new PipelineFunction(this, 'Freshness', {
      functionName: `${name}-FreshnessFunction`,
      description: 'Measures how far each entity is behind, and whether the schedule ran',
      code: code.freshness,
      timeout: Duration.minutes(1),
      memoryMb: 256,
      key: props.key,
      environment: { S3_BUCKET_NAME: this.bucket.bucketName, SCHEDULE_HOUR: String(props.hour ?? HOUR) },
    }).function;
    grantBucket(this.bucket, freshness, BUCKET_RIGHTS.freshness);
    return freshness;
  }
}

function timeoutOf(settings: FunctionSettings | undefined): Duration {
  return Duration.minutes(settings?.timeoutMinutes ?? TIMEOUT_MINUTES);
}

/** Its id is that of CDK's SqsEventSource, which grants more than Lambda needs. */
function feed(to: IFunction, from: Queue, maxConcurrency: number): void {
  to.addEventSourceMapping(`SqsEventSource:${Names.nodeUniqueId(from.node)}`, {
    eventSourceArn: from.queueArn,
    batchSize: 1,
    reportBatchItemFailures: true,
    maxConcurrency,
  });
}
