import { RECEIVE_COUNT_MAX } from '@bronze/common/delivery/retry-policy';
import { App, Validations } from 'aws-cdk-lib';
import { Match, Template } from 'aws-cdk-lib/assertions';
import { AwsSolutionsChecks, ServerlessChecks } from 'cdk-nag';
import { describe, expect, test } from 'vitest';
import { ingestion, NETWORK, resources, settings, template } from './stacks.fixtures.ts';

describe('queues', () => {
  test('queues hide a message for six times the function’s timeout, and dead-letter what is never reported', () => {
    for (const name of ['extract', 'write']) {
      template.hasResourceProperties('AWS::SQS::Queue', {
        QueueName: `EcomIngestionStack-${name}`,
        VisibilityTimeout: 6 * 15 * 60,
        RedrivePolicy: Match.objectLike({ maxReceiveCount: RECEIVE_COUNT_MAX }),
      });
      template.hasResourceProperties('AWS::SQS::Queue', {
        QueueName: `EcomIngestionStack-${name}-dlq`,
        MessageRetentionPeriod: 14 * 24 * 3600,
      });
    }
  });

  test('queues are encrypted and accept only TLS', () => {
    const queues = Object.values(resources('AWS::SQS::Queue'));
    expect(queues).toHaveLength(5);
    for (const { Properties } of queues) expect(Properties['SqsManagedSseEnabled']).toBe(true);
    const policies = Object.values(resources('AWS::SQS::QueuePolicy'));
    expect(policies).toHaveLength(5);
    for (const policy of policies) expect(JSON.stringify(policy)).toContain('"aws:SecureTransport":"false"');
  });

  test('queues feed functions one message at a time, with partial batch responses and a concurrency limit', () => {
    const mappings = Object.values(resources('AWS::Lambda::EventSourceMapping')).map(({ Properties }) => Properties);
    expect(mappings).toHaveLength(2);
    for (const mapping of mappings) {
      expect(mapping).toMatchObject({ BatchSize: 1, FunctionResponseTypes: ['ReportBatchItemFailures'] });
      expect(mapping['ScalingConfig']).toMatchObject({ MaximumConcurrency: expect.any(Number) as number });
    }
  });
});

describe('the bucket', () => {
  test('of current objects the bucket expires results of queries only, never staging or a load record', () => {
    type Rule = Readonly<Record<string, unknown>>;
    const Rules = Object.values(resources('AWS::S3::Bucket')).flatMap(
      ({ Properties }) => (Properties['LifecycleConfiguration'] as { Rules: Rule[] }).Rules,
    );
    const expiring = Rules.filter((rule) => 'ExpirationInDays' in rule || 'ExpirationDate' in rule);
    expect(expiring.map(({ Prefix }) => Prefix)).toEqual(['athena/']);
    expect(Rules).toEqual([
      expect.objectContaining({
        Status: 'Enabled',
        NoncurrentVersionExpiration: { NoncurrentDays: 30 },
        ExpiredObjectDeleteMarker: true,
        AbortIncompleteMultipartUpload: { DaysAfterInitiation: 7 },
      }),
      expect.objectContaining({ Status: 'Enabled', Prefix: 'athena/', ExpirationInDays: 7 }),
    ]);
    expect(Rules[0]).not.toHaveProperty('Prefix');
  });

  test('the bucket is versioned, private, TLS only, and kept when the stack is deleted', () => {
    template.hasResource('AWS::S3::Bucket', {
      DeletionPolicy: 'RetainExceptOnCreate',
      UpdateReplacePolicy: 'Retain',
      Properties: Match.objectLike({
        VersioningConfiguration: { Status: 'Enabled' },
        PublicAccessBlockConfiguration: Match.objectLike({ BlockPublicAcls: true, RestrictPublicBuckets: true }),
      }),
    });
    expect(JSON.stringify(resources('AWS::S3::BucketPolicy'))).toContain('"aws:SecureTransport":"false"');
  });

  test('the bucket refuses unconditional puts to keys that are written once, and to the checkpoints', () => {
    const policy = JSON.stringify(resources('AWS::S3::BucketPolicy'));
    expect(policy).toContain('"Null":{"s3:if-none-match":"true"}');
    for (const key of [
      '/data/bronze/*',
      '/data/staging/*/slice-*.json',
      '/data/staging/*/receipts/*.json',
      '/logs/pipeline/ingestion/loads/*',
    ]) {
      expect(policy).toContain(key);
    }
    expect(policy).toContain('"Null":{"s3:if-none-match":"true","s3:if-match":"true"}');
  });

  test('an existing bucket can be used, and then none is created; another database for the catalog too', () => {
    const { catalogNames } = settings({ CATALOG_DATABASE: 'shop_staging' });
    const given = Template.fromStack(ingestion(new App(), { bucketName: 'given-bucket', catalogNames }));
    given.hasResourceProperties('AWS::Glue::Database', { DatabaseInput: Match.objectLike({ Name: 'shop_staging' }) });
    given.resourceCountIs('AWS::S3::Bucket', 0);
    given.hasResourceProperties('AWS::Lambda::Function', {
      Environment: { Variables: Match.objectLike({ S3_BUCKET_NAME: 'given-bucket' }) },
    });
  });
});

describe('functions', () => {
  test('functions run on nodejs24.x and arm64, each with a log group that keeps 30 days', () => {
    const functions = Object.values(resources('AWS::Lambda::Function')).map(({ Properties }) => Properties);
    expect(functions.map((fn) => String(fn['FunctionName'])).toSorted()).toEqual(
      ['CatalogFunction', 'ExtractorFunction', 'FreshnessFunction', 'IngestionFunction', 'WriterFunction'].map(
        (name) => `EcomIngestionStack-${name}`,
      ),
    );
    for (const fn of functions) {
      expect(fn).toMatchObject({ Runtime: 'nodejs24.x', Architectures: ['arm64'] });
      template.hasResourceProperties('AWS::Logs::LogGroup', {
        LogGroupName: `/aws/lambda/${String(fn['FunctionName'])}`,
        RetentionInDays: 30,
      });
    }
  });

  test('the extractor and the writer have 2 GB and may invoke themselves; the extractor is in the VPC', () => {
    for (const name of ['ExtractorFunction', 'WriterFunction']) {
      template.hasResourceProperties('AWS::Lambda::Function', {
        FunctionName: `EcomIngestionStack-${name}`,
        MemorySize: 2048,
        Timeout: 900,
        RecursiveLoop: 'Allow',
      });
    }
    template.hasResourceProperties('AWS::Lambda::Function', {
      FunctionName: 'EcomIngestionStack-ExtractorFunction',
      VpcConfig: { SubnetIds: NETWORK.subnetIds, SecurityGroupIds: NETWORK.securityGroupIds },
    });
  });

  test('the planner is invoked daily with the scheduled time, and retried when that fails', () => {
    template.hasResourceProperties('AWS::Scheduler::Schedule', {
      ScheduleExpression: Match.stringLikeRegexp('^cron\\(0 2 '),
      Target: Match.objectLike({
        Input: '{"scheduled_time":"<aws.scheduler.scheduled-time>"}',
        RetryPolicy: Match.objectLike({ MaximumRetryAttempts: 10 }),
        DeadLetterConfig: Match.anyValue(),
      }),
    });
  });
});

test('a first deployment that fails can be repeated: a rollback of the creation keeps nothing that has a fixed name', () => {
  const { Resources } = template.toJSON() as { Resources: Record<string, { Type: string; DeletionPolicy?: string }> };
  const kept = Object.values(Resources).filter(({ DeletionPolicy = 'Delete' }) => DeletionPolicy !== 'Delete');
  expect(kept.map(({ Type, DeletionPolicy }) => `${Type} ${DeletionPolicy}`).toSorted()).toEqual([
    'AWS::S3::Bucket RetainExceptOnCreate',
    'AWS::SQS::Queue RetainExceptOnCreate',
    'AWS::SQS::Queue RetainExceptOnCreate',
  ]);
});

test('cdk-nag finds nothing that is not acknowledged with a reason', () => {
  const app = new App();
  ingestion(app);
  Validations.of(app).addPlugins(new AwsSolutionsChecks(app), new ServerlessChecks(app));
  expect(() => app.synth()).not.toThrow();
});

test('the ingestion stack has exactly these resources', () => {
  const counts = new Map<string, number>();
  for (const { Type } of Object.values(
    (template.toJSON() as { Resources: Record<string, { Type: string }> }).Resources,
  )) {
    counts.set(Type, (counts.get(Type) ?? 0) + 1);
  }
  expect([...counts].toSorted().map(([type, count]) => `${count} ${type}`)).toMatchInlineSnapshot(`
    [
      "5 AWS::Athena::NamedQuery",
      "1 AWS::Athena::WorkGroup",
      "32 AWS::CloudWatch::Alarm",
      "1 AWS::CloudWatch::Dashboard",
      "1 AWS::Glue::Database",
      "8 AWS::IAM::Policy",
      "8 AWS::IAM::Role",
      "3 AWS::Lambda::EventInvokeConfig",
      "2 AWS::Lambda::EventSourceMapping",
      "5 AWS::Lambda::Function",
      "5 AWS::Logs::LogGroup",
      "1 AWS::S3::Bucket",
      "1 AWS::S3::BucketPolicy",
      "5 AWS::SQS::Queue",
      "5 AWS::SQS::QueuePolicy",
      "3 AWS::Scheduler::Schedule",
    ]
  `);
});
