import type { Scenarios, Shown } from '../scenario.ts';

const THOUSAND: Shown = { rows: 1000 };

/** confluentinc/kafka-connect-jdbc#905, andrew-codes/playnite-web#832, selectdb/ccr-syncer#305 */
export const scenarios: Scenarios = {
  'six tables are loaded one after the other by a role that may connect once': {
    role: 'case_pg_21',
    steps: [
      {
        run: { config: { sources: { db: { max_connections: 1 } } } },
        shows: { t1: THOUSAND, t2: THOUSAND, t3: THOUSAND, t4: THOUSAND, t5: THOUSAND, t6: THOUSAND },
      },
    ],
  },
};
