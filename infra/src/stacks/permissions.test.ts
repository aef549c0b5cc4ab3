import { App } from 'aws-cdk-lib';
import { Match, Template } from 'aws-cdk-lib/assertions';
import { AccountRootPrincipal, Role } from 'aws-cdk-lib/aws-iam';
import { describe, expect, test } from 'vitest';
import { ingestion, resources, settings, template } from './stacks.fixtures.ts';

/** Each statement of each role on one line: `PipelinePlanner: Allow sqs:SendMessage on <Queue>`. */
function statements(from: Template): string[] {
  const policies = Object.entries(resources('AWS::IAM::Policy', from));
  return policies.flatMap(([id, { Properties }]) => {
    const { Statement } = Properties['PolicyDocument'] as { Statement: Record<string, unknown>[] };
    return Statement.map(({ Effect, Action, Resource, Condition }) => {
      const where = JSON.stringify(Resource)
        .replaceAll(/\{"Fn::GetAtt":\["(\w+)","Arn"\]\}/g, '"$1"')
        .replaceAll(/\{"Fn::Join":\["",\[(.*?)\]\]\}/g, '$1');
      const condition = Condition ? ` if ${JSON.stringify(Condition)}` : '';
      return `${id.replace(/RoleDefaultPolicy.*$/, '')}: ${String(Effect)} ${[Action].flat().join(' ')} on ${where}${condition}`.replaceAll(
        '"',
        '',
      );
    });
  });
}

describe('grants of the construct', () => {
  test('grantEnqueue and grantReadBronze allow requesting loads and reading bronze, and no writes', () => {
    const stack = ingestion(new App());
    const analyst = new Role(stack, 'Analyst', { assumedBy: new AccountRootPrincipal() });
    stack.pipeline.grantEnqueue(analyst);
    stack.pipeline.grantReadBronze(analyst);
    const lines = statements(Template.fromStack(stack)).filter((line) => line.startsWith('Analyst'));
    expect(lines.join('\n')).toMatch(/sqs:SendMessage .*on PipelineExtractQueue/);
    expect(lines.join('\n')).toMatch(/s3:GetObject.*\/data\/bronze\/\*/);
    expect(lines.join('\n')).not.toMatch(/s3:Put|s3:Delete/);
    expect(stack.pipeline.metric('RowsWritten', { service: 'writer', entity: 'orders' }).dimensions).toEqual({
      pipeline: 'EcomIngestionStack',
      service: 'writer',
      entity: 'orders',
    });
  });
});

describe('checkpoints in DynamoDB', () => {
  const given = Template.fromStack(ingestion(new App(), { checkpointStore: 'dynamodb' }));

  test('each function may do what it does with the one table, and no more', () => {
    const lines = statements(given).filter((line) => line.includes('dynamodb:'));
    expect(lines.toSorted()).toEqual([
      'PipelineExtractor: Allow dynamodb:GetItem dynamodb:PutItem on PipelineCheckpointsTable00E66715',
      'PipelineFreshness: Allow dynamodb:Scan on PipelineCheckpointsTable00E66715',
      'PipelinePlanner: Allow dynamodb:Scan on PipelineCheckpointsTable00E66715',
      'PipelineWriter: Allow dynamodb:GetItem dynamodb:PutItem on PipelineCheckpointsTable00E66715',
    ]);
    const others = statements(given).filter((line) => !line.includes('dynamodb:'));
    expect(others.toSorted()).toEqual(statements(template).toSorted());
  });

  test('the table is on demand, restorable, protected, and kept when the stack is deleted', () => {
    given.hasResource('AWS::DynamoDB::Table', {
      DeletionPolicy: 'Retain',
      UpdateReplacePolicy: 'Retain',
      Properties: {
        KeySchema: [{ AttributeName: 'entity', KeyType: 'HASH' }],
        AttributeDefinitions: [{ AttributeName: 'entity', AttributeType: 'S' }],
        BillingMode: 'PAY_PER_REQUEST',
        PointInTimeRecoverySpecification: { PointInTimeRecoveryEnabled: true },
        DeletionProtectionEnabled: true,
        TableName: Match.absent(),
      },
    });
    given.hasOutput('CheckpointTable', {});
    const readers = Object.entries(resources('AWS::Lambda::Function', given)).filter(([id]) => !/Catalog/.test(id));
    expect(readers).toHaveLength(4);
    for (const [, { Properties }] of readers) {
      expect(Properties['Environment']).toMatchObject({
        Variables: { CHECKPOINT_STORE: 'dynamodb', CHECKPOINT_TABLE: { Ref: expect.any(String) as string } },
      });
    }
  });

  test('without it there is no table, and an unknown store is refused', () => {
    template.resourceCountIs('AWS::DynamoDB::Table', 0);
    expect(() => settings({ CHECKPOINT_STORE: 'redis' })).toThrow('CHECKPOINT_STORE: must be s3 or dynamodb');
    expect(settings({ CHECKPOINT_STORE: 'dynamodb' }).checkpointStore).toBe('dynamodb');
  });
});

describe('permissions', () => {
  test('no action is a wildcard, and no role has a policy managed by AWS', () => {
    for (const line of statements(template)) expect(line).not.toMatch(/(?:Allow|Deny) (?:\S+ )*\S*\*\S* on/);
    expect(JSON.stringify(resources('AWS::IAM::Role'))).not.toContain('ManagedPolicyArns');
  });

  test('the ingestion stack’s roles have exactly these statements', () => {
    expect(statements(template).toSorted()).toMatchInlineSnapshot(`
      [
        "PipelineCatalog: Allow glue:GetTable glue:CreateTable glue:UpdateTable glue:DeleteTable glue:GetPartitions glue:BatchCreatePartition glue:BatchUpdatePartition on [arn:,{Ref:AWS::Partition},:glue:,{Ref:AWS::Region},:,{Ref:AWS::AccountId},:catalog,arn:,{Ref:AWS::Partition},:glue:,{Ref:AWS::Region},:,{Ref:AWS::AccountId},:database/aws-ecom-pipeline,arn:,{Ref:AWS::Partition},:glue:,{Ref:AWS::Region},:,{Ref:AWS::AccountId},:table/aws-ecom-pipeline/data/bronze,arn:,{Ref:AWS::Partition},:glue:,{Ref:AWS::Region},:,{Ref:AWS::AccountId},:table/aws-ecom-pipeline/logs/pipeline/ingestion,arn:,{Ref:AWS::Partition},:glue:,{Ref:AWS::Region},:,{Ref:AWS::AccountId},:table/aws-ecom-pipeline/bronze_loads,arn:,{Ref:AWS::Partition},:glue:,{Ref:AWS::Region},:,{Ref:AWS::AccountId},:table/aws-ecom-pipeline/customers,arn:,{Ref:AWS::Partition},:glue:,{Ref:AWS::Region},:,{Ref:AWS::AccountId},:table/aws-ecom-pipeline/products,arn:,{Ref:AWS::Partition},:glue:,{Ref:AWS::Region},:,{Ref:AWS::AccountId},:table/aws-ecom-pipeline/orders,arn:,{Ref:AWS::Partition},:glue:,{Ref:AWS::Region},:,{Ref:AWS::AccountId},:table/aws-ecom-pipeline/order_items,arn:,{Ref:AWS::Partition},:glue:,{Ref:AWS::Region},:,{Ref:AWS::AccountId},:table/aws-ecom-pipeline/payments,arn:,{Ref:AWS::Partition},:glue:,{Ref:AWS::Region},:,{Ref:AWS::AccountId},:table/aws-ecom-pipeline/shipments]",
        "PipelineCatalog: Allow logs:CreateLogStream logs:PutLogEvents on PipelineCatalogLogs1DC44244",
        "PipelineCatalog: Allow s3:GetObject on PipelineDataBucketDA2BCAB2,/logs/pipeline/ingestion/loads/*",
        "PipelineCatalog: Allow s3:ListBucket on PipelineDataBucketDA2BCAB2 if {StringLikeIfExists:{s3:prefix:[logs/pipeline/ingestion/loads/*,logs/pipeline/ingestion/date=*]}}",
        "PipelineCatalog: Allow sqs:SendMessage sqs:GetQueueAttributes sqs:GetQueueUrl on PipelineSchedulesDeadLetters9711FB02",
        "PipelineExtractor: Allow ec2:CreateNetworkInterface ec2:DescribeNetworkInterfaces ec2:DescribeSubnets ec2:DeleteNetworkInterface ec2:AssignPrivateIpAddresses ec2:UnassignPrivateIpAddresses on *",
        "PipelineExtractor: Allow logs:CreateLogStream logs:PutLogEvents on PipelineExtractorLogs63375F1F",
        "PipelineExtractor: Allow s3:DeleteObject on PipelineDataBucketDA2BCAB2,/data/staging/*.ndjson.zst",
        "PipelineExtractor: Allow s3:GetObject on [PipelineDataBucketDA2BCAB2,/data/staging/*,PipelineDataBucketDA2BCAB2,/logs/pipeline/ingestion/checkpoints.json,PipelineDataBucketDA2BCAB2,/logs/pipeline/ingestion/loads/*,PipelineDataBucketDA2BCAB2,/logs/pipeline/ingestion/probe.txt]",
        "PipelineExtractor: Allow s3:ListBucket on PipelineDataBucketDA2BCAB2 if {StringLikeIfExists:{s3:prefix:[data/staging/*,logs/pipeline/ingestion/*]}}",
        "PipelineExtractor: Allow s3:PutObject on [PipelineDataBucketDA2BCAB2,/data/staging/*,PipelineDataBucketDA2BCAB2,/logs/pipeline/ingestion/checkpoints.json,PipelineDataBucketDA2BCAB2,/logs/pipeline/ingestion/loads/*,PipelineDataBucketDA2BCAB2,/logs/pipeline/ingestion/failures/*,PipelineDataBucketDA2BCAB2,/logs/pipeline/ingestion/date=*,PipelineDataBucketDA2BCAB2,/logs/pipeline/ingestion/probe.txt]",
        "PipelineExtractor: Allow secretsmanager:GetSecretValue on arn:aws:secretsmanager:eu-central-1:123456789012:secret:payments-api-AbCdEf",
        "PipelineExtractor: Allow secretsmanager:GetSecretValue on arn:aws:secretsmanager:eu-central-1:123456789012:secret:shop-database-AbCdEf",
        "PipelineExtractor: Allow sqs:ReceiveMessage sqs:DeleteMessage sqs:GetQueueAttributes sqs:ChangeMessageVisibility on PipelineExtractQueue2EB082FE",
        "PipelineExtractor: Allow sqs:SendMessage on [PipelineExtractQueue2EB082FE,PipelineExtractDeadLettersFFC4C012,PipelineWriteQueueE9822A38]",
        "PipelineFreshness: Allow logs:CreateLogStream logs:PutLogEvents on PipelineFreshnessLogs275B38C5",
        "PipelineFreshness: Allow s3:GetObject on [PipelineDataBucketDA2BCAB2,/logs/pipeline/ingestion/checkpoints.json,PipelineDataBucketDA2BCAB2,/logs/pipeline/ingestion/measured/*]",
        "PipelineFreshness: Allow s3:ListBucket on PipelineDataBucketDA2BCAB2 if {StringLikeIfExists:{s3:prefix:[logs/pipeline/ingestion/checkpoints.json,logs/pipeline/ingestion/plans/*,logs/pipeline/ingestion/measured/*]}}",
        "PipelineFreshness: Allow s3:PutObject on PipelineDataBucketDA2BCAB2,/logs/pipeline/ingestion/measured/*",
        "PipelineFreshness: Allow sqs:SendMessage sqs:GetQueueAttributes sqs:GetQueueUrl on PipelineSchedulesDeadLetters9711FB02",
        "PipelinePlanner: Allow logs:CreateLogStream logs:PutLogEvents on PipelinePlannerLogsF6577367",
        "PipelinePlanner: Allow s3:GetObject on [PipelineDataBucketDA2BCAB2,/logs/pipeline/ingestion/checkpoints.json,PipelineDataBucketDA2BCAB2,/logs/pipeline/ingestion/loads/*]",
        "PipelinePlanner: Allow s3:ListBucket on PipelineDataBucketDA2BCAB2 if {StringLikeIfExists:{s3:prefix:[logs/pipeline/ingestion/checkpoints.json,logs/pipeline/ingestion/loads/*]}}",
        "PipelinePlanner: Allow s3:PutObject on [PipelineDataBucketDA2BCAB2,/logs/pipeline/ingestion/date=*,PipelineDataBucketDA2BCAB2,/logs/pipeline/ingestion/plans/*]",
        "PipelinePlanner: Allow sqs:SendMessage on PipelineExtractQueue2EB082FE",
        "PipelinePlanner: Allow sqs:SendMessage sqs:GetQueueAttributes sqs:GetQueueUrl on PipelineSchedulesDeadLetters9711FB02",
        "PipelineWriter: Allow logs:CreateLogStream logs:PutLogEvents on PipelineWriterLogsFC06761F",
        "PipelineWriter: Allow s3:DeleteObject on PipelineDataBucketDA2BCAB2,/data/staging/*.ndjson.zst",
        "PipelineWriter: Allow s3:GetObject on [PipelineDataBucketDA2BCAB2,/data/staging/*,PipelineDataBucketDA2BCAB2,/data/bronze/*,PipelineDataBucketDA2BCAB2,/data/quarantine/*,PipelineDataBucketDA2BCAB2,/logs/pipeline/ingestion/checkpoints.json,PipelineDataBucketDA2BCAB2,/logs/pipeline/ingestion/loads/*,PipelineDataBucketDA2BCAB2,/logs/pipeline/ingestion/probe.txt]",
        "PipelineWriter: Allow s3:ListBucket on PipelineDataBucketDA2BCAB2 if {StringLikeIfExists:{s3:prefix:[data/staging/*,data/bronze/*,data/quarantine/*,logs/pipeline/ingestion/*]}}",
        "PipelineWriter: Allow s3:PutObject on [PipelineDataBucketDA2BCAB2,/data/staging/*/receipts/*,PipelineDataBucketDA2BCAB2,/data/bronze/*,PipelineDataBucketDA2BCAB2,/data/quarantine/*,PipelineDataBucketDA2BCAB2,/logs/pipeline/ingestion/checkpoints.json,PipelineDataBucketDA2BCAB2,/logs/pipeline/ingestion/loads/*,PipelineDataBucketDA2BCAB2,/logs/pipeline/ingestion/failures/*,PipelineDataBucketDA2BCAB2,/logs/pipeline/ingestion/date=*,PipelineDataBucketDA2BCAB2,/logs/pipeline/ingestion/probe.txt]",
        "PipelineWriter: Allow sqs:ReceiveMessage sqs:DeleteMessage sqs:GetQueueAttributes sqs:ChangeMessageVisibility on PipelineWriteQueueE9822A38",
        "PipelineWriter: Allow sqs:SendMessage on [PipelineExtractQueue2EB082FE,PipelineWriteDeadLettersB0873A02]",
        "SchedulerRoleForTarget1f3dadDefaultPolicy4F6C537B: Allow lambda:InvokeFunction on [PipelinePlannerFunction4C4A2143,PipelinePlannerFunction4C4A2143,:*]",
        "SchedulerRoleForTarget1f3dadDefaultPolicy4F6C537B: Allow sqs:SendMessage on PipelineSchedulesDeadLetters9711FB02",
        "SchedulerRoleForTarget621de5DefaultPolicy56E5C6C2: Allow lambda:InvokeFunction on [PipelineCatalogFunction6B36AD83,PipelineCatalogFunction6B36AD83,:*]",
        "SchedulerRoleForTarget621de5DefaultPolicy56E5C6C2: Allow sqs:SendMessage on PipelineSchedulesDeadLetters9711FB02",
        "SchedulerRoleForTargetf85db5DefaultPolicy1ACDFEF9: Allow lambda:InvokeFunction on [PipelineFreshnessFunctionA56859CB,PipelineFreshnessFunctionA56859CB,:*]",
        "SchedulerRoleForTargetf85db5DefaultPolicy1ACDFEF9: Allow sqs:SendMessage on PipelineSchedulesDeadLetters9711FB02",
      ]
    `);
  });
});
