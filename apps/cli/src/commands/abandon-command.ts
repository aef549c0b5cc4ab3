import { abandonLoad } from '@bronze/common/load/abandon-load';
import { RunLog } from '@bronze/common/delivery/run-log';
import { SystemClock } from '@bronze/common/adapters/system-clock';
import { type LoadRecord, readLoadRecord } from '@bronze/common/load/load-record';
import { isPartOf, partsPrefix } from '@bronze/common/load/object-keys';
import { entitiesWithRecords } from '@bronze/common/load/restore-checkpoint';
import { BronzeError } from '@bronze/common/words/failure';
import { type Dropped, dropLeft, entitiesInQueues } from '@bronze/runner/drop-left';
import { driftLines } from '../drift/drift-lines.ts';
import { EXIT } from '../exit-code.ts';
import { onTarget } from '../target/open-target.ts';
import type { Target, WritableTarget } from '../target/target.ts';
import type { TargetOptions } from '../target/target-options.ts';
import { commandLine } from '../terminal/command-line.ts';
import { plural } from '../terminal/numbers.ts';
import { say } from '../terminal/output.ts';
import { unknownEntity } from '../unknown-entity.ts';

export interface AbandonOptions extends TargetOptions {
  /** Deletes the parts that the abandoned load had written. */
  readonly deleteParts?: boolean;
}

/**
 * `bronze abandon <entity>`: gives up a pending load that can never complete. A request that waits behind the load is
 * sent on AWS; in a folder the next `bronze run` makes its load. In a folder, also what ended runs have left of the entity
 * is dropped: messages and dead letters.
 *
 * @throws BronzeError CHECKPOINT_LOST if the entity has load records and no checkpoint; ENTITY_UNKNOWN if the target has
 *   neither, nor, in a folder, a message of the entity
 */
export async function abandonCommand(entity: string, options: AbandonOptions): Promise<number> {
  return onTarget(options, async (target) => {
    const checkpoints = await target.readCheckpoints();
    const inQueues = target.kind === 'folder' ? entitiesInQueues(target.name) : [];
    const known = [...new Set([...checkpoints.keys(), ...inQueues])];
    if (!checkpoints.has(entity)) await assertNotLost(target, entity, known);
    await abandonOn(target, entity, options);
    return EXIT.ok;
  });
}

/** Of an entity without a checkpoint. */
async function assertNotLost(target: Target, entity: string, known: readonly string[]): Promise<void> {
  const recorded = await entitiesWithRecords(target.objects);
  if (recorded.includes(entity)) {
    const restore = commandLine(['checkpoint', 'restore', entity], target.given);
    throw new BronzeError('CHECKPOINT_LOST', {
      message: `${entity} has load records and no checkpoint, so nobody knows whether a load of it is pending`,
      hint: `Nothing was given up. ${restore} brings the checkpoint back, with a load in flight that has committed a slice.`,
    });
  }
  if (!known.includes(entity)) throw unknownEntity(entity, target.name, [...new Set([...known, ...recorded])]);
}

/** Does what {@link abandonCommand} does, and says it, about an entity that the target may not know. */
export async function abandonOn(target: Target, entity: string, options: AbandonOptions): Promise<void> {
  const opened = await target.open();
  const pending = await abandonPending(opened, entity);
  if (!pending) say(`${entity} has no pending load.`);
  else if (pending.status === 'completed') {
    say(`${entity}: load ${pending.load_id} has completed, so there is nothing to abandon.`);
  } else {
    say(`${entity}: load ${pending.load_id} is abandoned; the checkpoint has not moved.`);
    driftLines(pending, target.given).forEach(say);
  }
  const record = pending ?? (await lastRecord(opened, entity));
  if (record?.status === 'abandoned') await dealWithParts(target, opened, record, options);
  if (target.kind === 'folder') sayDropped(entity, dropLeft(target.name, entity));
}

/** The record that decided about the pending load; undefined if none was pending. */
async function abandonPending(opened: WritableTarget, entity: string): Promise<LoadRecord | undefined> {
  const clock = new SystemClock();
  const log = new RunLog({ objects: opened.objects, clock }, entity);
  const record = await abandonLoad({ ...opened, clock, log }, entity);
  await log.flush();
  return record;
}

/** Of an earlier call: its parts may not be deleted yet. */
async function lastRecord({ objects, checkpoints }: WritableTarget, entity: string): Promise<LoadRecord | undefined> {
  const load_id = (await checkpoints.read(entity)).checkpoint?.last_load_id;
  return load_id === undefined ? undefined : readLoadRecord(objects, { entity, load_id });
}

/**
 * Deleting parts of an abandoned load is safe at any time: no record of a completed load ever names them. A writer that
 * was at work when the load was abandoned may put more of them afterwards.
 */
async function dealWithParts(
  target: Target,
  { objects }: WritableTarget,
  record: LoadRecord,
  { deleteParts }: AbandonOptions,
): Promise<void> {
  const keys = (await objects.list(partsPrefix(record))).filter((key) => isPartOf(record, key));
  const again = commandLine(['abandon', record.entity, '--delete-parts'], target.given);
  const late = target.kind === 'aws' ? ' A writer that is still at work may write more, for up to 15 minutes.' : '';
  if (deleteParts) {
    for (const key of keys) await objects.remove(key);
    if (keys.length > 0) say(`Deleted ${plural(keys.length, 'part')} of the abandoned load ${record.load_id}.${late}`);
  } else if (keys.length > 0) {
    const [first = ''] = keys;
    const parts = `${plural(keys.length, 'part')} of the abandoned load ${record.load_id}`;
    say(
      `${parts} can be seen by queries, such as ${target.placeOf(first)}\n  What to do: ${again} deletes them.${late}`,
    );
  }
}

function sayDropped(entity: string, { messages, dead_letters }: Dropped): void {
  const counts = [
    [messages, 'message'],
    [dead_letters, 'dead letter'],
  ] as const;
  const dropped = counts.flatMap(([number, noun]) => (number > 0 ? [plural(number, noun)] : [])).join(' and ');
  if (dropped) say(`${entity}: dropped ${dropped} that ended runs had left.`);
}
