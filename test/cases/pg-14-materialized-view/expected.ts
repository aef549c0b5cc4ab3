import type { Scenarios, Shown } from '../scenario.ts';

const FOUR: Shown['bronze'] = [
  ['SELECT DISTINCT id, name FROM bronze ORDER BY id', { source: 'SELECT id, name FROM base ORDER BY id' }],
];

/** airbytehq/airbyte#42108 and #29792 (no incremental loads of views) */
export const scenarios: Scenarios = {
  'rows that changed between two refreshes arrive with the load after the refresh': {
    steps: [
      { shows: { mv: { rows: 3 }, v: { rows: 3 } } },
      { sql: "INSERT INTO base VALUES (4, 'new')" },
      { shows: { mv: { rows: 0 }, v: { rows: 1 } } },
      { sql: 'REFRESH MATERIALIZED VIEW mv' },
      { shows: { mv: { bronze: FOUR }, v: { rows: 0, bronze: FOUR } } },
      { sql: "INSERT INTO base VALUES (5, 'newer'); REFRESH MATERIALIZED VIEW CONCURRENTLY mv" },
      { shows: { mv: { rows: 1, bronze: [['SELECT id FROM bronze WHERE id = 5', [['5']]]] } } },
    ],
  },
};
