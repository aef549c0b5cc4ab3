import { existsSync } from 'node:fs';
import { usageError } from '../exit-code.ts';
import { onTarget } from '../target/open-target.ts';
import type { TargetOptions } from '../target/target-options.ts';
import { abandonOn } from './abandon-command.ts';

/**
 * `bronze run <entity…> --restart`: gives up what is pending of the entities, so that the run begins new loads. A folder
 * that does not exist yet has nothing pending.
 *
 * @throws BronzeError CONFIG_INVALID unless entities are named: nobody gives up everything by accident
 */
export async function abandonBefore(entities: readonly string[], options: TargetOptions): Promise<void> {
  if (entities.length === 0) {
    throw usageError('--restart needs the names of entities', 'Name those whose pending loads are to be given up.');
  }
  if (options.out !== undefined && !existsSync(options.out)) return;
  await onTarget(options, async (target) => {
    for (const entity of entities) await abandonOn(target, entity, {});
  });
}
