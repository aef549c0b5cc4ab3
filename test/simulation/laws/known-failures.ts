import { isRetryable } from '@bronze/common/words/failure';
import { type Law, POISON_CODES } from '../world/facts.ts';

/** Faults of the world are transient: no entity meets a failure that a person would have to look at, but a poisoned one its own. */
export const KNOWN_FAILURES: Law = {
  name: 'known failures',
  onFailure(facts, entity, failure) {
    const poison = facts.entities.get(entity)?.poison;
    const isOwn = poison !== undefined && failure.code === POISON_CODES[poison];
    // An API's page token can really expire; the next delivery begins at the last slice again.
    const needsPerson = !isRetryable(failure) && failure.code !== 'PAGE_TOKEN_EXPIRED' && !isOwn;
    const isOurs = failure.kind === 'bug' || needsPerson;
    return isOurs ? `${entity}: ${failure.code}: ${failure.message}` : undefined;
  },
};
