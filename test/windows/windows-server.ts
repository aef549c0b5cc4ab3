import { startEmbeddedPostgres } from '@bronze/emulators/embedded-postgres';
import pg from 'pg';
import { type Schedule, WRITERS } from './schedule.ts';

/**
 * A server on which schedules run one at a time, because an open transaction anywhere on a server holds back all its
 * windows. Autovacuum is off, so that only the writers write.
 */
export interface WindowsServer {
  readonly writers: readonly pg.Client[];
  /** Remakes the table. */
  readonly remaker: pg.Client;
  /** Reads the table, in transactions of one statement. */
  readonly observer: pg.Client;
  loginOf(role: Schedule['role']): string;
  newTable(): string;
  stop(): Promise<void>;
}

const SETTINGS = {
  autovacuum: 'off',
  max_prepared_transactions: '16',
  max_connections: '40',
  deadlock_timeout: '20ms',
  lock_timeout: '300ms',
  // Logins must be fast, because sessions are many and short.
  scram_iterations: '1',
  shared_buffers: '16MB',
  wal_level: 'minimal',
  max_wal_senders: '0',
};

export async function startWindowsServer(): Promise<WindowsServer> {
  const server = await startEmbeddedPostgres(SETTINGS);
  const url = await server.createDatabase('windows');
  const clients: pg.Client[] = [];
  const connect = async () => {
    const client = new pg.Client({ connectionString: url, types: { getTypeParser: () => (text: string) => text } });
    clients.push(client);
    await client.connect();
    return client;
  };
  const observer = await connect();
  for (const role of ['select', 'stats']) await observer.query(`CREATE ROLE only_${role} LOGIN PASSWORD 'x'`);
  await observer.query('GRANT pg_read_all_stats TO only_stats');
  const writers = await Promise.all(Array.from({ length: WRITERS }, connect));
  const remaker = await connect();
  let tables = 0;
  return {
    writers,
    remaker,
    observer,
    loginOf: (role) => {
      const login = new URL(url);
      login.username = `only_${role}`;
      login.password = 'x';
      return login.href;
    },
    newTable: () => {
      tables += 1;
      return `t${tables}`;
    },
    stop: async () => {
      await Promise.all(clients.map((client) => client.end()));
      await server.stop();
    },
  };
}
