import { CfnResource, type Stack, Validations } from 'aws-cdk-lib';
import type { IBucket } from 'aws-cdk-lib/aws-s3';
import type { IConstruct } from 'constructs';
import type { BronzePipeline } from './bronze-pipeline.ts';
import { BUCKET_RIGHTS } from './permissions.ts';

/** Findings of cdk-nag that are as they should be, each with its reason. */
type Reasons = Readonly<Record<string, string>>;

const FUNCTIONS: Reasons = {
  'Serverless::Serverless-LambdaDLQ':
    'Functions on queues fail into the queues’ dead-letter queues, scheduled ones into the schedule’s by their failure destination, the API’s to its caller.',
  'Serverless::Serverless-LambdaTracing':
    'Loads are traced by their ids through logs, records and objects; X-Ray adds cost and no knowledge.',
};

const INGESTION: Reasons = {
  ...FUNCTIONS,
  'AwsSolutions::AwsSolutions-S1':
    'Access logs belong to the account’s own log bucket, which only its owner knows; CloudTrail data events do the same.',
  'AwsSolutions::AwsSolutions-SQS3': 'It is the dead-letter queue of the schedules, which name it themselves.',
  'Serverless::Serverless-SQSRedrivePolicy': 'A dead-letter queue has none behind it.',
  'Serverless::Serverless-LambdaEventSourceMappingDestination':
    'SQS event sources have no destinations: what fails goes to the queue’s dead-letter queue.',
};

const API: Reasons = {
  ...FUNCTIONS,
  'AwsSolutions::AwsSolutions-SMG4': 'The key is rotated by hand: its consumers read it anew when it is refused.',
  'AwsSolutions::AwsSolutions-APIG2': 'The two methods take no body; the function checks its few parameters.',
  'AwsSolutions::AwsSolutions-APIG3': 'A demonstration with an API key, a quota and throttling needs no firewall.',
  'AwsSolutions::AwsSolutions-APIG4': 'Callers are known by their API key, which gateway and function check.',
  'AwsSolutions::AwsSolutions-IAM4[Policy::arn:<AWS::Partition>:iam::aws:policy/service-role/AmazonAPIGatewayPushToCloudWatchLogs]':
    'The policy that AWS made for this one purpose.',
  'AwsSolutions::AwsSolutions-COG4': 'Callers are programs, not people: an API key fits them.',
  'Serverless::Serverless-APIGWXrayEnabled': 'Access logs and metrics tell what there is to know of two methods.',
};

export function acknowledgeIngestion(stack: Stack, pipeline: BronzePipeline): void {
  acknowledge(stack, INGESTION);
  const keys = new Set(Object.values(BUCKET_RIGHTS).flatMap((rights) => Object.values(rights).flat()));
  const arn = arnIn(stack, pipeline.bucket);
  const prefixes = [...keys].filter((key) => key.includes('*')).map((key) => `Resource::${arn}/${key}`);
  const reason = 'The prefix is the narrowest that names objects which do not exist yet; permissions.ts has them all.';
  for (const prefix of prefixes) acknowledge(stack, { [`AwsSolutions::AwsSolutions-IAM5[${prefix}]`]: reason });
  for (const fn of [pipeline.functions.planner, pipeline.functions.freshness]) {
    const resource = `Resource::${arnIn(stack, fn)}:*`;
    acknowledge(stack, {
      [`AwsSolutions::AwsSolutions-IAM5[${resource}]`]: 'All versions of the one function that the schedule calls.',
    });
  }
  acknowledge(stack, {
    'AwsSolutions::AwsSolutions-IAM5[Resource::*]':
      'EC2 knows no narrower resource for the network interfaces of a function.',
  });
}

export function acknowledgeApi(stack: Stack): void {
  acknowledge(stack, API);
}

function acknowledge(stack: Stack, reasons: Reasons): void {
  for (const [id, reason] of Object.entries(reasons)) Validations.of(stack).acknowledge({ id, reason });
}

/** As cdk-nag writes it: `<PipelineDataBucketDA2BCAB2.Arn>`, or the ARN itself for a bucket that is given. */
function arnIn(stack: Stack, construct: IConstruct & Partial<IBucket>): string {
  const { defaultChild } = construct.node;
  if (defaultChild instanceof CfnResource) return `<${stack.getLogicalId(defaultChild)}.Arn>`;
  return `arn:<AWS::Partition>:s3:::${construct.bucketName ?? ''}`;
}
