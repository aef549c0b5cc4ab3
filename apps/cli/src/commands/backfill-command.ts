import type { Command } from 'commander';
import { InvalidArgumentError } from 'commander';
import { SystemClock } from '@bronze/common/adapters/system-clock';
import type { Backfill } from '@bronze/common/load/backfill';
import { parseTimestamp, type Timestamp } from '@bronze/common/words/timestamp';
import { planRun } from '@bronze/planner/plan-run';
import { loadConfig } from '../config-file.ts';
import { EXIT } from '../exit-code.ts';
import { DEFAULT_CONFIG } from '../pipeline-state.ts';
import { onTarget } from '../target/open-target.ts';
import type { Target } from '../target/target.ts';
import { type TargetOptions, withTarget } from '../target/target-options.ts';
import { print, printJson } from '../terminal/output.ts';
import { runCommand, type RunOptions } from './run-command.ts';

export interface BackfillOptions
  extends TargetOptions, Omit<RunOptions, 'out' | 'config' | 'full' | 'backfill'>, Backfill {
  readonly config?: string;
}

/** Adds `bronze backfill`. @param withRun adds the options that it has in common with `bronze run` */
export function addBackfillCommand(bronze: Command, withRun: (command: Command) => Command): void {
  const backfill = bronze
    .command('backfill <entity>')
    .description('load a window again that loads have passed, by the cursor, without moving the checkpoint')
    .requiredOption('--from <time>', 'first cursor of the window: 2024-01-01, 2024-01-01T06:00:00Z', parsedTime)
    .requiredOption('--to <time>', 'end of the window, which does not belong to it', parsedTime);
  withTarget(withRun(backfill)).action(async (entity: string, options: BackfillOptions) => {
    process.exitCode = await backfillCommand(entity, options);
  });
}

/**
 * `bronze backfill <entity> --from --to`: brings the rows whose cursors are in the window as they are now. In a folder it
 * runs like `bronze run`; on AWS it requests the load.
 *
 * @throws BronzeError BACKFILL_REFUSED, ENTITY_UNKNOWN
 */
export async function backfillCommand(entity: string, options: BackfillOptions): Promise<number> {
  const { from, to, config = DEFAULT_CONFIG } = options;
  return onTarget(options, (target) => {
    const { out } = target.given;
    if (out !== undefined) return runCommand([entity], { ...options, out, config, backfill: { from, to } });
    return request(target, entity, { ...options, config });
  });
}

async function request(
  target: Target,
  entity: string,
  { from, to, config, output }: BackfillOptions & { readonly config: string },
): Promise<number> {
  const ports = { ...(await target.open()), log: { event: () => undefined } };
  const { planned } = await planRun(ports, await loadConfig(config), {
    scheduled_at: new SystemClock().now(),
    is_schedule: false,
    backfill: { from, to },
    entities: [entity],
  });
  const [load] = planned;
  if (output === 'json') printJson(load);
  else if (load?.claimed_at)
    print(`This backfill of ${entity} was claimed at ${load.claimed_at} and is still pending: load ${load.load_id}`);
  else print(`Requested a backfill of ${entity}, from ${from} to ${to}: load ${load?.load_id}`);
  return EXIT.ok;
}

function parsedTime(text: string): Timestamp {
  const parsed = parseTimestamp(text);
  if (parsed !== undefined) return parsed;
  throw new InvalidArgumentError('It must be a date or a time, in UTC unless it names a zone: 2024-01-31T06:00:00Z.');
}
