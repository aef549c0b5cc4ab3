import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { App, Stack, Validations } from 'aws-cdk-lib';
import { Match, Template } from 'aws-cdk-lib/assertions';
import validate from 'asl-validator';
import { AwsSolutionsChecks, ServerlessChecks } from 'cdk-nag';
import { BronzePipeline } from '@bronze/constructs/bronze-pipeline';
import { afterAll, describe, expect, test } from 'vitest';
import { code, ingestion, resources, settings, stackOf } from './stacks.fixtures.ts';

const folder = mkdtempSync(join(tmpdir(), 'bronze-ordered-'));
afterAll(() => rmSync(folder, { recursive: true }));
const ORDERED = join(folder, 'bronze.config.ts');
writeFileSync(
  ORDERED,
  `import { defineConfig } from '@bronze/common/config';
import { env } from '@bronze/common/reference';
const table = { source: 'shop', table: 'public.x' };
export default defineConfig({
  sources: { shop: { type: 'postgres', secret: env('RDS_SECRET_ARN') } },
  entities: { customers: table, orders: { ...table, after: ['customers'] }, stock: table },
});
`,
);
const SECRET = 'arn:aws:secretsmanager:eu-central-1:123456789012:secret:shop-database-AbCdEf';

describe('with Step Functions', () => {
  const app = new App();
  const stack = new Stack(app, 'Ordered');
  const pipeline = () =>
    new BronzePipeline(stack, 'Pipeline', {
      config: ORDERED,
      values: { RDS_SECRET_ARN: SECRET },
      orchestration: 'stepfunctions',
      code,
    });
  const made = pipeline();
  const template = Template.fromStack(stack);

  test('the state machine of the configuration is valid, and has a group for entities that have nothing to do with others', () => {
    const [machine] = Object.values(resources('AWS::StepFunctions::StateMachine', template));
    expect(machine?.Properties['StateMachineName']).toBe('Ordered-Run');
    const { 'Fn::Join': joined = ['', []] } = machine?.Properties['DefinitionString'] as {
      'Fn::Join'?: [string, unknown[]];
    };
    const pieces = joined[1].map((piece) => (typeof piece === 'string' ? piece : 'aws'));
    const definition = JSON.parse(pieces.join('')) as object;
    const text = JSON.stringify(definition);
    expect(text).toContain('waitForTaskToken');
    expect(validate(definition, { checkArn: false }).isValid).toBe(true);
    const { Branches } = (definition as { States: { Load: { Branches: { StartAt: string }[] } } }).States.Load;
    expect(Branches.map(({ StartAt }) => StartAt)).toEqual(['Group 1, wave 1', 'Group 2, wave 1']);
    expect(made.orchestration?.function).toBeDefined();
  });

  test('the planner may start it and is told where it is; only the orchestrator may end its tasks', () => {
    template.hasResourceProperties('AWS::Lambda::Function', {
      FunctionName: 'Ordered-IngestionFunction',
      Environment: { Variables: Match.objectLike({ STATE_MACHINE_ARN: Match.anyValue() }) },
    });
    const policies = Object.entries(resources('AWS::IAM::Policy', template)).map(
      ([id, { Properties }]) => [id, JSON.stringify(Properties['PolicyDocument'])] as const,
    );
    const holders = (action: string) => policies.filter(([, text]) => text.includes(action)).map(([id]) => id);
    expect(holders('states:StartExecution')).toEqual([expect.stringContaining('Planner')]);
    expect(holders('states:SendTaskSuccess')).toEqual([expect.stringContaining('Orchestrator')]);
    expect(holders('lambda:InvokeFunction')).toEqual(expect.arrayContaining([expect.stringContaining('StateMachine')]));
  });

  test('ends are reported every minute', () => {
    template.hasResourceProperties('AWS::Scheduler::Schedule', {
      ScheduleExpression: 'rate(1 minute)',
      Target: Match.objectLike({ Input: '{"kind":"report"}' }),
    });
  });
});

test('the whole stack with Step Functions and DynamoDB is clean for cdk-nag, and has an alarm for a run that is incomplete', () => {
  const app = new App();
  const stack = ingestion(app, { orchestration: 'stepfunctions', checkpointStore: 'dynamodb' });
  Validations.of(app).addPlugins(new AwsSolutionsChecks(app), new ServerlessChecks(app));
  expect(() => app.synth()).not.toThrow();
  const template = Template.fromStack(stack);
  template.hasResourceProperties('AWS::CloudWatch::Alarm', { MetricName: 'ExecutionsFailed' });
  template.hasResourceProperties('AWS::Lambda::Function', {
    FunctionName: 'EcomIngestionStack-OrchestratorFunction',
    Environment: {
      Variables: Match.objectLike({ CHECKPOINT_TABLE: Match.anyValue(), PIPELINE_NAME: Match.anyValue() }),
    },
  });
});

test('without it there is no state machine, and a configuration with an order is refused', () => {
  expect(settings().orchestration).toBe('queue');
  Template.fromStack(stackOf(new App(), {})).resourceCountIs('AWS::StepFunctions::StateMachine', 0);
  const props = { config: ORDERED, values: { RDS_SECRET_ARN: SECRET }, code };
  expect(() => new BronzePipeline(new Stack(new App(), 'Ordered'), 'Pipeline', props)).toThrow(
    'ORCHESTRATION: must be stepfunctions, because orders are loaded after others',
  );
  expect(() => settings({ ORCHESTRATION: 'airflow' })).toThrow('ORCHESTRATION: must be queue or stepfunctions');
});
