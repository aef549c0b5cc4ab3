import { type Command, Option } from 'commander';

/** The commands for a pipeline in AWS. The SDK takes its time to load, so it is loaded by the commands that need it. */
export function addAwsCommands(bronze: Command): void {
  onAws(bronze.command('enqueue <entity>'))
    .description('ask the pipeline in AWS for one entity')
    .option('--full', 'load everything, not just what changed')
    .action(async (entity: string, options) => {
      const { enqueueCommand } = await import('./enqueue-command.ts');
      process.exitCode = await enqueueCommand(entity, options);
    });
  const dlq = bronze.command('dlq').description('dead-letter queues of the pipeline in AWS');
  onAws(dlq.command('list'))
    .description('show what lies in them')
    .option('--entity <name>', 'of this entity only')
    .action(async (options) => {
      const { dlqListCommand } = await import('./dlq-command.ts');
      process.exitCode = await dlqListCommand(options);
    });
  onAws(dlq.command('replay'))
    .description('send it to its queue again')
    .option('--entity <name>', 'of this entity only')
    .option('--all', 'of every entity')
    .action(async (options) => {
      const { dlqReplayCommand } = await import('./dlq-command.ts');
      process.exitCode = await dlqReplayCommand(options);
    });
  addCheckpointCommands(bronze.command('checkpoint').description('checkpoints of the pipeline in AWS'));
}

function addCheckpointCommands(checkpoint: Command): void {
  onAws(checkpoint.command('get [entity]'))
    .description('show how far bronze has come')
    .action(async (entity: string | undefined, options) => {
      const { checkpointGetCommand } = await import('./checkpoint-command.ts');
      process.exitCode = await checkpointGetCommand(entity, options);
    });
  onAws(checkpoint.command('set <entity> <timestamp>'))
    .description('let the next incremental load begin there')
    .action(async (entity: string, timestamp: string, options) => {
      const { checkpointSetCommand } = await import('./checkpoint-command.ts');
      process.exitCode = await checkpointSetCommand(entity, timestamp, options);
    });
}

function onAws(command: Command): Command {
  return command
    .option('--stack <name>', 'CloudFormation stack of the pipeline', 'EcomIngestionStack')
    .option('--bucket <name>', 'its bucket; default: S3_BUCKET_NAME')
    .option('--profile <name>', 'of the AWS configuration')
    .option('--region <name>', 'of AWS')
    .option('--endpoint <url>', 'of a local AWS')
    .addOption(new Option('-o, --output <format>', 'how to print').choices(['table', 'json']).default('table'));
}
