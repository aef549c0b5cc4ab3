import { join } from 'node:path';
import { readConfiguration } from '@bronze/constructs/configuration';
import { App } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import { Code } from 'aws-cdk-lib/aws-lambda';
import { EXAMPLE } from '../example.ts';
import { IngestionStack, type IngestionStackProps } from './ingestion-stack.ts';
import { readSettings } from './settings.ts';

const CONFIG = join(import.meta.dirname, '../../../bronze.config.ts');
export const inline = () => Code.fromInline('exports.handler = () => undefined');
export const code = {
  planner: inline(),
  freshness: inline(),
  catalog: inline(),
  orchestrator: inline(),
  extractor: inline(),
  writer: inline(),
};
export const NETWORK = {
  vpcId: 'vpc-0a1b2c3d4e5f60718',
  availabilityZones: ['eu-central-1a'],
  subnetIds: ['subnet-0a1b2c3d4e5f60718'],
  securityGroupIds: ['sg-0a1b2c3d4e5f60718'],
};
export const TOPIC = 'arn:aws:sns:eu-central-1:123456789012:alarms';

/** What `npm run synth` reads from these variables, besides the examples of those that must be set. */
export function settings(environment: Readonly<Record<string, string | undefined>> = {}) {
  return readSettings({ ...EXAMPLE, ...environment }, readConfiguration(CONFIG));
}

/** The stack without its code, as it is made from these variables. */
export function stackOf(app: App, environment: Readonly<Record<string, string | undefined>>): IngestionStack {
  const { stackName, tags: _, ...props } = settings(environment);
  return new IngestionStack(app, stackName, { ...props, config: CONFIG, code });
}

export function ingestion(app: App, changed: Partial<IngestionStackProps> = {}): IngestionStack {
  const { stackName, tags: _, ...props } = settings({ ALARM_TOPIC_ARN: TOPIC });
  return new IngestionStack(app, stackName, {
    ...props,
    network: NETWORK,
    config: CONFIG,
    code,
    ...changed,
  });
}

export const template = Template.fromStack(ingestion(new App()));

type Resource = { readonly Properties: Record<string, unknown> };
export const resources = (type: string, from = template) => from.findResources(type) as Record<string, Resource>;
