import type { Scenarios, Shown } from '../scenario.ts';

const FIVE: Shown = {
  rows: 5,
  bronze: [['SELECT id FROM bronze ORDER BY id', ['0', '1', '2', '3', '4'].map((id) => [id])]],
};

/** ArunPrakashG/wordpress_client#76 (WordPress: 400), bluebear-io/baloo-bear#67 (404), aces/cbrain#1446 */
export const scenarios: Scenarios = {
  'a refusal of the page behind the last, with 404, is the end of the list': {
    steps: [{ run: { entities: ['answers_404'] }, shows: { answers_404: FIVE } }],
  },
  'with 400 or 422 too': {
    steps: [{ run: { entities: ['answers_400', 'answers_422'] }, shows: { answers_400: FIVE, answers_422: FIVE } }],
  },
};
