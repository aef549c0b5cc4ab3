import type { Scenarios } from '../scenario.ts';

/** joshstevens19/rindexer#116, dbeaver/dbeaver#21616, pgbouncer/pgbouncer#812, DataDog/datadog-agent#13318 */
export const scenarios: Scenarios = {
  'a server that takes encrypted connections only is said to want TLS, and what to add to the URL': {
    server: 'own',
    role: 'case_pg_17',
    steps: [{ shows: { t: { fails: 'SOURCE_DENIED', says: /without TLS.*sslmode=verify-full/ } } }],
  },
};
