import type { Scenarios, Shown } from '../scenario.ts';

const ALL: Shown = { rows: 3, bronze: [['SELECT id FROM bronze ORDER BY id', [['1'], ['2'], ['3']]]] };

/** A common complaint about Singer taps: everything after a bookmark in the future is skipped */
export const scenarios: Scenarios = {
  'a full load takes everything there is, and no later record is lost for the sake of one in the future': {
    steps: [
      { run: { load_type: 'full' }, shows: { events: ALL } },
      { get: '/add' },
      { shows: { events: { rows: 1, bronze: [['SELECT count(*) FROM bronze WHERE id = 4', [['1']]]] } } },
      { run: { load_type: 'full' }, shows: { events: { rows: 4 } } },
    ],
  },
};
