import { isHopeless } from '@bronze/common/failure';
import { type Law, POISON_CODES } from '../facts.ts';

/** Faults of the world are temporary: no entity meets a failure that a person would have to look at, but a poisoned one its own. */
export const KNOWN_FAILURES: Law = {
  name: 'known failures',
  onFailure(facts, entity, failure) {
    const poison = facts.entities.get(entity)?.poison;
    // An API's page token can really expire; the next delivery begins at the last slice again.
    const known = poison === undefined ? 'PAGE_TOKEN_EXPIRED' : POISON_CODES[poison];
    const isOurs = failure.kind === 'bug' || (isHopeless(failure) && failure.code !== known);
    return isOurs ? `${entity}: ${failure.code}: ${failure.message}` : undefined;
  },
};
