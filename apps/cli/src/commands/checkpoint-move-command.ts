import { openTable, SWAP_IDS } from '@bronze/common/adapters/aws/open-checkpoints';
import { readCheckpointsObject } from '@bronze/common/load/checkpoint-place';
import { moveToFile, moveToTable } from '@bronze/common/load/move-checkpoints';
import { CHECKPOINTS_KEY } from '@bronze/common/load/object-keys';
import { EXIT, usageError } from '../exit-code.ts';
import { AwsTarget } from '../target/aws-target.ts';
import { chooseTarget, type TargetOptions } from '../target/target-options.ts';
import { say } from '../terminal/output.ts';

export interface CheckpointMoveOptions extends TargetOptions {
  readonly to: 's3' | 'dynamodb';
  readonly table?: string;
  readonly createTable?: boolean;
}

/**
 * `bronze checkpoint move --to dynamodb --table <name>`, and `--to s3` back: moves all checkpoints, with the loads in flight.
 * An interrupted move is completed by the same command.
 *
 * @throws BronzeError CONFIG_INVALID without a table or for a folder, and as the moves do
 */
export async function checkpointMoveCommand(options: CheckpointMoveOptions): Promise<number> {
  const chosen = chooseTarget(options, process.env);
  if (chosen.kind === 'folder') {
    throw usageError('the checkpoints of a folder stay in it', 'Pass --stack or --bucket for a pipeline on AWS.');
  }
  const target = await AwsTarget.open(chosen.aws);
  const { objects } = target;
  const found = await readCheckpointsObject(objects);
  const file = target.placeOf(CHECKPOINTS_KEY);
  if (options.to === 's3' && found.table === undefined) {
    say(`Nothing to move: the checkpoints are in ${file}`);
    return EXIT.ok;
  }
  const name = options.to === 's3' ? found.table : (options.table ?? found.table);
  if (name === undefined) {
    throw usageError('no table is given', 'Pass --table with the stack’s output CheckpointTable.');
  }
  const table = openTable(name);
  if (options.createTable) await table.create();
  const ports = { objects, table, ids: SWAP_IDS };
  await (options.to === 's3' ? moveToFile(ports) : moveToTable(ports));
  say(`The checkpoints are in ${options.to === 's3' ? file : `the DynamoDB table ${name}`}`);
  return EXIT.ok;
}
