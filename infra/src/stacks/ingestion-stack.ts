import { CfnOutput, Stack, type StackProps, Tags } from 'aws-cdk-lib';
import { SecurityGroup, Vpc, type IVpc, type ISecurityGroup } from 'aws-cdk-lib/aws-ec2';
import { Key } from 'aws-cdk-lib/aws-kms';
import { Bucket } from 'aws-cdk-lib/aws-s3';
import { type ITopic, Topic } from 'aws-cdk-lib/aws-sns';
import type { Construct, IConstruct } from 'constructs';
import { acknowledgePipeline } from '@bronze/constructs/acknowledged';
import type { CatalogNames } from '@bronze/common/load/catalog-names';
import { AlarmTopic } from '@bronze/constructs/alarm-topic';
import { Alarms } from '@bronze/constructs/alarms';
import { BronzePipeline } from '@bronze/constructs/bronze-pipeline';
import type { BronzePipelineProps } from '@bronze/constructs/pipeline-props';
import { Catalog } from '@bronze/constructs/catalog';
import { PipelineDashboard } from '@bronze/constructs/dashboard';
import { Queries } from '@bronze/constructs/queries';
import { queryKeys } from './query-keys.ts';

type Passed =
  | 'config'
  | 'values'
  | 'databaseUsers'
  | 'checkpointStore'
  | 'orchestration'
  | 'loadType'
  | 'hour'
  | 'extractor'
  | 'writer'
  | 'code';

export interface IngestionStackProps extends StackProps, Pick<BronzePipelineProps, Passed> {
  readonly catalogNames: CatalogNames;
  /** Name of an existing bucket; default: a new one. */
  readonly bucketName?: string | undefined;
  readonly keyArn?: string | undefined;
  readonly secretKeyArns?: readonly string[] | undefined;
  /** Network of the database, by ids, because synthesising looks nothing up. */
  readonly network?: Network | undefined;
  /** Whom alarms notify; `undefined`: nobody, they show in CloudWatch only. */
  readonly alarmsTo: AlarmsTo | undefined;
  /** Address of docs/runbook.md, for links in alarms. */
  readonly runbookUrl?: string | undefined;
}

/** An address of a topic that the stack makes, or an existing topic. */
export type AlarmsTo = { readonly email: string } | { readonly topicArn: string };

export interface Network {
  readonly vpcId: string;
  readonly availabilityZones: readonly string[];
  readonly subnetIds: readonly string[];
  /** One for each subnet, if `endpoints` are to be made. */
  readonly routeTableIds?: readonly string[];
  readonly securityGroupIds: readonly string[];
  readonly endpoints?: boolean;
}

/** Tags everything but dashboards: the CDK would, but the published schema of CloudFormation does not know that (E3002 of cfn-lint). */
export function tagAll(scope: IConstruct, tags: Readonly<Record<string, string>>): void {
  const excludeResourceTypes = ['AWS::CloudWatch::Dashboard'];
  for (const [name, value] of Object.entries(tags)) Tags.of(scope).add(name, value, { excludeResourceTypes });
}

/** The daily pipeline, with its alarms, its dashboard and its catalog. */
export class IngestionStack extends Stack {
  readonly pipeline: BronzePipeline;

  constructor(scope: Construct, id: string, props: IngestionStackProps) {
    super(scope, id, props);
    const { keyArn, secretKeyArns = [] } = props;
    this.pipeline = new BronzePipeline(this, 'Pipeline', {
      config: props.config,
      values: props.values,
      databaseUsers: props.databaseUsers,
      bucket: props.bucketName === undefined ? undefined : Bucket.fromBucketName(this, 'Given', props.bucketName),
      key: keyArn === undefined ? undefined : Key.fromKeyArn(this, 'Key', keyArn),
      secretKeys: secretKeyArns.map((arn, index) => Key.fromKeyArn(this, `SecretKey${index}`, arn)),
      ...this.#network(props.network),
      checkpointStore: props.checkpointStore,
      orchestration: props.orchestration,
      catalogNames: props.catalogNames,
      loadType: props.loadType,
      hour: props.hour,
      extractor: props.extractor,
      writer: props.writer,
      code: props.code,
    });
    this.#observe(props);
    tagAll(this, { application: 'bronze' });
    new CfnOutput(this, 'BucketName', { value: this.pipeline.bucket.bucketName });
    const { checkpoints } = this.pipeline;
    if (checkpoints) new CfnOutput(this, 'CheckpointTable', { value: checkpoints.table.tableName });
    if (props.network) this.#outputSecurityGroups();
    acknowledgePipeline(this.pipeline);
  }

  #observe({ catalogNames: names, alarmsTo, runbookUrl }: IngestionStackProps): void {
    const { pipeline } = this;
    const { bucket, functions, config } = pipeline;
    const topic = alarmsTo && this.#topic(alarmsTo);
    const alarms = new Alarms(this, 'Alarms', { pipeline, topic, runbookUrl });
    new PipelineDashboard(this, 'Dashboard', { name: this.stackName, pipeline, alarms: alarms.all });
    new Catalog(this, 'Catalog', { names, entities: Object.keys(config.entities), function: functions.catalog });
    new Queries(this, 'Queries', { name: this.stackName, names, bucket, keys: queryKeys(config) });
  }

  #topic(to: AlarmsTo): ITopic {
    if ('topicArn' in to) return Topic.fromTopicArn(this, 'AlarmTopic', to.topicArn);
    const { topic } = new AlarmTopic(this, 'AlarmTopic', to);
    new CfnOutput(this, 'AlarmTopicArn', { value: topic.topicArn });
    return topic;
  }

  #network(network: Network | undefined): {
    vpc?: IVpc;
    securityGroups?: ISecurityGroup[] | undefined;
    vpcEndpoints?: boolean | undefined;
  } {
    if (!network) return {};
    const { routeTableIds = [], securityGroupIds } = network;
    const vpc = Vpc.fromVpcAttributes(this, 'Vpc', {
      vpcId: network.vpcId,
      availabilityZones: [...network.availabilityZones],
      privateSubnetIds: [...network.subnetIds],
      ...(routeTableIds.length > 0 && { privateSubnetRouteTableIds: [...routeTableIds] }),
    });
    const securityGroups = securityGroupIds.map((groupId, index) =>
      SecurityGroup.fromSecurityGroupId(this, `SecurityGroup${index}`, groupId, { mutable: false }),
    );
    return {
      vpc,
      securityGroups: securityGroups.length > 0 ? securityGroups : undefined,
      vpcEndpoints: network.endpoints,
    };
  }

  /** The databases must let these in. */
  #outputSecurityGroups(): void {
    const groups = this.pipeline.functions.extractor.connections.securityGroups;
    new CfnOutput(this, 'ExtractorSecurityGroups', {
      value: groups.map(({ securityGroupId }) => securityGroupId).join(','),
    });
  }
}
