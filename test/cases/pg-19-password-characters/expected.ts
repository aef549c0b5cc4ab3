import type { Scenarios, Shown } from '../scenario.ts';

const PASSWORD = 'p@ss:w/o#r?d%&=+ é';
const REFUSED: Shown = { fails: 'CONFIG_INVALID', says: /percent-encoded/ };

function login(url: URL, password: string): string {
  return `postgresql://case_pg_19:${password}@${url.host}${url.pathname}`;
}

/** porsager/postgres#399, ankane/pghero#280, brianc/node-postgres#133, graphile/crystal#1694, eduardolat/pgbackweb#3 */
export const scenarios: Scenarios = {
  'a percent-encoded password logs in': {
    never: [PASSWORD, encodeURIComponent(PASSWORD)],
    steps: [{ run: { url: (url) => login(url, encodeURIComponent(PASSWORD)) }, shows: { t: { rows: 1 } } }],
  },
  'one that is pasted as it is gets refused, with what to do, and no part of it is shown': {
    never: [PASSWORD, 'SecretTail9', 'hunter', 'w/o#r'],
    steps: [
      { run: { url: (url) => login(url, PASSWORD) }, shows: { t: REFUSED } },
      { run: { url: (url) => login(url, 'hunter@SecretTail9#x') }, shows: { t: REFUSED } },
    ],
  },
  'a lone percent sign is taken as it is': {
    never: ['100%'],
    steps: [
      { run: { url: (url) => login(url, '100%') }, shows: { t: { fails: 'SOURCE_DENIED', says: /SQLSTATE 28P01/ } } },
    ],
  },
};
