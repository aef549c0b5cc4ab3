import type { Scenarios } from '../scenario.ts';

/** airbytehq/airbyte#29398, #21956 (RFC 2822, a feature that is missing), #59769 */
export const scenarios: Scenarios = {
  'a declared number is a moment; other formats are refused, with what to declare; nanoseconds keep their digits': {
    steps: [
      {
        shows: {
          milliseconds: { bronze: [['SELECT updated_at FROM bronze', [['2024-01-01 00:00:00.123+00']]]] },
          undeclared: { fails: 'COLUMN_UNSUPPORTED', says: /unix_milliseconds/ },
          mail_dates: { fails: 'COLUMN_UNSUPPORTED', says: /updated_at/ },
          nanoseconds: {
            bronze: [
              [
                'SELECT id, updated_at FROM bronze ORDER BY id',
                [
                  ['1', '2024-01-01T00:00:00.123456789Z'],
                  ['2', '2024-01-01T00:00:01Z'],
                ],
              ],
            ],
          },
        },
      },
    ],
  },
};
