import { GERMAN } from '../own-server.ts';
import type { Scenarios } from '../scenario.ts';

const GERMAN_MONEY = `DO $$ BEGIN EXECUTE format('ALTER DATABASE %I SET lc_monetary = %L', current_database(), '${GERMAN}'); END $$`;

/** brianc/node-postgres#781, brianc/node-pg-types#27, pgjdbc/pgjdbc#1405 */
export const scenarios: Scenarios = {
  'money has the same text in both loads, also inside arrays, domains and composites': {
    server: 'german',
    steps: [
      { shows: { t: { rows: 1 } } },
      { sql: GERMAN_MONEY },
      { sql: 'UPDATE t SET updated_at = now()' },
      {
        shows: {
          t: {
            rows: 1,
            bronze: [
              ['SELECT DISTINCT m FROM bronze', [['1234.56']]],
              ['SELECT count(DISTINCT ms), count(DISTINCT dm), count(DISTINCT ln) FROM bronze', [['1', '1', '1']]],
            ],
          },
        },
      },
    ],
  },
};
