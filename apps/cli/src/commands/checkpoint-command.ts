import { SystemClock } from '@bronze/common/adapters/system-clock';
import type { Checkpoint } from '@bronze/common/load/checkpoint';
import { BronzeError } from '@bronze/common/words/failure';
import { parseTimestamp } from '@bronze/common/words/timestamp';
import { EXIT, usageError } from '../exit-code.ts';
import { AwsTarget } from '../target/aws-target.ts';
import { openCheckpoints } from '../target/aws-checkpoints.ts';
import type { AwsOptions } from '../target/target-options.ts';
import { commandLine } from '../terminal/command-line.ts';
import { type Format, printJson, printTable } from '../terminal/output.ts';
import { unknownEntity } from '../unknown-entity.ts';

export interface CheckpointOptions extends AwsOptions {
  readonly output: Format;
}

/**
 * `bronze checkpoint get [entity]`: shows the checkpoint of one entity, or of all.
 * @throws BronzeError ENTITY_UNKNOWN if that entity has none
 */
export async function checkpointGetCommand(entity: string | undefined, options: CheckpointOptions): Promise<number> {
  const checkpoints = await openCheckpoints((await AwsTarget.open(options)).objects);
  const all = await checkpoints.readAll();
  if (entity !== undefined && !all.has(entity)) throw unknownEntity(entity, 'the checkpoints', [...all.keys()]);
  const shown = entity === undefined ? [...all] : [[entity, all.get(entity)] as const];
  show(shown, options.output);
  return EXIT.ok;
}

/**
 * `bronze checkpoint set <entity> <timestamp>`: the next incremental load begins there. Moving it back loads
 * rows again, moving it forward skips rows; an operator may do either.
 * @throws BronzeError CONFIG_INVALID if `to` is not a timestamp, CHECKPOINT_BUSY while a load is pending,
 * SWAP_CONTENDED if the checkpoint changed between reading and writing it
 */
export async function checkpointSetCommand(entity: string, to: string, options: CheckpointOptions): Promise<number> {
  const last_sync_timestamp = parseTimestamp(to);
  if (!last_sync_timestamp) throw usageError(`${to} is not a timestamp`, 'Write it like 2024-01-15T10:32:00.123456Z.');
  const checkpoints = await openCheckpoints((await AwsTarget.open(options)).objects);
  const { checkpoint, version } = await checkpoints.read(entity);
  if (checkpoint?.pending_load) {
    throw new BronzeError('CHECKPOINT_BUSY', {
      message: `${entity} has a pending load (${checkpoint.pending_load.load_id}) that would move the checkpoint again`,
      hint: 'Wait until the load completes, or abandon it. Then set the checkpoint.',
    });
  }
  const next: Checkpoint = { ...checkpoint, last_sync_timestamp, updated_at: new SystemClock().now() };
  if (!(await checkpoints.swap(entity, version, next))) {
    throw new BronzeError('SWAP_CONTENDED', {
      message: `the checkpoint of ${entity} changed while it was being set`,
      hint: `Check it with ${commandLine(['checkpoint', 'get', entity], {})} and the options of this command; set it again if you still want to.`,
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
