/**
 * `npm run synth`: synthesises both stacks as CloudFormation templates; needs no AWS account. Settings that differ
 * between accounts come from environment variables.
 */
import { join } from 'node:path';
import config from '../../bronze.config.ts';
import { App, Validations } from 'aws-cdk-lib';
import { Code } from 'aws-cdk-lib/aws-lambda';
import { AwsSolutionsChecks, ServerlessChecks } from 'cdk-nag';
import { ApiStack } from './stacks/api-stack.ts';
import { bundleFunction } from '@bronze/constructs/bundle';
import type { FunctionName } from '@bronze/constructs/function-names';
import { IngestionStack } from './stacks/ingestion-stack.ts';
import { queryKeys } from './stacks/query-keys.ts';
import { readSettings } from './stacks/settings.ts';

const OUT = join(import.meta.dirname, '../../cdk.out');
async function bundled(name: FunctionName): Promise<Code> {
  const { folder, bytes } = await bundleFunction(name, { cpu: 'arm64', out: `${OUT}.bundles` });
  process.stderr.write(`${name}: ${(bytes / 1e6).toFixed(1)} MB unzipped\n`);
  return Code.fromAsset(folder);
}

const code = {
  planner: await bundled('planner'),
  freshness: await bundled('freshness'),
  catalog: await bundled('catalog'),
  extractor: await bundled('extractor'),
  writer: await bundled('writer'),
};
const api = await bundled('api');
const app = new App({ outdir: OUT });
const settings = readSettings(process.env);
new ApiStack(app, 'EcomApiStack', { code: api, secretName: settings.apiSecretName });
const entities = Object.keys(config.entities);
new IngestionStack(app, 'EcomIngestionStack', { ...settings, code, entities, queryKeys: queryKeys(config) });
Validations.of(app).addPlugins(new AwsSolutionsChecks(app), new ServerlessChecks(app));
app.synth();
process.stderr.write(`Both stacks are in ${OUT}\n`);
