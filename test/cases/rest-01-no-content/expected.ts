import type { Scenarios } from '../scenario.ts';

/** dlt-hub/dlt#1849 */
export const scenarios: Scenarios = {
  'an answer of 204 is a list without records, and the checkpoint moves': {
    steps: [
      { run: { entities: ['no_content'] }, shows: { no_content: { rows: 3 } } },
      { run: { entities: ['no_content'] }, shows: { no_content: { rows: 0, moves: true } } },
    ],
  },
  'an empty body with 200 is an error': {
    steps: [
      { run: { entities: ['empty_body'] }, shows: { empty_body: { rows: 3 } } },
      { run: { entities: ['empty_body'] }, shows: { empty_body: { fails: 'RESPONSE_MALFORMED' } } },
    ],
  },
};
