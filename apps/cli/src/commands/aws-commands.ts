import { type Command, Option } from 'commander';

/** Adds the commands for a pipeline in AWS. The AWS SDK is slow to load, so only commands that need it import it. */
export function addAwsCommands(bronze: Command): void {
  onAws(bronze.command('enqueue <entity>'))
    .description('request a load of one entity from the AWS pipeline')
    .option('--full', 'load everything, not only what has changed')
    .action(async (entity: string, options) => {
      const { enqueueCommand } = await import('./enqueue-command.ts');
      process.exitCode = await enqueueCommand(entity, options);
    });
  const dlq = bronze.command('dlq').description('list or replay the AWS pipeline’s dead letters');
  onAws(dlq.command('list'))
    .description('list dead letters; exits with 4 if there are any')
    .option('--entity <name>', 'only dead letters of this entity')
    .action(async (options) => {
      const { dlqListCommand } = await import('./dlq-command.ts');
      process.exitCode = await dlqListCommand(options);
    });
  onAws(dlq.command('replay'))
    .description('send dead letters back to their queues')
    .option('--entity <name>', 'only dead letters of this entity')
    .option('--all', 'dead letters of all entities')
    .action(async (options) => {
      const { dlqReplayCommand } = await import('./dlq-command.ts');
      process.exitCode = await dlqReplayCommand(options);
    });
  addCheckpointCommands(bronze.command('checkpoint').description('show or set the AWS pipeline’s checkpoints'));
}

function addCheckpointCommands(checkpoint: Command): void {
  onAws(checkpoint.command('get [entity]'))
    .description('show the checkpoint of one entity, or of all')
    .action(async (entity: string | undefined, options) => {
      const { checkpointGetCommand } = await import('./checkpoint-command.ts');
      process.exitCode = await checkpointGetCommand(entity, options);
    });
  onAws(checkpoint.command('set <entity> <timestamp>'))
    .description('set where the entity’s next incremental load begins')
    .action(async (entity: string, timestamp: string, options) => {
      const { checkpointSetCommand } = await import('./checkpoint-command.ts');
      process.exitCode = await checkpointSetCommand(entity, timestamp, options);
    });
}

function onAws(command: Command): Command {
  return command
    .option('--stack <name>', 'CloudFormation stack of the pipeline', 'EcomIngestionStack')
    .addOption(new Option('--bucket <name>', 'data bucket of the pipeline').env('S3_BUCKET_NAME'))
    .option('--profile <name>', 'profile from the AWS configuration')
    .option('--region <name>', 'AWS region')
    .option('--endpoint <url>', 'URL of a local AWS endpoint')
    .addOption(new Option('-o, --output <format>', 'output format').choices(['table', 'json']).default('table'));
}
