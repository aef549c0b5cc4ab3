import type { Scenarios } from '../scenario.ts';

/** PostHog/posthog#87238 (types by batch), airbytehq/airbyte#22096 */
export const scenarios: Scenarios = {
  'what fits exactly arrives, 12.0 as twelve; 10.5 is quarantined': {
    steps: [
      { shows: { prices: { rows: 1 } } },
      {
        shows: {
          prices: {
            rows: 2,
            quarantined: 1,
            bronze: [
              [
                'SELECT id, price, pieces FROM bronze ORDER BY id',
                [
                  ['1', '10', '12'],
                  ['3', '11', '10'],
                  ['4', '12', '12'],
                ],
              ],
            ],
          },
        },
      },
    ],
  },
};
