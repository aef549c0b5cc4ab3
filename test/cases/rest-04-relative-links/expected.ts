import type { Scenarios, Shown } from '../scenario.ts';

const SIX: Shown = {
  rows: 6,
  bronze: [['SELECT id FROM bronze ORDER BY id', ['0', '1', '2', '3', '4', '5'].map((id) => [id])]],
};

/** dlt-hub/dlt#1163 */
export const scenarios: Scenarios = {
  'relative links lead to every record': {
    steps: [{ shows: { by_path: SIX, by_query: SIX, by_name: SIX } }],
  },
};
