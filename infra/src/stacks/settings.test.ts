import { App } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import { describe, expect, test } from 'vitest';
import { readConfiguration } from '@bronze/constructs/configuration';
import { join } from 'node:path';
import { settings, stackOf } from './stacks.fixtures.ts';
import { readSettings } from './settings.ts';

const CONFIG = readConfiguration(join(import.meta.dirname, '../../../bronze.config.ts'));

function linesOf(read: () => unknown): string[] {
  try {
    read();
    return [];
  } catch (thrown) {
    return (thrown instanceof Error ? thrown.message : '').split('\n').slice(1);
  }
}

describe('settings', () => {
  test('without variables, synth names each one that the configuration needs', () => {
    expect(linesOf(() => readSettings({}, CONFIG))).toEqual([
      '  - RDS_SECRET_ARN or DATABASE_URL: missing, for the login of the source shop',
      '  - PAYMENTS_API_URL: missing, for the base_url of the source payments_api',
      '  - API_KEY_SECRET_ARN: missing, for the api_key_secret of the source payments_api',
      '  - SHIPMENTS_API_URL or PAYMENTS_API_URL: missing, for the base_url of the source shipments_api',
      '  - API_KEY_SECRET_ARN: missing, for the api_key_secret of the source shipments_api',
      '  - ALARM_EMAIL or ALARM_TOPIC_ARN: set one, so that alarms reach somebody; ALARM_TOPIC_ARN=none makes alarms that only show in CloudWatch',
    ]);
  });

  test.each([
    [{ SCHEDULE_HOUR: '25' }, 'SCHEDULE_HOUR: must be an hour of the day, 0 to 23'],
    [{ SCHEDULE_HOUR: '2.5' }, 'SCHEDULE_HOUR: must be an hour of the day, 0 to 23'],
    [{ LOAD_TYPE: 'SOMETIMES' }, 'LOAD_TYPE: must be INCREMENTAL or FULL'],
    [{ PAYMENTS_API_URL: 'ftp://canary' }, 'PAYMENTS_API_URL: must be a URL that begins with https://'],
    [{ RDS_SECRET_ARN: 'canary' }, 'RDS_SECRET_ARN: must be the ARN of a secret in Secrets Manager'],
    [{ S3_BUCKET_NAME: 'Not_A_Bucket' }, 'S3_BUCKET_NAME: must be the name of a bucket'],
    [{ STAGE: 'Dev!' }, 'STAGE: must be at most 10 lower-case letters and digits, the first a letter'],
    [{ KMS_KEY_ARN: 'alias/canary' }, 'KMS_KEY_ARN: must be the ARN of a key'],
    [{ CHECKPOINT_STORE: 'canary' }, 'CHECKPOINT_STORE: must be s3 or dynamodb'],
    [{ CATALOG_DATABASE: 'Canary' }, 'CATALOG_DATABASE: must be of lower case letters, digits, _, - and /'],
    [{ ALARM_EMAIL: 'data@example.com' }, 'ALARM_EMAIL and ALARM_TOPIC_ARN: set one of them'],
    [{ ALARM_TOPIC_ARN: undefined, ALARM_EMAIL: 'canary' }, 'ALARM_EMAIL: must be an e-mail address'],
    [{ ALARM_TOPIC_ARN: 'canary' }, 'ALARM_TOPIC_ARN: must be the ARN of an SNS topic, or none'],
    [{ RUNBOOK_URL: 'docs/canary.md' }, 'RUNBOOK_URL: must be the https address of docs/runbook.md, without #'],
    [{ TAGS: 'team' }, 'TAGS: must be tags such as team=data,cost=42'],
    [{ EXTRACTOR_MEMORY_MB: 'canary' }, 'EXTRACTOR_MEMORY_MB: must be a whole number from 512 to 10240'],
    [{ VPC_SUBNET_IDS: 'subnet-1' }, 'VPC_ID: missing, and VPC_SUBNET_IDS would have no effect'],
    [
      { VPC_ID: 'vpc-1', VPC_AVAILABILITY_ZONES: 'a,b', VPC_SUBNET_IDS: 'subnet-1' },
      'VPC_SUBNET_IDS: must name one subnet for each availability zone',
    ],
    [
      { VPC_ID: 'vpc-1', VPC_AVAILABILITY_ZONES: 'a', VPC_SUBNET_IDS: 'subnet-1', VPC_ENDPOINTS: 'true' },
      'VPC_ROUTE_TABLE_IDS: missing, for the endpoint of S3',
    ],
  ])('a wrong setting is refused by its name, never by its value: %j', (environment, line) => {
    expect(linesOf(() => settings(environment))).toEqual([`  - ${line}`]);
  });

  const topicArn = 'arn:aws:sns:eu-central-1:123456789012:alarms';
  test.each([
    [{ ALARM_TOPIC_ARN: undefined, ALARM_EMAIL: 'data@example.com' }, { email: 'data@example.com' }],
    [{ ALARM_TOPIC_ARN: topicArn }, { topicArn }],
    [{ ALARM_TOPIC_ARN: 'none' }, undefined],
  ])('alarms go where %j says', (environment, alarmsTo) => {
    expect(settings(environment).alarmsTo).toEqual(alarmsTo);
  });

  test('VPC_ID alone names what else it needs', () => {
    expect(linesOf(() => settings({ VPC_ID: 'vpc-1' }))).toEqual([
      '  - VPC_AVAILABILITY_ZONES: missing',
      '  - VPC_SUBNET_IDS: must name one subnet for each availability zone',
    ]);
  });

  test('tags, keys and concurrency are read', () => {
    const key = 'arn:aws:kms:eu-central-1:123456789012:key/0a1b2c3d-0000-4000-8000-000000000000';
    expect(
      settings({ TAGS: 'team=data,cost=a=b', KMS_KEY_ARN: key, WRITER_AT_ONCE: '30', PROVISIONED_CONCURRENCY: '2' }),
    ).toMatchObject({
      tags: { team: 'data', cost: 'a=b' },
      keyArn: key,
      extractor: { provisioned: 2 },
      writer: { atOnce: 30, provisioned: 2 },
    });
  });
});

/** Properties by which an account and region, or a database, know a resource: each may be there once. */
const NAMES = [
  'FunctionName',
  'QueueName',
  'LogGroupName',
  'DashboardName',
  'BucketName',
  'TopicName',
  'TableName',
  'AlarmName',
  'RoleName',
  'StateMachineName',
  'Name',
  'name',
];

test('three pipelines and stages are in one account without a clash: no two resources have the same name', () => {
  const environments = [{}, { STAGE: 'dev' }, { PIPELINE_NAME: 'Billing', STAGE: 'dev' }];
  const app = new App();
  const stacks = environments.map((environment) => stackOf(app, environment));
  expect(stacks.map(({ stackName }) => stackName)).toEqual([
    'EcomIngestionStack',
    'EcomIngestionStack-dev',
    'BillingIngestionStack-dev',
  ]);
  const named = stacks.map((stack) => namesIn(Template.fromStack(stack).toJSON() as { Resources: Resources }));
  for (const names of named) expect(names.length).toBeGreaterThan(10);
  const all = named.flatMap((names) => [...new Set(names)]);
  expect(all.filter((name, index) => all.indexOf(name) !== index)).toEqual([]);
});

type Resources = Record<string, { Type: string; Properties?: Record<string, unknown> }>;

function namesIn({ Resources }: { Resources: Resources }): string[] {
  return Object.values(Resources).flatMap(({ Type, Properties = {} }) => {
    // What is in a database or a workgroup is named within it.
    const within = Properties['DatabaseName'] ?? Properties['WorkGroup'] ?? '';
    const inputs = [Properties, Properties['DatabaseInput'], Properties['TableInput']].filter(Boolean);
    return inputs.flatMap((input) =>
      NAMES.flatMap((key) => {
        const name: unknown = Reflect.get(Object(input), key);
        return typeof name === 'string' ? [`${Type} ${JSON.stringify(within)} ${name}`] : [];
      }),
    );
  });
}
