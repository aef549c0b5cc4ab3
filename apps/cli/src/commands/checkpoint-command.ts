import { SystemClock } from '@bronze/common/adapters/system-clock';
import type { Checkpoint } from '@bronze/common/load/checkpoint';
import { type EditPorts, resetCheckpoint, setCheckpoint } from '@bronze/common/load/edit-checkpoint';
import { provenCheckpoint } from '@bronze/common/load/restore-checkpoint';
import { describeSeconds } from '@bronze/common/words/duration';
import { EPOCH, parseTimestamp, secondsBetween, type Timestamp } from '@bronze/common/words/timestamp';
import { EXIT, usageError } from '../exit-code.ts';
import { assertKnownEntities } from '../known-entities.ts';
import type { ConfigOption } from '../pipeline-state.ts';
import { onTarget } from '../target/open-target.ts';
import type { Target } from '../target/target.ts';
import type { TargetOptions } from '../target/target-options.ts';
import { commandLine } from '../terminal/command-line.ts';
import { isConfirmed } from '../terminal/confirm.ts';
import { type Format, printJson, printTable, say } from '../terminal/output.ts';
import { unknownEntity } from '../unknown-entity.ts';

export interface CheckpointOptions extends ConfigOption, TargetOptions {
  readonly output: Format;
}

/**
 * `bronze checkpoint get [entity]`: shows the checkpoint of one entity, or of all.
 * @throws BronzeError ENTITY_UNKNOWN if that entity has none
 */
export async function checkpointGetCommand(entity: string | undefined, options: CheckpointOptions): Promise<number> {
  return onTarget(options, async (target) => {
    const all = await target.readCheckpoints();
    if (entity !== undefined && !all.has(entity)) {
      throw unknownEntity(entity, `the checkpoints of ${target.name}`, [...all.keys()]);
    }
    const shown = entity === undefined ? [...all] : [[entity, all.get(entity)] as const];
    showCheckpoints(shown, options.output);
    const unreadable = shown.filter(([, one]) => one === undefined).map(([name]) => name);
    if (unreadable.length > 0) say(`Can’t be read: ${unreadable.join(', ')}. ${restoring(target, unreadable)}`);
    return unreadable.length > 0 ? EXIT.unhealthy : EXIT.ok;
  });
}

export function restoring(target: Target, entities: readonly string[]): string {
  return `To rebuild from the load records: ${commandLine(['checkpoint', 'restore', ...entities], target.given)}`;
}

export interface CheckpointSetOptions extends CheckpointOptions {
  /** Answers the question whether rows may be left out. */
  readonly yes?: boolean;
}

/**
 * `bronze checkpoint set <entity> <timestamp>`: the next incremental load begins there. Moving it back loads rows again.
 * Moving it forward leaves rows out, so that has to be confirmed.
 *
 * @throws BronzeError CONFIG_INVALID if `to` is not a timestamp or nobody confirms it, ENTITY_UNKNOWN, CHECKPOINT_BUSY
 *   while a load is pending, CHECKPOINTS_UNREADABLE, SWAP_CONTENDED
 */
export async function checkpointSetCommand(entity: string, to: string, options: CheckpointSetOptions): Promise<number> {
  const timestamp = parseTimestamp(to);
  if (!timestamp) throw usageError(`${to} is not a timestamp`, 'Write it like 2024-01-15T10:32:00.123456Z.');
  return onTarget(options, async (target) => {
    await assertKnownEntities(target, options, [entity]);
    const ports = await editPorts(target);
    const { checkpoint } = await ports.checkpoints.read(entity);
    const current = checkpoint ?? (await provenCheckpoint(ports.objects, entity));
    const leftOut = whatIsLeftOut(entity, current?.last_sync_timestamp, timestamp, ports.clock.now());
    if (leftOut && !options.yes && !(await isConfirmed(leftOut))) {
      throw usageError(leftOut, 'Pass --yes if that is meant. Nothing was changed.');
    }
    if (leftOut) say(leftOut);
    showCheckpoints([[entity, await setCheckpoint(ports, entity, timestamp)]], options.output);
    if (!leftOut) say(`${entity}: rows from ${timestamp} on will be loaded again.`);
    return EXIT.ok;
  });
}

/** What no incremental load would bring any more; undefined if nothing. */
export function whatIsLeftOut(
  entity: string,
  current: Timestamp | undefined,
  to: Timestamp,
  now: Timestamp,
): string | undefined {
  if (to > now) {
    return `${to} is ${describeSeconds(secondsBetween(now, to))} in the future: until then no load of ${entity} brings anything, and rows with cursors from ${current ?? 'the beginning'} on are left out`;
  }
  if (current !== undefined && to <= current) return undefined;
  const from = current ?? EPOCH;
  const since =
    current === undefined ? 'everything before' : `${describeSeconds(secondsBetween(from, to))}, from ${from} to`;
  return `this leaves out ${since} ${to}: no incremental load of ${entity} will bring rows with cursors in that time`;
}

/**
 * `bronze checkpoint reset <entity>`: the next load is a full load, on purpose.
 * @throws BronzeError ENTITY_UNKNOWN, CHECKPOINT_BUSY while a load is pending, SWAP_CONTENDED
 */
export async function checkpointResetCommand(entity: string, options: CheckpointOptions): Promise<number> {
  return onTarget(options, async (target) => {
    await assertKnownEntities(target, options, [entity]);
    showCheckpoints([[entity, await resetCheckpoint(await editPorts(target), entity)]], options.output);
    say(`${entity}: its next load is a full load. What is in bronze stays, so its rows will be there once more.`);
    return EXIT.ok;
  });
}

export async function editPorts(target: Target): Promise<EditPorts> {
  const { objects, checkpoints } = await target.open();
  return { objects, checkpoints, clock: new SystemClock() };
}

export function showCheckpoints(all: readonly (readonly [string, Checkpoint | undefined])[], output: Format): void {
  if (output === 'json') return printJson(Object.fromEntries(all.map(([name, one]) => [name, one ?? null])));
  printTable(
    ['entity', 'last_sync_timestamp', 'record_count', 'updated_at', 'pending load'],
    all.map(([name, one]) => [
      name,
      one?.last_sync_timestamp ?? (one ? 'none: the next load is full' : 'unreadable'),
      String(one?.record_count ?? ''),
      one?.updated_at ?? '',
      one?.pending_load?.load_id ?? '',
    ]),
  );
}
