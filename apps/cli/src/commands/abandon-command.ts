import { nearest } from '@bronze/common/config/mistakes';
import { BronzeError } from '@bronze/common/words/failure';
import { abandonLoad } from '@bronze/common/load/abandon-load';
import { CheckpointFile } from '@bronze/common/load/checkpoint-file';
import { FolderObjectStore } from '@bronze/common/adapters/local/folder-object-store';
import { SystemClock } from '@bronze/common/adapters/system-clock';
import { EXIT } from '../exit-code.ts';
import { say } from '../terminal/output.ts';
import { assertFolder } from './status-command.ts';

function unknownEntity(entity: string, known: readonly string[], out: string): BronzeError {
  const near = nearest(entity, known);
  return new BronzeError('ENTITY_UNKNOWN', {
    message: `${out} has no load of an entity ${JSON.stringify(entity.slice(0, 80))}`,
    hint: `${near === undefined ? '' : `Did you mean ${near}? `}It has loads of ${known.join(', ') || 'none'}.`,
  });
}

/**
 * `bronze abandon <entity>`: gives up a pending load that can never complete. Requests waiting behind it are run by the
 * next `bronze run`.
 *
 * @throws BronzeError ENTITY_UNKNOWN if the folder has no load of the entity
 */
export async function abandonCommand(entity: string, options: { readonly out: string }): Promise<number> {
  await assertFolder(options.out);
  const objects = await FolderObjectStore.open(options.out);
  try {
    const checkpoints = new CheckpointFile(objects);
    // Nothing consumes the queues between runs: the next run reads the waiting requests from the checkpoint.
    const requests = { send: async () => undefined };
    const ports = { objects, checkpoints, requests, clock: new SystemClock(), log: { event: () => undefined } };
    const known = [...(await checkpoints.readAll()).keys()];
    if (!known.includes(entity)) throw unknownEntity(entity, known, options.out);
    const record = await abandonLoad(ports, entity);
    if (!record) say(`${entity} has no pending load.`);
    else if (record.status === 'completed') say(`${entity}: load ${record.load_id} has already completed.`);
    else {
      say(
        `${entity}: load ${record.load_id} is abandoned; the checkpoint has not moved.\n` +
          `Delete any parts that it had already written: data/bronze/${entity}/**/part-*-${record.load_id}.parquet`,
      );
    }
    return EXIT.ok;
  } finally {
    objects.close();
  }
}
