import { existsSync } from 'node:fs';
import { usageError } from '../exit-code.ts';
import { FolderTarget } from '../target/folder-target.ts';
import { abandonOn } from './abandon-command.ts';

/**
 * `bronze run <entity…> --restart`: gives up what is pending of the entities, so that the run begins new loads.
 *
 * @throws BronzeError CONFIG_INVALID unless entities are named: nobody gives up everything by accident
 */
export async function abandonBefore(entities: readonly string[], out: string): Promise<void> {
  if (entities.length === 0) {
    throw usageError('--restart needs the names of entities', 'Name those whose pending loads are to be given up.');
  }
  if (!existsSync(out)) return;
  const target = new FolderTarget(out);
  try {
    for (const entity of entities) await abandonOn(target, entity, {});
  } finally {
    target.close();
  }
}
