import { App } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import { AccountRootPrincipal, Role } from 'aws-cdk-lib/aws-iam';
import { describe, expect, test } from 'vitest';
import { ingestion, resources, template } from './stacks.fixtures.ts';

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
      service: 'writer',
      entity: 'orders',
    });
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
        "PipelineFreshness: Allow s3:GetObject on PipelineDataBucketDA2BCAB2,/logs/pipeline/ingestion/checkpoints.json",
        "PipelineFreshness: Allow s3:ListBucket on PipelineDataBucketDA2BCAB2 if {StringLikeIfExists:{s3:prefix:[logs/pipeline/ingestion/checkpoints.json]}}",
        "PipelineFreshness: Allow sqs:SendMessage sqs:GetQueueAttributes sqs:GetQueueUrl on PipelineSchedulesDeadLetters9711FB02",
        "PipelinePlanner: Allow logs:CreateLogStream logs:PutLogEvents on PipelinePlannerLogsF6577367",
        "PipelinePlanner: Allow s3:GetObject on PipelineDataBucketDA2BCAB2,/logs/pipeline/ingestion/checkpoints.json",
        "PipelinePlanner: Allow s3:ListBucket on PipelineDataBucketDA2BCAB2 if {StringLikeIfExists:{s3:prefix:[logs/pipeline/ingestion/checkpoints.json]}}",
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
        "SchedulerRoleForTargetf85db5DefaultPolicy1ACDFEF9: Allow lambda:InvokeFunction on [PipelineFreshnessFunctionA56859CB,PipelineFreshnessFunctionA56859CB,:*]",
        "SchedulerRoleForTargetf85db5DefaultPolicy1ACDFEF9: Allow sqs:SendMessage on PipelineSchedulesDeadLetters9711FB02",
      ]
    `);
  });
});
