import { existsSync } from 'node:fs';
import { type Config, entityOf } from '@bronze/common/config';
import { usageError } from '../exit-code.ts';
import { onTarget } from '../target/open-target.ts';
import type { Target } from '../target/target.ts';
import { abandonOn } from './abandon-command.ts';

/**
 * `bronze run <entity…> --restart`: gives up what is pending of the entities, so that the run begins new loads. A folder
 * that does not exist yet has nothing pending.
 *
 * @throws BronzeError CONFIG_INVALID unless entities are named, ENTITY_UNKNOWN for a name that the configuration does not
 *   have, before anything is given up
 */
export async function abandonBefore(config: Config, entities: readonly string[], out: string): Promise<void> {
  assertNamed(entities);
  for (const entity of entities) entityOf(config, entity);
  if (existsSync(out)) await onTarget({ out }, async (target) => abandonAll(target, entities));
}

/** @throws BronzeError CONFIG_INVALID: nobody gives up everything by accident */
export function assertNamed(entities: readonly string[]): void {
  if (entities.length > 0) return;
  throw usageError('--restart needs the names of entities', 'Name those whose pending loads are to be given up.');
}

export async function abandonAll(target: Target, entities: readonly string[]): Promise<void> {
  for (const entity of entities) await abandonOn(target, entity, {});
}
