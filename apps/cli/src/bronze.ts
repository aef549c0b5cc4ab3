#!/usr/bin/env node
import { toFailure } from '@bronze/common/words/failure';
import { Command, CommanderError, InvalidArgumentError, Option } from 'commander';
import { abandonCommand } from './commands/abandon-command.ts';
import { addAwsCommands } from './commands/aws-commands.ts';
import { EXIT, exitCodeOf } from './exit-code.ts';
import { previewCommand } from './commands/preview-command.ts';
import { runCommand, sayFailure } from './commands/run-command.ts';
import { statusCommand } from './commands/status-command.ts';

const out = () => new Option('--out <dir>', 'folder of Parquet, checkpoints and queues').default('bronze-data');
const output = () => new Option('-o, --output <format>', 'how to print').choices(['table', 'json']).default('table');
const config = () => new Option('--config <file>', 'configuration').default('bronze.config.ts');

function program(): Command {
  const bronze = new Command('bronze').description(
    'PostgreSQL tables and REST APIs to partitioned Parquet, with nothing lost',
  );
  bronze.exitOverride().configureOutput({ writeOut: (text) => process.stdout.write(text) });
  bronze
    .command('run [entity...]')
    .description('ingest entities on this machine; default: all that are enabled')
    .option('--full', 'load everything, not just what changed')
    .option('--database-url <url>', 'connection URL for the PostgreSQL source of the configuration')
    .addOption(config())
    .addOption(out())
    .addOption(output())
    .action(ending(runCommand));
  bronze
    .command('status')
    .description('how far each entity has come, and what failed')
    .addOption(out())
    .addOption(output())
    .action(ending(statusCommand));
  bronze
    .command('preview <entity>')
    .description('show rows of an entity from its Parquet files')
    .addOption(new Option('--limit <rows>', 'how many').argParser(positive).default(10))
    .addOption(out())
    .addOption(output())
    .action(ending(previewCommand));
  bronze
    .command('abandon <entity>')
    .description('give up the pending load of an entity, so that the next request starts a new one')
    .addOption(out())
    .action(ending(abandonCommand));
  addAwsCommands(bronze);
  return bronze;
}

function ending<Arguments extends unknown[]>(command: (...given: Arguments) => Promise<number>) {
  return async (...given: Arguments): Promise<void> => {
    process.exitCode = await command(...given);
  };
}

function positive(text: string): number {
  const value = Number(text);
  if (Number.isInteger(value) && value > 0) return value;
  throw new InvalidArgumentError('Not a positive whole number.');
}

try {
  await program().parseAsync();
} catch (thrown) {
  if (thrown instanceof CommanderError) process.exitCode = thrown.exitCode === 0 ? EXIT.ok : EXIT.usage;
  else {
    sayFailure(thrown);
    process.exitCode = exitCodeOf(toFailure(thrown));
  }
}
