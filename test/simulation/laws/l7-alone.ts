import type { Law } from '../facts.ts';
import { isHealthy } from '../facts.ts';

/** L7: an entity that fails never delays or changes another. */
export const ALONE: Law = {
  name: 'L7 alone',
  atRest(facts) {
    const poisoned = [...facts.entities.values()].some(({ poison }) => poison !== undefined);
    if (!poisoned || facts.messages_gone > 0) return undefined;
    const delayed = [...facts.ledger.checkpoints].find(
      ([name, { pending_load }]) => isHealthy(facts, name) && pending_load,
    );
    return delayed && `${delayed[0]} waits because another entity fails`;
  },
  onFailure(facts, entity, failure) {
    const isPlanted = ['SOURCE_DENIED', 'CHECKPOINTS_UNREADABLE', 'PART_FOREIGN', 'OBJECT_CORRUPT'].includes(
      failure.code,
    );
    return isPlanted && isHealthy(facts, entity)
      ? `${entity} fails with another's ${failure.code}: ${failure.message}`
      : undefined;
  },
};
