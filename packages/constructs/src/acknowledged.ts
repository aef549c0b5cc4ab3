import { CfnResource, Stack, Validations } from 'aws-cdk-lib';
import type { IBucket } from 'aws-cdk-lib/aws-s3';
import type { IConstruct } from 'constructs';
import type { BronzePipeline } from './bronze-pipeline.ts';
import { BUCKET_RIGHTS } from './permissions.ts';

/** Findings of cdk-nag that are accepted, by id, each with its reason. */
export type Reasons = Readonly<Record<string, string>>;

const PIPELINE: Reasons = {
  'Serverless::Serverless-LambdaDLQ':
    'Failures go to the queues’ dead-letter queues, or to the failure destination of scheduled functions.',
  'Serverless::Serverless-LambdaTracing':
    'Load ids in logs, load records and object keys trace each load; X-Ray would add cost but no information.',
  'AwsSolutions::AwsSolutions-S1':
    'Access logs belong in the log bucket that only the account’s owner knows; CloudTrail data events do the same.',
  'AwsSolutions::AwsSolutions-SQS3':
    'The queue is the schedules’ dead-letter queue; the schedules refer to it themselves.',
  'Serverless::Serverless-SQSRedrivePolicy': 'A dead-letter queue needs no dead-letter queue of its own.',
  'Serverless::Serverless-LambdaEventSourceMappingDestination':
    'SQS event sources have no destinations: messages that fail go to the queue’s dead-letter queue.',
};

const ORCHESTRATION: Reasons = {
  'AwsSolutions::AwsSolutions-SF1':
    'Step Functions keeps the history of each execution for 90 days, and the functions log what they did.',
  'AwsSolutions::AwsSolutions-SF2': PIPELINE['Serverless::Serverless-LambdaTracing'] ?? '',
  'Serverless::Serverless-StepFunctionStateMachineXray': PIPELINE['Serverless::Serverless-LambdaTracing'] ?? '',
};

/** Says to cdk-nag why the pipeline does not follow these of its rules. */
export function acknowledgePipeline(pipeline: BronzePipeline): void {
  const stack = Stack.of(pipeline);
  acknowledge(stack, PIPELINE);
  const keys = new Set(Object.values(BUCKET_RIGHTS).flatMap((rights) => Object.values(rights).flat()));
  const arn = arnIn(stack, pipeline.bucket);
  const prefixes = [...keys].filter((key) => key.includes('*')).map((key) => `Resource::${arn}/${key}`);
  const reason = 'The narrowest prefix that covers objects which do not exist yet; permissions.ts lists all prefixes.';
  for (const prefix of prefixes) acknowledge(stack, { [`AwsSolutions::AwsSolutions-IAM5[${prefix}]`]: reason });
  const { functions, orchestration } = pipeline;
  if (orchestration) acknowledge(stack, ORCHESTRATION);
  const scheduled = [functions.planner, functions.freshness, functions.catalog];
  for (const fn of orchestration ? [...scheduled, orchestration.function] : scheduled) {
    const resource = `Resource::${arnIn(stack, fn)}:*`;
    acknowledge(stack, {
      [`AwsSolutions::AwsSolutions-IAM5[${resource}]`]: 'All versions of the one function that the schedule invokes.',
    });
  }
  acknowledge(stack, {
    'AwsSolutions::AwsSolutions-IAM5[Resource::*]': 'EC2 has no narrower resource for a function’s network interfaces.',
  });
}

export function acknowledge(stack: Stack, reasons: Reasons): void {
  for (const [id, reason] of Object.entries(reasons)) Validations.of(stack).acknowledge({ id, reason });
}

/** The ARN as cdk-nag writes it: `<PipelineDataBucketDA2BCAB2.Arn>`, or the ARN itself for an imported bucket. */
function arnIn(stack: Stack, construct: IConstruct & Partial<IBucket>): string {
  const { defaultChild } = construct.node;
  if (defaultChild instanceof CfnResource) return `<${stack.getLogicalId(defaultChild)}.Arn>`;
  return `arn:<AWS::Partition>:s3:::${construct.bucketName ?? ''}`;
}
