/** The commands that repair a pipeline: its dead letters and its checkpoints, in a folder or on AWS. */
import { type Command, Option } from 'commander';
import { localPath } from '../local-path.ts';
import { withTarget } from '../target/target-options.ts';
import { checkpointExportCommand, checkpointImportCommand, checkpointRestoreCommand } from './checkpoint-copies.ts';
import type { CheckpointMoveOptions } from './checkpoint-move-command.ts';
import { checkpointGetCommand, checkpointResetCommand, checkpointSetCommand } from './checkpoint-command.ts';
import { dlqDropCommand, dlqListCommand, dlqReplayCommand, dlqShowCommand } from './dlq-command.ts';

type Acting = <Arguments extends unknown[]>(
  command: (...given: Arguments) => Promise<number>,
) => (...given: Arguments) => Promise<void>;

export function addOperations(bronze: Command, acting: Acting): void {
  addDlq(bronze.command('dlq').description('list, show, replay or drop dead letters'), acting);
  const checkpoint = bronze.command('checkpoint').description('show, set, reset, restore or copy checkpoints');
  addCheckpoint(checkpoint, acting);
  addCopies(checkpoint, acting);
  addMove(checkpoint, acting);
}

function addDlq(dlq: Command, acting: Acting): void {
  const entity = () => new Option('--entity <name>', 'only dead letters of this entity');
  const choosing = (command: Command) =>
    of(command)
      .addOption(entity())
      .option('--id <id>', 'the dead letter with this message id, or the beginning of one')
      .option('--all', 'dead letters of all entities');
  of(dlq.command('list'))
    .description('list dead letters with their reasons; exits with 4 if there are any')
    .addOption(entity())
    .action(acting(dlqListCommand));
  of(dlq.command('show <id|entity>'))
    .description('show a dead letter, or those of an entity: message, reason, what to do')
    .action(acting(dlqShowCommand));
  choosing(dlq.command('replay'))
    .description('send dead letters back to their queues')
    .action(acting(dlqReplayCommand));
  choosing(dlq.command('drop')).description('delete dead letters').action(acting(dlqDropCommand));
}

function addCheckpoint(checkpoint: Command, acting: Acting): void {
  of(checkpoint.command('get [entity]'))
    .description('show the checkpoint of one entity, or of all')
    .action(acting(checkpointGetCommand));
  of(checkpoint.command('set <entity> <timestamp>'))
    .description('set where the entity’s next incremental load begins')
    .option('--yes', 'do not ask before rows are left out')
    .action(acting(checkpointSetCommand));
  of(checkpoint.command('reset <entity>'))
    .description('have the entity loaded in full the next time')
    .action(acting(checkpointResetCommand));
}

function addCopies(checkpoint: Command, acting: Acting): void {
  const force = (what: string) => new Option('--force', what);
  of(checkpoint.command('restore [entity...]'))
    .description('rebuild checkpoints that are gone or can’t be read from the load records (default: all such)')
    .addOption(force('also one that can be read'))
    .action(acting(checkpointRestoreCommand));
  of(checkpoint.command('export [file]'))
    .description('write all checkpoints as a checkpoints.json, to a new file or to stdout')
    .action(acting(checkpointExportCommand));
  of(checkpoint.command('import <file>'))
    .description('write the checkpoints of an exported file')
    .addOption(force('also where that moves one back, or leaves rows out'))
    .action(acting(checkpointImportCommand));
}

/** The AWS SDK is slow to load, so it is loaded only for this command. */
function addMove(checkpoint: Command, acting: Acting): void {
  withTarget(checkpoint.command('move'))
    .description('on AWS: move all checkpoints to DynamoDB or back, with the loads in flight')
    .addOption(new Option('--to <store>', 'where they go').choices(['s3', 'dynamodb']).makeOptionMandatory())
    .option('--table <name>', 'DynamoDB table: the stack’s output CheckpointTable')
    .option('--create-table', 'create the table if it is missing, with on-demand capacity')
    .action(
      acting(async (options: CheckpointMoveOptions) => {
        const { checkpointMoveCommand } = await import('./checkpoint-move-command.ts');
        return checkpointMoveCommand(options);
      }),
    );
}

function of(command: Command): Command {
  const output = new Option('-o, --output <format>', 'output format').choices(['table', 'json']).default('table');
  const config = new Option('--config <file>', 'configuration file (default: bronze.config.ts, if it is there)');
  return withTarget(command)
    .addOption(config.argParser(localPath('--config')))
    .addOption(output);
}
