/**
 * Scenarios whose behaviour is not built yet, and what they wait for. They must fail, so that a line is removed here with
 * its reason. Each begins with the name of a case; where only one of its scenarios waits, that one's name follows.
 */
export const PENDING: Readonly<Record<string, string>> = {
  'pg-21-connection-limit': 'a limit of connections for each source',
  'rest-01-no-content: an answer of 204': 'the end of a list',
  'rest-05-page-refused: with 400 or 422': 'the end of a list',
  'rest-07-forbidden-for-a-while: a 403 with': 'the end of a list',
  'rest-12-zoneless-times': 'times without a zone',
  'rest-18-future-cursor': 'cursors in the future',
  'rest-20-throttled-neighbour': 'limits per list',
};
