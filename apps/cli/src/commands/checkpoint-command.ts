import { SystemClock } from '@bronze/common/adapters/system-clock';
import type { Checkpoint } from '@bronze/common/load/checkpoint';
import { CheckpointFile } from '@bronze/common/load/checkpoint-file';
import { BronzeError } from '@bronze/common/words/failure';
import { parseTimestamp } from '@bronze/common/words/timestamp';
import { type AwsOptions, AwsTarget } from '../aws-target.ts';
import { EXIT, usageError } from '../exit-code.ts';
import { type Format, printJson, printTable } from '../terminal/output.ts';

export interface CheckpointOptions extends AwsOptions {
  readonly output: Format;
}

/** `bronze checkpoint get [entity]`: how far bronze has come. */
export async function checkpointGetCommand(entity: string | undefined, options: CheckpointOptions): Promise<number> {
  const checkpoints = new CheckpointFile(new AwsTarget(options).objects());
  const all = [...(await checkpoints.readAll())].filter(([name]) => entity === undefined || name === entity);
  show(all, options.output);
  return EXIT.ok;
}

/**
 * `bronze checkpoint set <entity> <timestamp>`: the next incremental load begins there. An earlier one loads rows again,
 * a later one leaves rows out; both are an operator's right.
 */
export async function checkpointSetCommand(entity: string, to: string, options: CheckpointOptions): Promise<number> {
  const last_sync_timestamp = parseTimestamp(to);
  if (!last_sync_timestamp) throw usageError(`${to} is no timestamp`, 'Such as: 2024-01-15T10:32:00.123456Z.');
  const checkpoints = new CheckpointFile(new AwsTarget(options).objects());
  const { checkpoint, version } = await checkpoints.read(entity);
  if (checkpoint?.pending_load) {
    throw new BronzeError('CHECKPOINT_BUSY', {
      message: `${entity} is loading (load ${checkpoint.pending_load.load_id}), which would move the checkpoint again`,
      hint: 'Wait for it, or abandon it, then set the checkpoint.',
    });
  }
  const next: Checkpoint = { ...checkpoint, last_sync_timestamp, updated_at: new SystemClock().now() };
  if (!(await checkpoints.swap(entity, version, next))) {
    throw new BronzeError('SWAP_CONTENDED', {
      message: `the checkpoint of ${entity} changed meanwhile`,
      hint: 'Look at it again, and set it again if that is still what you want.',
    });
  }
  show([[entity, next]], options.output);
  return EXIT.ok;
}

function show(all: readonly (readonly [string, Checkpoint | undefined])[], output: Format): void {
  if (output === 'json') return printJson(Object.fromEntries(all.map(([name, one]) => [name, one ?? null])));
  printTable(
    ['entity', 'last_sync_timestamp', 'record_count', 'updated_at', 'pending load'],
    all.map(([name, one]) => [
      name,
      one?.last_sync_timestamp ?? (one ? '' : 'unreadable'),
      String(one?.record_count ?? ''),
      one?.updated_at ?? '',
      one?.pending_load?.load_id ?? '',
    ]),
  );
}
