import type { Scenarios, Settings, Shown } from '../scenario.ts';

const IN_THEIR_ZONES: Settings = {
  entities: { new_york: { cursor_time_zone: 'America/New_York' }, tokyo: { cursor_time_zone: 'Asia/Tokyo' } },
};
const UNDECLARED: Shown = { fails: 'TIME_ZONE_UNDECLARED', says: /cursor_time_zone/ };
const BOTH: Shown = { bronze: [['SELECT id FROM bronze ORDER BY id', [['1'], ['2']]]] };

/** hydroserver2/hydroserver#517, anelendata/tap-rest-api#38, CenterForOpenScience/osf.io#6116 */
export const scenarios: Scenarios = {
  'without a zone they are refused, with what to set': {
    steps: [{ shows: { new_york: UNDECLARED, tokyo: UNDECLARED } }],
  },
  'a zone that is configured makes them moments, and a change arrives': {
    steps: [
      { run: { config: IN_THEIR_ZONES }, shows: { new_york: { rows: 1 }, tokyo: { rows: 1 } } },
      { get: '/change' },
      { run: { config: IN_THEIR_ZONES }, shows: { new_york: {}, tokyo: {} } },
      { run: { config: IN_THEIR_ZONES }, shows: { new_york: BOTH, tokyo: BOTH } },
    ],
  },
};
