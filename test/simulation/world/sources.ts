import { Random } from '../../random.ts';
import { SimApi } from '../model/sim-api.ts';
import type { SimSource } from '../model/sim-source.ts';
import { SimTable } from '../model/sim-table.ts';
import type { PlannedEntity } from './workload.ts';
import type { World } from './world.ts';

/** The table or API list behind an entity, with random numbers of its own. */
export function sourceOf(world: World, { kind, rows, heedsSince, isExact, isMaterialized }: PlannedEntity): SimSource {
  const { seed, isInOrder, workload } = world.options;
  const { clock } = world;
  const random = new Random(seed * 7 + 2 + world.sources.size);
  const isTroubled = () => world.isTroubled && !isInOrder;
  const shared = { clock, random, rows, stir_chance: workload.stir_chance, isTroubled };
  if (kind === 'table')
    return new SimTable({
      ...shared,
      isExact,
      isMaterialized,
      isLost: () => world.faults.isHit('lost connection'),
    });
  return new SimApi({
    ...shared,
    heedsSince,
    isFailing: () => world.faults.isHit('bad answer'),
    isMisdated: () => world.faults.isHit('wrong date'),
  });
}
