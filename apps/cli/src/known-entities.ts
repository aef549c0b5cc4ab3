import { entitiesWithRecords } from '@bronze/common/load/restore-checkpoint';
import { type ConfigOption, configOf } from './pipeline-state.ts';
import type { Target } from './target/target.ts';
import { unknownEntity } from './unknown-entity.ts';

/**
 * For commands that change a checkpoint, which may be missing.
 *
 * @throws BronzeError ENTITY_UNKNOWN for a name that no checkpoint, no load record and no configuration has
 */
export async function assertKnownEntities(
  target: Target,
  options: ConfigOption,
  names: readonly string[],
): Promise<void> {
  const checkpoints = await target.readCheckpoints();
  if (names.every((name) => checkpoints.has(name))) return;
  const entities = [...new Set([...checkpoints.keys(), ...(await entitiesWithRecords(target.objects))])];
  const file = await configOf(options, target, { objects: target.objects, checkpoints, entities });
  const known = [...new Set([...entities, ...Object.keys(file?.config.entities ?? {})])];
  const unknown = names.find((name) => !known.includes(name));
  if (unknown !== undefined) throw unknownEntity(unknown, file ? `${file.name} or ${target.name}` : target.name, known);
}
