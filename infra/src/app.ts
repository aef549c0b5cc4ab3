/**
 * `npm run synth`: synthesises the pipeline of bronze.config.ts as a CloudFormation template; needs no AWS account. The settings
 * come from environment variables. With `--example` they are made up, and the template goes where nobody deploys it from.
 */
import { join } from 'node:path';
import { BronzeError } from '@bronze/common/words/failure';
import { readConfiguration } from '@bronze/constructs/configuration';
import { App, Validations } from 'aws-cdk-lib';
import { AwsSolutionsChecks, ServerlessChecks } from 'cdk-nag';
import { EXAMPLE } from './example.ts';
import { IngestionStack, tagAll } from './stacks/ingestion-stack.ts';
import { readSettings } from './stacks/settings.ts';

const ROOT = join(import.meta.dirname, '../..');

function synthesise(isExample: boolean): string {
  const outdir = join(ROOT, isExample ? 'cdk.out.example' : 'cdk.out');
  const file = join(ROOT, 'bronze.config.ts');
  const { stackName, tags, ...settings } = readSettings(isExample ? EXAMPLE : process.env, readConfiguration(file));
  const app = new App({ outdir });
  const stack = new IngestionStack(app, stackName, { ...settings, config: file });
  tagAll(stack, tags);
  Validations.of(app).addPlugins(new AwsSolutionsChecks(app), new ServerlessChecks(app));
  app.synth();
  return `${stackName} is in ${outdir}${isExample ? ', with made-up settings: do not deploy it' : ''}\n`;
}

try {
  process.stderr.write(synthesise(process.argv.includes('--example')));
} catch (thrown) {
  if (!(thrown instanceof BronzeError)) throw thrown;
  process.stderr.write(`${thrown.message}\n${thrown.hint}\n`);
  process.exitCode = 2;
}
