import { startEmbeddedPostgres } from '@bronze/emulators/embedded-postgres';
import type { TestProject } from 'vitest/node';

declare module 'vitest' {
  export interface ProvidedContext {
    /** One server per worker, because an open transaction of one test would hold back the windows of another. */
    postgresUrls: readonly string[];
  }
}

/**
 * An ANALYZE of the server's own takes a transaction id: a test that holds a transaction open could then find its claim
 * to be later than expected.
 */
const SETTINGS = { max_prepared_transactions: '4', max_connections: '60', autovacuum: 'off' };

/** Starts the servers before the tests of the project `pg`, and stops them afterwards. */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const start = () => startEmbeddedPostgres(SETTINGS);
  const servers = await Promise.all(Array.from({ length: project.config.maxWorkers }, start));
  project.provide(
    'postgresUrls',
    servers.map((server) => server.url()),
  );
  return async () => void (await Promise.all(servers.map((server) => server.stop())));
}
