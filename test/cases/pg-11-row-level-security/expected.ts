import type { Scenarios } from '../scenario.ts';

/** powersync-ja/powersync-service#275, planetscale/migration-scripts#56, supabase/supabase#1730 */
export const scenarios: Scenarios = {
  'what would hide rows from the role is refused, and never a part of the rows is loaded': {
    role: 'case_pg_11',
    steps: [
      {
        shows: {
          direct: { fails: 'SOURCE_DENIED', says: /row-level security/, bronze: [['SELECT id FROM bronze', []]] },
          by_invoker: { fails: 'SOURCE_DENIED', says: /row-level security/, bronze: [['SELECT id FROM bronze', []]] },
          by_view: {
            rows: 10,
            bronze: [['SELECT id, tenant FROM bronze ORDER BY id', { source: 'SELECT id, tenant FROM t ORDER BY id' }]],
          },
        },
      },
    ],
  },
};
