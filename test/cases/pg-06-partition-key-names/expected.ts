import type { Scenarios, Settings } from '../scenario.ts';

const RENAMED: Settings = {
  entities: {
    bookings: { columns: { event_date: { as: 'event_at' }, load_type: { as: 'kind' } } },
    deliveries: {
      columns: { Event_Date: { as: 'event_at' }, ingestion_date: { as: 'delivered_on' }, load_type: { as: 'kind' } },
    },
  },
};

/** duckdb/duckdb#12147, open-metadata/OpenMetadata#31975 (Glue), slingdata-io/sling-cli#634, jrothbaum/stata_parquet_io#17 */
export const scenarios: Scenarios = {
  'columns named like the levels of the folders are refused before anything is loaded': {
    steps: [
      {
        shows: {
          bookings: { fails: 'COLUMN_RESERVED', says: /event_date/, event_dates: [] },
          deliveries: { fails: 'COLUMN_RESERVED', says: /ingestion_date/, event_dates: [] },
        },
      },
    ],
  },
  'renamed on the way, they arrive with their own values': {
    steps: [
      {
        run: { config: RENAMED },
        shows: {
          bookings: {
            rows: 2,
            event_dates: ['2024-01-15', '2024-01-16'],
            bronze: [
              [
                'SELECT id, event_at, kind FROM bronze ORDER BY id',
                { source: 'SELECT id, event_date, load_type FROM bookings ORDER BY id' },
              ],
            ],
          },
          deliveries: {
            rows: 2,
            event_dates: ['2024-01-15', '__HIVE_DEFAULT_PARTITION__'],
            bronze: [
              [
                'SELECT id, delivered_on, kind, event_at FROM bronze ORDER BY id',
                { source: 'SELECT id, ingestion_date, load_type, "Event_Date" FROM deliveries ORDER BY id' },
              ],
            ],
          },
        },
      },
    ],
  },
};
