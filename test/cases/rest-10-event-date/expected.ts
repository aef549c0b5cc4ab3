import type { Scenarios } from '../scenario.ts';

/** apache/hudi#7520 (partitions by the second), apache/paimon#5978 (values that are no date) */
export const scenarios: Scenarios = {
  'seconds name a day only where they are declared': {
    steps: [
      {
        run: { entities: ['epoch'] },
        shows: { epoch: { fails: 'COLUMN_UNSUPPORTED', says: /created.*unix_seconds/s } },
      },
      {
        run: { entities: ['epoch'], config: { entities: { epoch: { columns: { created: 'unix_seconds' } } } } },
        shows: { epoch: { rows: 3, event_dates: ['2024-01-15'] } },
      },
    ],
  },
  'a text that is no date names no folder: an error, or quarantine where the type is known': {
    steps: [
      {
        run: { entities: ['mixed', 'declared_text'] },
        shows: {
          mixed: { fails: 'COLUMN_UNSUPPORTED', says: /due/, event_dates: [] },
          declared_text: { fails: 'COLUMN_UNSUPPORTED', says: /due/, event_dates: [] },
        },
      },
      {
        run: { entities: ['mixed'], config: { entities: { mixed: { columns: { due: 'date' } } } } },
        shows: { mixed: { quarantined: 4, event_dates: ['__HIVE_DEFAULT_PARTITION__'] } },
      },
    ],
  },
  'a name that no record has is an error': {
    steps: [{ run: { entities: ['misspelt'] }, shows: { misspelt: { fails: 'COLUMN_MISSING', says: /craeted/ } } }],
  },
};
