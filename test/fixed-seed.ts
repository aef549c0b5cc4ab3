import fc from 'fast-check';

/**
 * For `npm run mutate`: random tests try the same cases for every mutant, so that chance has no part in the score, and
 * don't look for the smallest case that fails.
 */
fc.configureGlobal({ seed: 20_240_115, endOnFailure: true });
