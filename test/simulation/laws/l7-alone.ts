import { type Law, POISON_CODES } from '../world/facts.ts';

/**
 * L7: an entity that fails never delays or changes another. No other fails as it does, and a plan goes on (`planned`);
 * that a healthy one ends as it would without it, and as fast, is shown by the small world with and without poison.
 */
export const ALONE: Law = {
  name: 'L7 alone',
  onFailure({ entities }, entity, failure) {
    const others = [...entities.values()].filter(({ name, poison }) => name !== entity && poison !== undefined);
    const sick = others.find(({ poison }) => poison !== undefined && POISON_CODES[poison] === failure.code);
    const isOwn = entities.get(entity)?.poison !== undefined;
    return sick && !isOwn ? `${entity} fails with ${sick.name}'s ${failure.code}: ${failure.message}` : undefined;
  },
};
