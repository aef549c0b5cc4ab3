import type { Scenarios } from '../scenario.ts';

/** PyGithub/PyGithub#2387, airbytehq/airbyte#13955, agentconnect-md/agentconnect#1981 */
export const scenarios: Scenarios = {
  'a 403 with Retry-After is waited for': {
    steps: [{ run: { entities: ['limited'] }, shows: { limited: { rows: 3 } } }],
  },
  'a bare 403 is a refusal': {
    steps: [{ run: { entities: ['denied'] }, shows: { denied: { fails: 'SOURCE_DENIED', says: /403/ } } }],
  },
};
