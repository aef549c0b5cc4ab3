import { isRetryable } from '@bronze/common/words/failure';
import { type Law, POISON_CODES } from '../world/facts.ts';

/**
 * Simulated faults are transient: only a poisoned entity has a failure that needs a person, with its poison's code, and one
 * whose checkpoint somebody has removed.
 */
export const KNOWN_FAILURES: Law = {
  name: 'known failures',
  onFailure(facts, entity, failure) {
    facts.count('known_failures');
    const poison = facts.entities.get(entity)?.poison;
    const isLost = failure.code === 'CHECKPOINT_LOST' && facts.ever_lost.has(entity);
    if (isLost) facts.count('lost_checkpoints_refused');
    const isOwn = isLost || (poison !== undefined && failure.code === POISON_CODES[poison]);
    // An API's page token may expire; the next delivery continues from the last committed slice.
    // Its window was behind the checkpoint when it was asked for, and an operator has set that back.
    const isAnswer = failure.code === 'BACKFILL_REFUSED';
    const needsPerson = !isRetryable(failure) && failure.code !== 'PAGE_TOKEN_EXPIRED' && !isOwn && !isAnswer;
    const isOurs = failure.kind === 'bug' || needsPerson;
    return isOurs ? `${entity}: ${failure.code}: ${failure.message}` : undefined;
  },
};
