import type { Scenarios } from '../scenario.ts';

/** airbytehq/airbyte#6981 (many files) */
export const scenarios: Scenarios = {
  'the widest table that PostgreSQL can hold arrives, with every column': {
    steps: [
      {
        shows: {
          wide: {
            rows: 50,
            bronze: [
              [
                'SELECT * EXCLUDE (_ingestion_ts, _source_system, _record_hash, _ingestion_id) FROM bronze ORDER BY id',
                { source: 'SELECT * FROM wide ORDER BY id' },
              ],
            ],
          },
        },
      },
    ],
  },
};
