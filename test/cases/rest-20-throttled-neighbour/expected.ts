import type { Scenarios } from '../scenario.ts';

/** Limits per endpoint, as Slack, Zendesk and Shopify have them */
export const scenarios: Scenarios = {
  'a list that is out of quota for a day fails alone': {
    steps: [{ shows: { throttled: { fails: 'SOURCE_THROTTLED' }, neighbour: { rows: 3 } } }],
  },
};
