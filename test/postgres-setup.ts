import { startEmbeddedPostgres } from '@bronze/local/embedded-postgres';
import type { TestProject } from 'vitest/node';

declare module 'vitest' {
  export interface ProvidedContext {
    /** URL of the server that all tests of a run share; each makes a database of its own. */
    postgresUrl: string;
  }
}

export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const server = await startEmbeddedPostgres({ max_prepared_transactions: '4', max_connections: '60' });
  project.provide('postgresUrl', server.url());
  return () => server.stop();
}
