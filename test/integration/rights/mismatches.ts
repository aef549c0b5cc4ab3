/** Holds recorded calls against the roles of the shop's template, both ways. */
import { App } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import { stackOf } from '../../../infra/src/stacks/stacks.fixtures.ts';
import { BUCKET } from '../aws-world.ts';
import type { RecordedCall } from './recorded-calls.ts';
import { covers, type Right, rightsIn, type TemplateJson } from './template-rights.ts';

/** Rights that no call of a function shows: actions, resources (any, if left out), and why they are there. */
const UNSEEN: readonly { readonly actions: RegExp; readonly resource?: RegExp; readonly because: string }[] = [
  { actions: /^logs:/, because: 'Lambda’s runtime writes the logs with the function’s role' },
  { actions: /^ec2:/, because: 'Lambda makes and removes the network interfaces of a function in a VPC' },
  {
    actions: /^sqs:(?:ReceiveMessage|DeleteMessage|GetQueueAttributes|ChangeMessageVisibility)$/,
    resource: /-(?:extract|write)$/,
    because: 'Lambda’s event source polls the queue with the function’s role',
  },
  {
    actions: /^sqs:(?:SendMessage|GetQueueAttributes|GetQueueUrl)$/,
    resource: /^PipelineSchedulesDeadLetters/,
    because: 'Lambda sends failed invocations of the schedule there; CDK grants all three',
  },
  {
    actions: /^glue:(?:DeleteTable|BatchUpdatePartition)$/,
    because: 'the catalog function needs them once partition keys or types of columns change: catalog.pg.test.ts',
  },
];

export interface Mismatches {
  /** Calls that the template's policies would refuse. */
  readonly missing: readonly string[];
  /** Rights that no call used. */
  readonly unused: readonly string[];
}

export function mismatches(calls: readonly RecordedCall[]): Mismatches {
  const template = Template.fromStack(stackOf(new App(), {})).toJSON() as TemplateJson;
  const [bucket = ''] = Object.entries(template.Resources).flatMap(([id, { Type }]) =>
    Type === 'AWS::S3::Bucket' ? [id] : [],
  );
  const rights = rightsIn(template, { [bucket]: BUCKET });
  return {
    missing: calls.filter((call) => !rights.some((right) => covers(right, call))).map(lineOf),
    unused: rights.filter((right) => !isUnseen(right) && !calls.some((call) => isUse(right, call))).map(lineOf),
  };
}

/** An action of Glue on any table counts for all: the tables are those of the configuration, each of which may change. */
function isUse(right: Right, call: RecordedCall): boolean {
  if (covers(right, call)) return true;
  return right.action.startsWith('glue:') && right.role === call.role && right.action === call.action;
}

function isUnseen({ action, resource }: Right): boolean {
  return UNSEEN.some((one) => one.actions.test(action) && (one.resource?.test(resource) ?? true));
}

function lineOf({ role, action, resource, prefix }: Right): string {
  return `${role} ${action} ${resource}${prefix === undefined ? '' : ` by ${prefix}`}`;
}
