import type { Scenarios } from '../scenario.ts';

const OLD = 'id, qty, price, old_name, gone, code, total, seq';
const NEW = 'id, qty, price, new_name, code, added, total, seq';

/** airbytehq/airbyte#45338 (generated columns), PostHog/posthog#59384 (int to bigint), airbytehq/airbyte#22096 */
export const scenarios: Scenarios = {
  'columns that are added, dropped, renamed, widened and generated anew arrive as they are, and the load record says so':
    {
      steps: [
        {
          shows: {
            t: {
              rows: 5,
              bronze: [[`SELECT ${OLD} FROM bronze ORDER BY id`, { source: `SELECT ${OLD} FROM t ORDER BY id` }]],
            },
          },
        },
        { sql: 'change.sql' },
        {
          shows: {
            t: {
              bronze: [
                [
                  `SELECT ${NEW} FROM bronze WHERE new_name IS NOT NULL ORDER BY id`,
                  { source: `SELECT ${NEW} FROM t ORDER BY id` },
                ],
                ['SELECT count(*) FROM bronze WHERE old_name IS NOT NULL', [['5']]],
              ],
              record: {
                schema_changes: [
                  { kind: 'retyped', column: 'qty', from: 'integer', to: 'bigint' },
                  { kind: 'retyped', column: 'price', from: 'numeric(8,2)', to: 'numeric(12,4)' },
                  { kind: 'renamed', column: 'new_name', from: 'old_name' },
                  { kind: 'retyped', column: 'code', from: 'integer', to: 'text' },
                  { kind: 'added', column: 'added', to: 'jsonb' },
                  { kind: 'added', column: 'total', to: 'numeric(20,2)' },
                  { kind: 'dropped', column: 'gone', from: 'text' },
                  { kind: 'dropped', column: 'total', from: 'numeric(10,2)' },
                ],
              },
            },
          },
        },
      ],
    },
};
