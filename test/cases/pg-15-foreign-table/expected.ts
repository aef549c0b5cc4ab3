import type { Scenarios } from '../scenario.ts';

/** splitgraph/sgr#734 (repeated rows with foreign data wrappers) */
export const scenarios: Scenarios = {
  'the values of a foreign table are exact, and nothing comes twice': {
    steps: [
      {
        shows: {
          orders: {
            rows: 1,
            quarantined: 1,
            bronze: [
              [
                'SELECT id, amount, d, t, m, f, b FROM bronze',
                { source: 'SELECT id, amount, d, t, m::numeric AS m, f::float8 AS f, b FROM real_orders WHERE id = 1' },
              ],
            ],
          },
        },
      },
      { shows: { orders: { rows: 0, quarantined: 0 } } },
    ],
  },
};
