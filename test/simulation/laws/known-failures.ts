import { isHopeless } from '@bronze/common/failure';
import { isHealthy, type Law } from '../facts.ts';

/** Faults of the world are temporary: a healthy entity never meets a failure that a person would have to look at. */
export const KNOWN_FAILURES: Law = {
  name: 'known failures',
  onFailure(facts, entity, failure) {
    // An API's page token can really expire; the next delivery begins at the last slice again.
    const isOurs = failure.kind === 'bug' || (isHopeless(failure) && failure.code !== 'PAGE_TOKEN_EXPIRED');
    return isOurs && isHealthy(facts, entity) ? `${entity}: ${failure.code}: ${failure.message}` : undefined;
  },
};
