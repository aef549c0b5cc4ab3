import { expect } from 'vitest';
import type { Scenarios } from '../scenario.ts';

const OLD = 'id, qty, price, old_name, gone, code, total, seq';
const NEW = 'id, qty, price, new_name, code, added, total, seq';

/** airbytehq/airbyte#45338 (generated columns), PostHog/posthog#59384 (int to bigint), airbytehq/airbyte#22096 */
export const scenarios: Scenarios = {
  'columns that are added, dropped, renamed, widened and generated anew arrive as they are': {
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
              columns: expect.arrayContaining([
                { name: 'qty', type: 'bigint' },
                { name: 'price', type: 'numeric(12,4)' },
                { name: 'code', type: 'text' },
                { name: 'total', type: 'numeric(20,2)' },
                { name: 'seq', type: 'integer' },
                { name: 'added', type: 'jsonb' },
              ]) as object,
            },
          },
        },
      },
    ],
  },
};
