import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { appendFile, chmod, chown, cp, mkdtemp, rm, stat, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import pg from 'pg';

/** A hot standby that streams from a test server. */
export interface Standby {
  readonly url: string;
  stop(): Promise<void>;
}

/** Copies the running primary's data folder, as a base backup does, and starts a standby on the copy. */
export async function startStandby(primaryUrl: string): Promise<Standby> {
  const primary = new pg.Client({ connectionString: primaryUrl });
  await primary.connect();
  const folder = await mkdtemp(join(tmpdir(), 'bronze-standby-'));
  await chmod(folder, 0o755);
  const data = join(folder, 'data');
  try {
    const { rows } = await primary.query<{ folder: string; bin: string }>(
      `SELECT current_setting('data_directory') AS folder, (SELECT setting FROM pg_config() WHERE name = 'BINDIR') AS bin`,
    );
    const { folder: source = '', bin = '' } = rows[0] ?? {};
    await primary.query(`SELECT pg_backup_start('standby', true)`);
    await cp(source, data, { recursive: true, filter: (path) => !basename(path).startsWith('postmaster.') });
    const label = await primary.query<{ labelfile: string }>(
      'SELECT labelfile FROM pg_backup_stop(wait_for_archive => false)',
    );
    await writeFile(join(data, 'backup_label'), label.rows[0]?.labelfile ?? '');
    await writeFile(join(data, 'standby.signal'), '');
    const from = new URL(primaryUrl);
    await appendFile(
      join(data, 'postgresql.auto.conf'),
      `\nprimary_conninfo = 'host=${from.hostname} port=${from.port} user=${from.username} password=${from.password}'\n`,
    );
    const { uid, gid } = await stat(source);
    await ownedBy(folder, uid, gid);
    const url = new URL(primaryUrl);
    url.port = String(await freePort());
    const settings = ['listen_addresses=127.0.0.1', 'unix_socket_directories=', 'max_connections=60', 'fsync=off'];
    const flags = [...settings, 'max_prepared_transactions=4', 'hot_standby=on'].flatMap((one) => ['-c', one]);
    const server = spawn(join(bin, 'postgres'), ['-D', data, '-p', url.port, ...flags], { uid, gid, stdio: 'ignore' });
    await answering(url.href, server);
    return { url: url.href, stop: () => stopped(server, folder) };
  } finally {
    await primary.end();
  }
}

async function ownedBy(folder: string, uid: number, gid: number): Promise<void> {
  await chown(folder, uid, gid);
  if (process.getuid?.() === 0) spawnSync('chown', ['-R', `${uid}:${gid}`, folder]);
  await chmod(join(folder, 'data'), 0o700);
}

async function answering(url: string, server: ChildProcess): Promise<void> {
  for (let tries = 0; tries < 200 && server.exitCode === null; tries += 1) {
    const client = new pg.Client({ connectionString: url });
    client.on('error', () => undefined);
    try {
      await client.connect();
      return await client.end();
    } catch {
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }
  throw new Error('the standby did not start');
}

async function stopped(server: ChildProcess, folder: string): Promise<void> {
  const exit = once(server, 'exit');
  server.kill('SIGINT');
  await exit;
  await rm(folder, { recursive: true, force: true });
}

export function freePort(): Promise<number> {
  return new Promise((resolve) => {
    const probe = createServer();
    probe.listen(0, '127.0.0.1', () => {
      const address = probe.address();
      probe.close(() => resolve(typeof address === 'object' && address ? address.port : 0));
    });
  });
}
