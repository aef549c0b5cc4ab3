#!/usr/bin/env node
import { Command, InvalidArgumentError, Option } from 'commander';
import manifest from '../package.json' with { type: 'json' };
import { abandonCommand } from './commands/abandon-command.ts';
import { addBackfillCommand } from './commands/backfill-command.ts';
import { addOperations } from './commands/operation-commands.ts';
import { localPath } from './local-path.ts';
import { planCommand } from './commands/plan-command.ts';
import { previewCommand } from './commands/preview-command.ts';
import {
  quarantineAcknowledgeCommand,
  quarantineListCommand,
  quarantineReleaseCommand,
  quarantineShowCommand,
} from './commands/quarantine-command.ts';
import { queryCommand } from './commands/query-command.ts';
import { RETRY_FOR_MS } from '@bronze/runner/local-pipeline';
import { reportFailure, withoutUrls } from './report-failure.ts';
import { runHereOrThere } from './commands/run-here-or-there.ts';
import { runsCommand, runsShowCommand } from './commands/runs-command.ts';
import { schemaCommand } from './commands/schema-command.ts';
import { statusCommand } from './commands/status-command.ts';
import { survivesClosedPipes } from './terminal/closed-pipe.ts';
import { withTarget } from './target/target-options.ts';

const output = () => new Option('-o, --output <format>', 'output format').choices(['table', 'json']).default('table');
const retryFor = () =>
  new Option('--retry-for <duration>', 'how long to wait for a database that can’t be reached: 90s, 5m, 0')
    .argParser(milliseconds)
    .default(RETRY_FOR_MS, '60s');
const allowQuarantine = () => new Option('--allow-quarantine', 'do not exit with 4 because of rows in quarantine');
const since = (what: string) => new Option('--since <timestamp>', what);
const all = () => new Option('--all', 'also those that are acknowledged or resolved');
const configOfTarget = () =>
  new Option('--config <file>', 'configuration file (default: bronze.config.ts, if it is there)').argParser(
    localPath('--config'),
  );
const config = () =>
  new Option('--config <file>', 'configuration file (default: bronze.config.ts)').argParser(localPath('--config'));

function program(): Command {
  const bronze = new Command('bronze').description(
    'Ingest PostgreSQL tables and REST APIs into partitioned Parquet without losing a row',
  );
  // An option after a subcommand is that subcommand’s, also where its group has one of the same name.
  bronze.version(manifest.version).exitOverride().enablePositionalOptions();
  bronze.configureOutput({ outputError: (text, write) => write(`${withoutUrls(text.trimEnd())}\n`) });
  const run = withTarget(bronze.command('run [entity...]'))
    .description('ingest entities on this machine, or ask a pipeline on AWS to (default: all enabled entities)')
    .option('--full', 'load everything, not only what has changed')
    .option('--restart', 'first give up the pending loads of the named entities: see abandon')
    .option('--remote', 'ask the pipeline on AWS for the loads')
    .option('--wait', 'with --remote: wait until each load is decided');
  withRun(run).action(settingExitCode(runHereOrThere));
  addBackfillCommand(bronze, withRun);
  withTarget(bronze.command('plan [entity...]'))
    .description('show what a run would ask for, without asking')
    .option('--full', 'as of a run with --full')
    .addOption(config())
    .addOption(output())
    .action(settingExitCode(planCommand));
  addStateCommands(bronze);
  addReadingCommands(bronze);
  addQuarantineCommands(bronze.command('quarantine').description('list, release or acknowledge rows in quarantine'));
  addOperations(bronze, settingExitCode);
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

/** About a folder or a pipeline on AWS. */
function addStateCommands(bronze: Command): void {
  withTarget(bronze.command('status [entity...]'))
    .description('show how far each entity has come, and what is late, missing or failed')
    .addOption(allowQuarantine())
    .addOption(configOfTarget())
    .addOption(output())
    .action(settingExitCode(statusCommand));
  withTarget(bronze.command('preview <entity>'))
    .description('show rows of an entity from its Parquet files, newest load first')
    .addOption(new Option('--limit <rows>', 'number of rows to show').argParser(positive).default(10))
    .addOption(output())
    .action(settingExitCode(previewCommand));
  withTarget(bronze.command('abandon <entity>'))
    .description('give up an entity’s pending load so that the next request starts a new one')
    .option('--delete-parts', 'delete the Parquet files that the abandoned load had written')
    .action(settingExitCode(abandonCommand));
}

function addReadingCommands(bronze: Command): void {
  withTarget(bronze.command('query <sql>'))
    .description('run an SQL query of DuckDB over the Parquet files, with a view for each entity')
    .addOption(since('only loads claimed since then'))
    .addOption(
      new Option('--fetch-max <size>', 'on AWS: how much may be fetched, such as 500MB')
        .argParser(sizeOf)
        .default(1e9, '1GB'),
    )
    .addOption(output())
    .action(settingExitCode(queryCommand));
  withTarget(bronze.command('schema <entity>'))
    .description('show the columns and types of an entity, and how they changed')
    .option('--history', 'every change, not only the last')
    .addOption(output())
    .action(settingExitCode(schemaCommand));
  const runs = withTarget(bronze.command('runs [entity...]'))
    .description('list runs and what they did, the newest first')
    .addOption(since('only since then (default: the last 14 days)'))
    .addOption(new Option('--limit <runs>', 'number of runs to show').argParser(positive).default(20))
    .addOption(output())
    .action(settingExitCode(runsCommand));
  withTarget(runs.command('show <id>'))
    .hook('preAction', (show) => takeGiven(runs, show))
    .description('show the loads and failures of a run, by its id or that of one of its loads')
    .addOption(since('where to begin looking (default: 14 days ago)'))
    .addOption(output())
    .action(settingExitCode(runsShowCommand));
}

/** `runs --out data show <id>` means what `runs show <id> --out data` does. */
function takeGiven(from: Command, to: Command): void {
  for (const name of Object.keys(from.opts())) {
    if (from.getOptionValueSource(name) !== 'cli' || to.getOptionValueSource(name) === 'cli') continue;
    to.setOptionValueWithSource(name, from.getOptionValue(name), 'cli');
  }
}

function addQuarantineCommands(quarantine: Command): void {
  withTarget(quarantine.command('list [entity...]'))
    .description('list loads with rows in quarantine; exits with 4 if any need something')
    .addOption(all())
    .addOption(allowQuarantine())
    .addOption(configOfTarget())
    .addOption(output())
    .action(settingExitCode(quarantineListCommand));
  withTarget(quarantine.command('show <entity>'))
    .description('show the rows of an entity in quarantine with their reasons, newest load first')
    .addOption(new Option('--limit <rows>', 'number of rows to show').argParser(positive).default(10))
    .addOption(all())
    .addOption(output())
    .action(settingExitCode(quarantineShowCommand));
  withTarget(quarantine.command('release <entity>'))
    .description('request a full load of the entity, which reads its rows in quarantine again')
    .action(settingExitCode(quarantineReleaseCommand));
  withTarget(quarantine.command('acknowledge <entity>'))
    .description('stop showing the entity’s rows in quarantine in status; they stay where they are')
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

const SIZE_UNITS: Readonly<Record<string, number>> = { kB: 1e3, MB: 1e6, GB: 1e9, TB: 1e12 };

function sizeOf(text: string): number {
  const [, count, unit = ''] = /^(\d{1,6})(kB|MB|GB|TB)$/.exec(text) ?? [];
  const bytes = SIZE_UNITS[unit];
  if (count !== undefined && bytes !== undefined) return Number(count) * bytes;
  throw new InvalidArgumentError('It must be a number and a unit: 500MB, 20GB.');
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
