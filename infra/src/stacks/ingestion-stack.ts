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
import { Catalog } from '@bronze/constructs/catalog';
import type { CatalogNames } from '@bronze/common/load/catalog-names';
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
  readonly catalogNames: CatalogNames;
  readonly entities: readonly string[];
  /** Of entities that get a saved query for their latest rows. */
  readonly queryKeys: Readonly<Record<string, QueryKey>>;
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
      catalogNames: props.catalogNames,
    });
    this.#observe(props);
    Tags.of(this).add('application', 'bronze');
    new CfnOutput(this, 'BucketName', { value: this.pipeline.bucket.bucketName });
    const { checkpoints } = this.pipeline;
    if (checkpoints) new CfnOutput(this, 'CheckpointTable', { value: checkpoints.table.tableName });
    acknowledgeIngestion(this, this.pipeline);
  }

  #observe({ entities, queryKeys: keys, catalogNames: names, alarmTopicArn }: IngestionStackProps): void {
    const { pipeline } = this;
    const { bucket, functions } = pipeline;
    const topic = alarmTopicArn === undefined ? undefined : Topic.fromTopicArn(this, 'AlarmTopic', alarmTopicArn);
    const alarms = new Alarms(this, 'Alarms', { pipeline, topic, entities });
    new PipelineDashboard(this, 'Dashboard', { name: this.stackName, pipeline, alarms: alarms.all });
    new Catalog(this, 'Catalog', { names, entities, function: functions.catalog });
    new Queries(this, 'Queries', { name: this.stackName, names, bucket, keys });
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
