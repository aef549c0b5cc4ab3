import fc from 'fast-check';

/**
 * For `npm run mutate`: property tests try the same cases for every mutant, so that the score doesn't depend on chance,
 * and stop at the first failure instead of shrinking it.
 */
fc.configureGlobal({ seed: 20_240_115, endOnFailure: true });
