import config from '../../../bronze.config.ts';
import { App } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import { Code } from 'aws-cdk-lib/aws-lambda';
import { ApiStack } from './api-stack.ts';
import { IngestionStack, type IngestionStackProps } from './ingestion-stack.ts';
import { queryKeys } from './query-keys.ts';
import { readSettings } from './settings.ts';

export const inline = () => Code.fromInline('exports.handler = () => undefined');
const code = { planner: inline(), freshness: inline(), catalog: inline(), extractor: inline(), writer: inline() };
export const NETWORK = {
  vpcId: 'vpc-0a1b2c3d4e5f60718',
  availabilityZones: ['eu-central-1a'],
  subnetIds: ['subnet-0a1b2c3d4e5f60718'],
  securityGroupIds: ['sg-0a1b2c3d4e5f60718'],
};
export const TOPIC = 'arn:aws:sns:eu-central-1:123456789012:alarms';

export function ingestion(app: App, changed: Partial<IngestionStackProps> = {}): IngestionStack {
  const settings = { ...readSettings({}), network: NETWORK, alarmTopicArn: TOPIC };
  return new IngestionStack(app, 'EcomIngestionStack', {
    ...settings,
    code,
    entities: Object.keys(config.entities),
    queryKeys: queryKeys(config),
    ...changed,
  });
}

export const template = Template.fromStack(ingestion(new App()));
export const api = Template.fromStack(new ApiStack(new App(), 'EcomApiStack', { code: inline() }));

type Resource = { readonly Properties: Record<string, unknown> };
export const resources = (type: string, from = template) => from.findResources(type) as Record<string, Resource>;
