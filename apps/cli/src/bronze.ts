#!/usr/bin/env node
import { Command, InvalidArgumentError, Option } from 'commander';
import manifest from '../package.json' with { type: 'json' };
import { abandonCommand } from './commands/abandon-command.ts';
import { addAwsCommands } from './commands/aws-commands.ts';
import { addBackfillCommand } from './commands/backfill-command.ts';
import { localPath } from './local-path.ts';
import { previewCommand } from './commands/preview-command.ts';
import {
  quarantineAcknowledgeCommand,
  quarantineListCommand,
  quarantineReleaseCommand,
  quarantineShowCommand,
} from './commands/quarantine-command.ts';
import { RETRY_FOR_MS } from '@bronze/runner/local-pipeline';
import { reportFailure, withoutUrls } from './report-failure.ts';
import { runCommand } from './commands/run-command.ts';
import { statusCommand } from './commands/status-command.ts';
import { survivesClosedPipes } from './terminal/closed-pipe.ts';

const out = () =>
  new Option('--out <dir>', 'folder for Parquet files, checkpoints and queues')
    .argParser(localPath('--out'))
    .default('bronze-data');
const output = () => new Option('-o, --output <format>', 'output format').choices(['table', 'json']).default('table');
const retryFor = () =>
  new Option('--retry-for <duration>', 'how long to wait for a database that can’t be reached: 90s, 5m, 0')
    .argParser(milliseconds)
    .default(RETRY_FOR_MS, '60s');
const allowQuarantine = () => new Option('--allow-quarantine', 'do not exit with 4 because of rows in quarantine');
const all = () => new Option('--all', 'also those that are acknowledged or resolved');
const configOfFolder = () =>
  new Option('--config <file>', 'configuration file (default: bronze.config.ts, if it is there)').argParser(
    localPath('--config'),
  );
const config = () =>
  new Option('--config <file>', 'configuration file').argParser(localPath('--config')).default('bronze.config.ts');

function program(): Command {
  const bronze = new Command('bronze').description(
    'Ingest PostgreSQL tables and REST APIs into partitioned Parquet without losing a row',
  );
  bronze.version(manifest.version).exitOverride();
  bronze.configureOutput({ outputError: (text, write) => write(`${withoutUrls(text.trimEnd())}\n`) });
  const run = bronze
    .command('run [entity...]')
    .description('ingest entities on this machine (default: all enabled entities)')
    .option('--full', 'load everything, not only what has changed');
  withRun(run).addOption(out()).action(settingExitCode(runCommand));
  addBackfillCommand(bronze, withRun);
  bronze
    .command('status [entity...]')
    .description('show how far each entity has come, and what is late, missing or failed')
    .addOption(allowQuarantine())
    .addOption(configOfFolder())
    .addOption(out())
    .addOption(output())
    .action(settingExitCode(statusCommand));
  bronze
    .command('preview <entity>')
    .description('show rows of an entity from its Parquet files, newest load first')
    .addOption(new Option('--limit <rows>', 'number of rows to show').argParser(positive).default(10))
    .addOption(out())
    .addOption(output())
    .action(settingExitCode(previewCommand));
  bronze
    .command('abandon <entity>')
    .description('give up an entity’s pending load so that the next request starts a new one')
    .addOption(out())
    .action(settingExitCode(abandonCommand));
  addQuarantineCommands(bronze.command('quarantine').description('list, release or acknowledge rows in quarantine'));
  addAwsCommands(bronze);
  return bronze;
}

/** Adds the options of all that loads on this machine. */
function withRun(command: Command): Command {
  return command
    .option('--database-url <url>', 'connection URL for the configuration’s only PostgreSQL source')
    .addOption(allowQuarantine())
    .addOption(retryFor())
    .addOption(config())
    .addOption(output());
}

function addQuarantineCommands(quarantine: Command): void {
  quarantine
    .command('list [entity...]')
    .description('list loads with rows in quarantine; exits with 4 if any need something')
    .addOption(all())
    .addOption(allowQuarantine())
    .addOption(configOfFolder())
    .addOption(out())
    .addOption(output())
    .action(settingExitCode(quarantineListCommand));
  quarantine
    .command('show <entity>')
    .description('show the rows of an entity in quarantine with their reasons, newest load first')
    .addOption(new Option('--limit <rows>', 'number of rows to show').argParser(positive).default(10))
    .addOption(all())
    .addOption(out())
    .addOption(output())
    .action(settingExitCode(quarantineShowCommand));
  quarantine
    .command('release <entity>')
    .description('request a full load of the entity, which reads its rows in quarantine again')
    .addOption(out())
    .action(settingExitCode(quarantineReleaseCommand));
  quarantine
    .command('acknowledge <entity>')
    .description('stop showing the entity’s rows in quarantine in status; they stay where they are')
    .addOption(out())
    .action(settingExitCode(quarantineAcknowledgeCommand));
}

function settingExitCode<Arguments extends unknown[]>(command: (...given: Arguments) => Promise<number>) {
  return async (...given: Arguments): Promise<void> => {
    process.exitCode = await command(...given);
  };
}

function positive(text: string): number {
  const value = Number(text);
  if (Number.isInteger(value) && value > 0) return value;
  throw new InvalidArgumentError('It must be a positive whole number.');
}

const UNIT_MS: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000 };

function milliseconds(text: string): number {
  const [, count, unit = ''] = /^(\d{1,6})(ms|s|m|h)$/.exec(text === '0' ? '0s' : text) ?? [];
  const unit_ms = UNIT_MS[unit];
  if (count !== undefined && unit_ms !== undefined) return Number(count) * unit_ms;
  throw new InvalidArgumentError('It must be a number and a unit: 500ms, 90s, 5m, 1h; or 0.');
}

survivesClosedPipes();
try {
  await program().parseAsync();
} catch (thrown) {
  process.exitCode = reportFailure(thrown, process.argv.slice(2));
}
