/**
 * Scenarios whose behaviour is not built yet, and what they wait for. They must fail, so that a line is removed here with
 * its reason. Each begins with the name of a case; where only one of its scenarios waits, that one's name follows.
 */
export const PENDING: Readonly<Record<string, string>> = {};
