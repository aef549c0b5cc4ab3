import { CfnOutput, Stack, type StackProps, Tags } from 'aws-cdk-lib';
import { SecurityGroup, Vpc, type IVpc, type ISecurityGroup } from 'aws-cdk-lib/aws-ec2';
import type { Code } from 'aws-cdk-lib/aws-lambda';
import { Bucket } from 'aws-cdk-lib/aws-s3';
import { Secret } from 'aws-cdk-lib/aws-secretsmanager';
import { Topic } from 'aws-cdk-lib/aws-sns';
import type { Construct } from 'constructs';
import { acknowledgeIngestion } from './acknowledged.ts';
import { Alarms } from '@bronze/constructs/alarms';
import { BronzePipeline, type PipelineFunctionName } from '@bronze/constructs/bronze-pipeline';
import { Catalog, type CatalogEntity } from '@bronze/constructs/catalog';
import { PipelineDashboard } from '@bronze/constructs/dashboard';
import { Queries, type QueryKey } from '@bronze/constructs/queries';

export interface IngestionStackProps extends StackProps {
  readonly code: Readonly<Record<PipelineFunctionName, Code>>;
  readonly databaseSecretArn: string;
  readonly apiKeySecretArn: string;
  readonly paymentsApiUrl: string;
  readonly shipmentsApiUrl?: string | undefined;
  /** Name of an existing bucket; default: a new one. */
  readonly bucketName?: string | undefined;
  /** Network of the database, by ids, because synthesising looks nothing up. */
  readonly network?: Network | undefined;
  readonly alarmTopicArn?: string | undefined;
  readonly checkpointStore?: 's3' | 'dynamodb' | undefined;
  readonly loadType?: string | undefined;
  readonly hour?: number | undefined;
  readonly provisionedConcurrency?: number | undefined;
  readonly entities: readonly (CatalogEntity & QueryKey)[];
}

export interface Network {
  readonly vpcId: string;
  readonly availabilityZones: readonly string[];
  readonly subnetIds: readonly string[];
  readonly securityGroupIds: readonly string[];
}

/** The daily pipeline, with its alarms, its dashboard and its catalog. */
export class IngestionStack extends Stack {
  readonly pipeline: BronzePipeline;

  constructor(scope: Construct, id: string, props: IngestionStackProps) {
    super(scope, id, props);
    const { vpc, securityGroups } = this.#network(props.network);
    this.pipeline = new BronzePipeline(this, 'Pipeline', {
      prefix: this.stackName,
      code: props.code,
      bucket: props.bucketName === undefined ? undefined : Bucket.fromBucketName(this, 'Given', props.bucketName),
      environment: {
        RDS_SECRET_ARN: props.databaseSecretArn,
        API_KEY_SECRET_ARN: props.apiKeySecretArn,
        PAYMENTS_API_URL: props.paymentsApiUrl,
        ...(props.shipmentsApiUrl !== undefined && { SHIPMENTS_API_URL: props.shipmentsApiUrl }),
      },
      secrets: [
        Secret.fromSecretCompleteArn(this, 'DatabaseSecret', props.databaseSecretArn),
        Secret.fromSecretCompleteArn(this, 'ApiKeySecret', props.apiKeySecretArn),
      ],
      vpc,
      securityGroups,
      checkpointStore: props.checkpointStore,
      loadType: props.loadType,
      hour: props.hour,
      provisionedConcurrency: props.provisionedConcurrency,
    });
    this.#observe(props);
    Tags.of(this).add('application', 'bronze');
    new CfnOutput(this, 'BucketName', { value: this.pipeline.bucket.bucketName });
    const { checkpoints } = this.pipeline;
    if (checkpoints) new CfnOutput(this, 'CheckpointTable', { value: checkpoints.table.tableName });
    acknowledgeIngestion(this, this.pipeline);
  }

  #observe({ entities, alarmTopicArn }: IngestionStackProps): void {
    const { pipeline } = this;
    const topic = alarmTopicArn === undefined ? undefined : Topic.fromTopicArn(this, 'AlarmTopic', alarmTopicArn);
    const names = entities.map(({ name }) => name);
    const alarms = new Alarms(this, 'Alarms', { pipeline, topic, entities: names });
    new PipelineDashboard(this, 'Dashboard', { name: this.stackName, pipeline, alarms: alarms.all });
    const { bucket } = pipeline;
    const catalog = new Catalog(this, 'Catalog', { databaseName: 'bronze', bucket, entities });
    const keys = Object.fromEntries(entities.map(({ name, key, cursor }) => [name, { key, cursor }]));
    new Queries(this, 'Queries', { name: this.stackName, databaseName: catalog.databaseName, bucket, keys });
  }

  #network(network: Network | undefined): { vpc?: IVpc; securityGroups?: ISecurityGroup[] } {
    if (!network) return {};
    const vpc = Vpc.fromVpcAttributes(this, 'Vpc', {
      vpcId: network.vpcId,
      availabilityZones: [...network.availabilityZones],
      privateSubnetIds: [...network.subnetIds],
    });
    const securityGroups = network.securityGroupIds.map((groupId, index) =>
      SecurityGroup.fromSecurityGroupId(this, `SecurityGroup${index}`, groupId, { mutable: false }),
    );
    return { vpc, securityGroups };
  }
}
