import type { Scenarios } from '../scenario.ts';

/** viggy28/streambed#2, estuary/connectors#2279 */
export const scenarios: Scenarios = {
  'a table that was emptied and filled again arrives, however old its timestamps': {
    steps: [
      { shows: { rates: { rows: 5 } } },
      { sql: 'reload.sql' },
      {
        shows: {
          rates: {
            rows: 6,
            bronze: [
              [
                'SELECT code, rate FROM bronze WHERE _ingestion_ts = (SELECT max(_ingestion_ts) FROM bronze) ORDER BY code',
                { source: 'SELECT code, rate FROM rates ORDER BY code COLLATE "C"' },
              ],
            ],
          },
        },
      },
      { shows: { rates: { rows: 0 } } },
    ],
  },
};
