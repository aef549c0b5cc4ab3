import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { App, Stack } from 'aws-cdk-lib';
import { Match, Template } from 'aws-cdk-lib/assertions';
import { Vpc } from 'aws-cdk-lib/aws-ec2';
import { Key } from 'aws-cdk-lib/aws-kms';
import { Code } from 'aws-cdk-lib/aws-lambda';
import { describe, expect, test } from 'vitest';
import { LibraryStack } from '../../../examples/aws/library-stack.ts';
import { BronzePipeline } from './bronze-pipeline.ts';
import { bundleFunction } from './bundle.ts';
import { readConfiguration } from './configuration.ts';
import type { BronzePipelineProps } from './pipeline-props.ts';

const ROOT = join(import.meta.dirname, '../../..');
const LIBRARY = join(ROOT, 'examples/aws/bronze.config.ts');
const SECRET = 'arn:aws:secretsmanager:eu-central-1:123456789012:secret:';
const inline = () => Code.fromInline('exports.handler = () => undefined');
const code = {
  planner: inline(),
  freshness: inline(),
  catalog: inline(),
  orchestrator: inline(),
  extractor: inline(),
  writer: inline(),
};

type Resource = { readonly Properties: Record<string, unknown> };
const resources = (type: string, from: Template) => from.findResources(type) as Record<string, Resource>;

/** What the library's configuration needs. */
const VALUES = {
  LENDING_SECRET_ARN: `${SECRET}rds!db-lending-AbCdEf`,
  LENDING_URL: 'postgresql://lending.example.com/lending',
  MEMBERS_URL: 'postgresql://bronze@members.example.com/members',
  CATALOGUE_URL: 'https://catalogue.example.com',
  CATALOGUE_KEY_ARN: `${SECRET}catalogue-key`,
  REVIEWS_TOKEN: `${SECRET}reviews-AbCdEf`,
};
const USERS = { members: 'db-ABCDEFGHIJKL01234/bronze' };

function pipelineOf(props: Partial<BronzePipelineProps>, stack = new Stack(new App(), 'LibraryStack')): Template {
  new BronzePipeline(stack, 'Pipeline', { config: LIBRARY, values: VALUES, databaseUsers: USERS, code, ...props });
  return Template.fromStack(stack);
}

const linesOf = (props: Partial<BronzePipelineProps>): string[] => {
  try {
    pipelineOf(props);
    return [];
  } catch (thrown) {
    return (thrown instanceof Error ? thrown.message : '').split('\n').slice(1);
  }
};

describe('the example of an app with a configuration of its own', () => {
  const template = Template.fromStack(
    new LibraryStack(new App(), 'LibraryStack', { lendingSecretArn: VALUES.LENDING_SECRET_ARN, code }),
  );

  test('the extractor gets every value that the configuration names, and the planner no secret', () => {
    const variables = (name: string) => {
      const [fn] = Object.values(
        template.findResources('AWS::Lambda::Function', { Properties: { FunctionName: `LibraryStack-${name}` } }),
      ) as Resource[];
      return (fn?.Properties['Environment'] as { Variables: Record<string, unknown> } | undefined)?.Variables ?? {};
    };
    expect(Object.keys(variables('ExtractorFunction'))).toEqual(expect.arrayContaining(Object.keys(VALUES)));
    expect(JSON.stringify(variables('ExtractorFunction')['REVIEWS_TOKEN'])).toContain('{{resolve:secretsmanager:');
    expect(variables('IngestionFunction')).not.toHaveProperty('REVIEWS_TOKEN');
  });

  test('the extractor may read both secrets of sources, and log in as the one database user', () => {
    const policies = Object.entries(resources('AWS::IAM::Policy', template));
    const withSecrets = policies.filter(([, policy]) => JSON.stringify(policy).includes('GetSecretValue'));
    expect(withSecrets.map(([id]) => id)).toEqual([expect.stringContaining('Extractor')]);
    const text = JSON.stringify(withSecrets);
    expect(text.match(/GetSecretValue/g)).toHaveLength(2);
    expect(text).toContain(':dbuser:db-ABCDEFGHIJKL01234/bronze');
    expect(text).not.toContain('reviews-token');
  });

  test('the planner’s bundle holds the given configuration, and not that of the repository', async () => {
    const out = mkdtempSync(join(tmpdir(), 'bronze-bundle-'));
    const { folder } = await bundleFunction('planner', { cpu: process.arch, out, config: LIBRARY });
    const bundle = readFileSync(join(folder, 'index.mjs'), 'utf8');
    // Booleans, because a failure would print the whole bundle.
    expect([bundle.includes('public.loans'), bundle.includes('payments_api')]).toEqual([true, false]);
  });

  test('a configuration outside the repository is read and bundled with the same packages', async () => {
    const out = mkdtempSync(join(tmpdir(), 'bronze-bundle-'));
    const config = join(out, 'own.config.ts');
    writeFileSync(config, readFileSync(LIBRARY, 'utf8').replaceAll('public.loans', 'public.lendings'));
    expect(JSON.stringify(readConfiguration(config))).toContain('public.lendings');
    const { folder } = await bundleFunction('freshness', { cpu: process.arch, out, config });
    expect(readFileSync(join(folder, 'index.mjs'), 'utf8').includes('public.lendings')).toBe(true);
  });
});

describe('values', () => {
  test('synth names every value that is missing, with what needs it', () => {
    expect(linesOf({ values: {}, databaseUsers: {} })).toEqual([
      '  - LENDING_SECRET_ARN or LENDING_URL: missing, for the login of the source lending',
      '  - MEMBERS_URL: missing, for the url of the source members',
      '  - CATALOGUE_URL: missing, for the base_url of the source catalogue',
      '  - CATALOGUE_KEY_ARN: missing, for the api_key_secret of the source catalogue',
      '  - REVIEWS_TOKEN: missing, for the header Authorization of reviews',
      '  - MEMBERS_DATABASE_USER: missing, because the login of the source members is iam',
    ]);
  });

  test.each([
    [{ CATALOGUE_URL: 'ftp://canary' }, 'CATALOGUE_URL: must be a URL that begins with https://'],
    [{ CATALOGUE_URL: 'http://canary' }, 'CATALOGUE_URL: must be a URL that begins with https://'],
    [{ CATALOGUE_KEY_ARN: 'canary' }, 'CATALOGUE_KEY_ARN: must be the ARN of a secret in Secrets Manager'],
    [
      { MEMBERS_URL: 'postgresql://bronze:canary@h/d' },
      'MEMBERS_URL: must not hold a password: keep the login in a secret',
    ],
    [{ MEMBERS_ULR: 'canary' }, 'MEMBERS_ULR: the configuration does not name it'],
  ])('a wrong value is refused by its name, never by itself: %j', (values, line) => {
    expect(linesOf({ values: { ...VALUES, ...values } })).toEqual([`  - ${line}`]);
  });

  test('a partial ARN, as a stack outputs it for a secret that it found by name, is granted with the characters it lacks', () => {
    expect(JSON.stringify(resources('AWS::IAM::Policy', pipelineOf({})))).toContain(`${SECRET}catalogue-key-??????`);
  });
});

describe('settings', () => {
  test.each([
    [{ loadType: 'SOMETIMES' }, 'LOAD_TYPE: must be INCREMENTAL or FULL'],
    [{ hour: 24 }, 'SCHEDULE_HOUR: must be an hour of the day, 0 to 23'],
    [{ vpcEndpoints: true }, 'VPC_ENDPOINTS: needs a VPC'],
    [{ writer: { memoryMb: 128 } }, 'WRITER_MEMORY_MB: must be a whole number from 512 to 10240'],
    [{ extractor: { atOnce: 1 } }, 'EXTRACTOR_AT_ONCE: must be a whole number from 2 to 1000'],
    [
      { extractor: { atOnce: 8, reserved: 5 } },
      'EXTRACTOR_RESERVED: must not be less than EXTRACTOR_AT_ONCE, or messages are throttled',
    ],
    [
      { databaseUsers: { members: '*' } },
      'MEMBERS_DATABASE_USER: must be a resource id and a user, such as db-ABCDEFGHIJKL01234/bronze',
    ],
  ] as const)('a wrong setting is refused by its name: %j', (props, line) => {
    expect(linesOf(props)).toEqual([`  - ${line}`]);
  });

  test('memory, time and concurrency of extractor and writer can be set, and queues follow the time', () => {
    const template = pipelineOf({
      extractor: { memoryMb: 1024, timeoutMinutes: 5, atOnce: 3, reserved: 4 },
      writer: { atOnce: 20, provisioned: 2 },
    });
    template.hasResourceProperties('AWS::Lambda::Function', {
      FunctionName: 'LibraryStack-ExtractorFunction',
      MemorySize: 1024,
      Timeout: 300,
      ReservedConcurrentExecutions: 4,
    });
    template.hasResourceProperties('AWS::SQS::Queue', { QueueName: 'LibraryStack-extract', VisibilityTimeout: 1800 });
    const mappings = Object.values(resources('AWS::Lambda::EventSourceMapping', template));
    expect(mappings.map(({ Properties }) => Properties['ScalingConfig'])).toEqual(
      expect.arrayContaining([{ MaximumConcurrency: 3 }, { MaximumConcurrency: 20 }]),
    );
    template.hasResourceProperties('AWS::Lambda::Alias', {
      ProvisionedConcurrencyConfig: { ProvisionedConcurrentExecutions: 2 },
    });
  });

  test('a key encrypts bucket, queues and logs, and functions use keys through their services only', () => {
    const stack = new Stack(new App(), 'LibraryStack');
    const arn = 'arn:aws:kms:eu-central-1:123456789012:key/';
    const template = pipelineOf(
      {
        key: Key.fromKeyArn(stack, 'Key', `${arn}data`),
        secretKeys: [Key.fromKeyArn(stack, 'Secrets', `${arn}logins`)],
      },
      stack,
    );
    template.hasResourceProperties('AWS::S3::Bucket', {
      BucketEncryption: {
        ServerSideEncryptionConfiguration: [
          {
            BucketKeyEnabled: true,
            ServerSideEncryptionByDefault: { KMSMasterKeyID: `${arn}data`, SSEAlgorithm: 'aws:kms' },
          },
        ],
      },
    });
    const named = Object.values(resources('AWS::SQS::Queue', template)).filter(
      ({ Properties }) => 'QueueName' in Properties,
    );
    expect(named.map(({ Properties }) => Properties['KmsMasterKeyId'])).toEqual(Array(4).fill(`${arn}data`));
    for (const { Properties } of Object.values(resources('AWS::Logs::LogGroup', template))) {
      expect(Properties['KmsKeyId']).toBe(`${arn}data`);
    }
    for (const { Properties } of Object.values(resources('AWS::IAM::Policy', template))) {
      const { Statement } = Properties['PolicyDocument'] as { Statement: Record<string, unknown>[] };
      const ofKeys = Statement.filter((one) => JSON.stringify(one['Action']).includes('kms:'));
      for (const one of ofKeys) expect(JSON.stringify(one)).toContain('kms:ViaService');
    }
    expect(JSON.stringify(resources('AWS::IAM::Policy', template)).match(/key\/logins/g)).toHaveLength(1);
  });

  test('endpoints for S3, SQS and Secrets Manager let the extractor in, and nobody else', () => {
    const stack = new Stack(new App(), 'LibraryStack');
    const vpc = Vpc.fromVpcAttributes(stack, 'Vpc', {
      vpcId: 'vpc-1',
      availabilityZones: ['eu-central-1a'],
      privateSubnetIds: ['subnet-1'],
      privateSubnetRouteTableIds: ['rtb-1'],
    });
    const template = pipelineOf({ vpc, vpcEndpoints: true }, stack);
    const kinds = Object.values(resources('AWS::EC2::VPCEndpoint', template)).map(({ Properties }) => [
      Properties['VpcEndpointType'],
      JSON.stringify(Properties['ServiceName']).match(/(?:s3|sqs|secretsmanager)/)?.[0],
    ]);
    expect(kinds.toSorted()).toEqual([
      ['Gateway', 's3'],
      ['Interface', 'secretsmanager'],
      ['Interface', 'sqs'],
    ]);
    template.resourceCountIs('AWS::EC2::SecurityGroupIngress', 1);
    template.hasResourceProperties('AWS::EC2::SecurityGroupIngress', {
      FromPort: 443,
      SourceSecurityGroupId: Match.objectLike({ 'Fn::GetAtt': [Match.stringLikeRegexp('Extractor'), 'GroupId'] }),
    });
  });
});

test('the writer’s packages are locked in the versions that it is tested with', () => {
  const read = (file: string) => JSON.parse(readFileSync(join(ROOT, file), 'utf8')) as Record<string, unknown>;
  const manifest = read('packages/constructs/writer-packages/package.json')['dependencies'] as Record<string, string>;
  const locked = read('packages/constructs/writer-packages/package-lock.json')['packages'] as Record<
    string,
    { version?: string; integrity?: string }
  >;
  for (const [name, version] of Object.entries(manifest)) {
    expect({ name, version: read(`services/writer/node_modules/${name}/package.json`)['version'] }).toEqual({
      name,
      version,
    });
    expect(locked[`node_modules/${name}`]?.version).toBe(version);
  }
  const { '': _, ...packages } = locked;
  for (const [name, { integrity }] of Object.entries(packages))
    expect({ name, integrity }).toHaveProperty('integrity', expect.any(String));
  expect(locked).toHaveProperty('node_modules/@duckdb/node-bindings-linux-arm64');
});
