import { abandonLoad } from '@bronze/common/load/abandon-load';
import { CheckpointFile } from '@bronze/common/load/checkpoint-file';
import { FolderObjectStore } from '@bronze/common/adapters/local/folder-object-store';
import { SystemClock } from '@bronze/common/adapters/system-clock';
import { driftLines } from '../drift/drift-lines.ts';
import { EXIT } from '../exit-code.ts';
import { say } from '../terminal/output.ts';
import { assertFolder } from './status-command.ts';

/**
 * `bronze abandon <entity>`: gives up a pending load that can never complete. Requests waiting behind it are run by the
 * next `bronze run`.
 */
export async function abandonCommand(entity: string, options: { readonly out: string }): Promise<number> {
  await assertFolder(options.out);
  const objects = await FolderObjectStore.open(options.out);
  try {
    const checkpoints = new CheckpointFile(objects);
    // Nothing consumes the queues between runs: the next run reads the waiting requests from the checkpoint.
    const requests = { send: async () => undefined };
    const ports = { objects, checkpoints, requests, clock: new SystemClock(), log: { event: () => undefined } };
    const record = await abandonLoad(ports, entity);
    if (!record) say(`${entity} has no pending load.`);
    else if (record.status === 'completed') say(`${entity}: load ${record.load_id} has already completed.`);
    else {
      say(
        `${entity}: load ${record.load_id} is abandoned; the checkpoint has not moved.\n` +
          `Delete any parts that it had already written: data/bronze/${entity}/**/part-*-${record.load_id}.parquet`,
      );
      driftLines(record).forEach(say);
    }
    return EXIT.ok;
  } finally {
    objects.close();
  }
}
