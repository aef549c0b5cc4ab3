import type { Scenarios, Shown } from '../scenario.ts';

const ALL: Shown = { rows: 3, bronze: [['SELECT id FROM bronze ORDER BY id', [['1'], ['2'], ['3']]]] };

/** A common complaint about Singer taps: everything after a bookmark in the future is skipped */
export const scenarios: Scenarios = {
  'a full load takes everything there is': {
    steps: [
      { run: { load_type: 'full' }, shows: { events: ALL } },
      { run: { load_type: 'full' }, shows: { events: { rows: 3 } } },
    ],
  },
};
