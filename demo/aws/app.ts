/**
 * `npm run synth:demo`: the demo shop's API, and the pipeline of bronze.config.ts that ingests it through the API's own stage. Needs
 * `RDS_SECRET_ARN` of a database with demo/src/shop/schema.sql; URL and key of the API come from its stack.
 */
import { join } from 'node:path';
import { bundleHandler } from '@bronze/constructs/bundle';
import { readConfiguration } from '@bronze/constructs/configuration';
import { IngestionStack, tagAll } from '@bronze/infra/stacks/ingestion-stack';
import { readSettings } from '@bronze/infra/stacks/settings';
import { App, Validations } from 'aws-cdk-lib';
import { Code } from 'aws-cdk-lib/aws-lambda';
import { AwsSolutionsChecks, ServerlessChecks } from 'cdk-nag';
import { ApiStack } from './api-stack.ts';

const ROOT = join(import.meta.dirname, '../..');
const OUT = join(ROOT, 'cdk.out.demo');

const app = new App({ outdir: OUT });
const entry = join(ROOT, 'demo/source-api/handler.ts');
const { folder } = await bundleHandler({ name: 'api', entry }, { cpu: 'arm64', out: `${OUT}.bundles` });
const api = new ApiStack(app, 'EcomApiStack', {
  code: Code.fromAsset(folder),
  secretName: process.env['PAYMENTS_API_SECRET_NAME'],
  keyVersion: process.env['PAYMENTS_API_KEY_VERSION'],
});
const config = join(ROOT, 'bronze.config.ts');
const ofApi = { PAYMENTS_API_URL: api.api.url, API_KEY_SECRET_ARN: api.secret.secretArn };
const { stackName, tags, values, ...settings } = readSettings({ ...process.env, ...ofApi }, readConfiguration(config));
new IngestionStack(app, stackName, {
  ...settings,
  config,
  values: { ...values, API_KEY_SECRET_ARN: api.secret },
});
tagAll(app, tags);
Validations.of(app).addPlugins(new AwsSolutionsChecks(app), new ServerlessChecks(app));
app.synth();
process.stderr.write(`Both stacks are in ${OUT}\n`);
