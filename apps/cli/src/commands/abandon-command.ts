import { abandonLoad } from '@bronze/common/load/abandon-load';
import { CheckpointFile } from '@bronze/common/load/checkpoint-file';
import { FolderObjectStore } from '@bronze/common/adapters/local/folder-object-store';
import { SystemClock } from '@bronze/common/adapters/system-clock';
import { type Dropped, dropLeft, entitiesInQueues } from '@bronze/runner/drop-left';
import { driftLines } from '../drift/drift-lines.ts';
import { EXIT } from '../exit-code.ts';
import { assertFolder } from '../folder.ts';
import { plural } from '../terminal/numbers.ts';
import { say } from '../terminal/output.ts';
import { unknownEntity } from '../unknown-entity.ts';

/**
 * `bronze abandon <entity>`: gives up a pending load that can never complete, and what ended runs have left of the entity:
 * messages and dead letters. Requests waiting behind the load are run by the next `bronze run`.
 *
 * @throws BronzeError ENTITY_UNKNOWN if the folder has neither a checkpoint nor a message of the entity
 */
export async function abandonCommand(entity: string, options: { readonly out: string }): Promise<number> {
  await assertFolder(options.out);
  const objects = await FolderObjectStore.open(options.out);
  try {
    const checkpoints = new CheckpointFile(objects);
    const known = new Set([...(await checkpoints.readAll()).keys(), ...entitiesInQueues(options.out)]);
    if (!known.has(entity)) throw unknownEntity(entity, options.out, [...known]);
    // Nothing consumes the queues between runs: the next run reads the waiting requests from the checkpoint.
    const requests = { send: async () => undefined };
    const ports = { objects, checkpoints, requests, clock: new SystemClock(), log: { event: () => undefined } };
    const record = await abandonLoad(ports, entity);
    const left = describe(dropLeft(options.out, entity));
    if (!record) say(`${entity} has no pending load.`);
    else if (record.status === 'completed') say(`${entity}: load ${record.load_id} has already completed.`);
    else {
      say(
        `${entity}: load ${record.load_id} is abandoned; the checkpoint has not moved.\n` +
          `Delete any parts that it had already written: data/bronze/${entity}/**/part-*-${record.load_id}.parquet`,
      );
      driftLines(record, options).forEach(say);
    }
    if (left) say(`${entity}: dropped ${left} that ended runs had left.`);
    return EXIT.ok;
  } finally {
    objects.close();
  }
}

/** `2 messages and 1 dead letter`; empty if there were none. */
function describe({ messages, dead_letters }: Dropped): string {
  const counts = [
    [messages, 'message'],
    [dead_letters, 'dead letter'],
  ] as const;
  return counts.flatMap(([number, noun]) => (number > 0 ? [plural(number, noun)] : [])).join(' and ');
}
