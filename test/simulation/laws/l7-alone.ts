import { type Law, POISON_CODES } from '../world/facts.ts';

/**
 * L7: an entity that fails never delays or changes another. This law checks that no other entity fails with a poisoned
 * one's code; the law *planned* checks that plans still include everyone. simulation.test.ts compares the small world
 * with and without poison: a healthy entity ends in the same state, and as fast.
 */
export const ALONE: Law = {
  name: 'L7 alone',
  onFailure({ entities, count }, entity, failure) {
    const others = [...entities.values()].filter(({ name, poison }) => name !== entity && poison !== undefined);
    if (others.length > 0) count('l7_failures_beside_others');
    const sick = others.find(({ poison }) => poison !== undefined && POISON_CODES[poison] === failure.code);
    const isOwn = entities.get(entity)?.poison !== undefined;
    return sick && !isOwn ? `${entity} fails with ${sick.name}'s ${failure.code}: ${failure.message}` : undefined;
  },
};
