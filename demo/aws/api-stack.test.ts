import { join } from 'node:path';
import { readConfiguration } from '@bronze/constructs/configuration';
import { EXAMPLE } from '@bronze/infra/example';
import { IngestionStack } from '@bronze/infra/stacks/ingestion-stack';
import { readSettings } from '@bronze/infra/stacks/settings';
import { App, Validations } from 'aws-cdk-lib';
import { Match, Template } from 'aws-cdk-lib/assertions';
import { Code } from 'aws-cdk-lib/aws-lambda';
import { AwsSolutionsChecks, ServerlessChecks } from 'cdk-nag';
import { describe, expect, test } from 'vitest';
import { ApiStack } from './api-stack.ts';

const code = Code.fromInline('exports.handler = () => undefined');
const api = Template.fromStack(new ApiStack(new App(), 'EcomApiStack', { code }));
type Resource = { readonly Properties: Record<string, unknown> };
const resources = (type: string, from: Template) => from.findResources(type) as Record<string, Resource>;

describe('the API', () => {
  test('the API requires a generated key of 48 letters and digits, and has rate limits and a quota', () => {
    api.hasResourceProperties('AWS::SecretsManager::Secret', {
      GenerateSecretString: Match.objectLike({
        PasswordLength: 48,
        ExcludePunctuation: true,
        GenerateStringKey: 'api_key',
      }),
    });
    for (const { Properties } of Object.values(resources('AWS::ApiGateway::Method', api)))
      expect(Properties['ApiKeyRequired']).toBe(true);
    api.hasResourceProperties('AWS::ApiGateway::UsagePlan', {
      Throttle: { RateLimit: 50, BurstLimit: 100 },
      Quota: Match.anyValue(),
    });
  });

  test('the API can use an existing secret, by name', () => {
    const given = Template.fromStack(new ApiStack(new App(), 'EcomApiStack', { code, secretName: 'payments-key' }));
    given.resourceCountIs('AWS::SecretsManager::Secret', 0);
    const policies = JSON.stringify(resources('AWS::IAM::Policy', given));
    expect(policies).toContain('secretsmanager:GetSecretValue');
    expect(policies).toContain(':secret:payments-key-??????');
  });

  test('a new version of the secret changes the gateway’s copy of the key, which CloudFormation would keep otherwise', () => {
    const value = (keyVersion?: string) => {
      const stack = new ApiStack(new App(), 'EcomApiStack', { code, secretName: 'payments-key', keyVersion });
      return JSON.stringify(resources('AWS::ApiGateway::ApiKey', Template.fromStack(stack)));
    };
    expect(value()).toContain(':SecretString:api_key::}}');
    expect(value('b2a4f0d1-0000-4000-8000-000000000000')).toContain(
      ':SecretString:api_key::b2a4f0d1-0000-4000-8000-000000000000}}',
    );
  });
});

test('cdk-nag finds nothing in the API’s stack that is not acknowledged with a reason', () => {
  const app = new App();
  new ApiStack(app, 'EcomApiStack', { code });
  Validations.of(app).addPlugins(new AwsSolutionsChecks(app), new ServerlessChecks(app));
  expect(() => app.synth()).not.toThrow();
});

test('the pipeline reads the key from the secret of the API, and no other', () => {
  const app = new App();
  const { secret, api: gateway } = new ApiStack(app, 'EcomApiStack', { code });
  const config = join(import.meta.dirname, '../../bronze.config.ts');
  const ofApi = { PAYMENTS_API_URL: gateway.url, API_KEY_SECRET_ARN: secret.secretArn };
  const { stackName, values, tags: _, ...settings } = readSettings({ ...EXAMPLE, ...ofApi }, readConfiguration(config));
  const codes = { planner: code, orchestrator: code, freshness: code, catalog: code, extractor: code, writer: code };
  const given = { ...settings, config, code: codes, values: { ...values, API_KEY_SECRET_ARN: secret } };
  const pipeline = Template.fromStack(new IngestionStack(app, stackName, given));
  const reading = Object.values(resources('AWS::IAM::Policy', pipeline)).flatMap(({ Properties }) =>
    (Properties['PolicyDocument'] as { Statement: { Action: unknown; Resource: unknown }[] }).Statement.filter(
      ({ Action }) => JSON.stringify(Action).includes('secretsmanager:GetSecretValue'),
    ),
  );
  const [login, key, ...others] = reading.map(({ Resource }) => Resource);
  expect([login, others]).toEqual([EXAMPLE.RDS_SECRET_ARN, []]);
  expect(key).toEqual({ 'Fn::ImportValue': expect.stringContaining('EcomApiStack:') as string });
  pipeline.hasResourceProperties('AWS::Lambda::Function', {
    FunctionName: 'EcomIngestionStack-ExtractorFunction',
    Environment: { Variables: Match.objectLike({ API_KEY_SECRET_ARN: key }) },
  });
});
