import { type SpawnSyncOptions, spawnSync } from 'node:child_process';
import { chownSync, mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { onTestFinished } from 'vitest';
import { serverUrl } from './database.ts';
import { freePort } from './standby.ts';

/** A server of this test's own, which goes away and comes back as in a restart. Both block this process until done. */
export interface RestartingPostgres {
  readonly url: string;
  crash(): void;
  start(): void;
}

/** Starts an empty server by the programs of the worker's own. */
export async function startRestartingPostgres(): Promise<RestartingPostgres> {
  const { bin, uid, gid } = await programs();
  const folder = mkdtempSync(join(tmpdir(), 'bronze-restarting-'));
  chownSync(folder, uid, gid);
  const data = join(folder, 'data');
  const port = await freePort();
  const call = (program: string, ...given: string[]) => {
    const options: SpawnSyncOptions = { uid, gid, cwd: folder, stdio: ['ignore', 'ignore', 'pipe'] };
    const { status, stderr } = spawnSync(join(bin, program), ['-D', data, ...given], options);
    if (status !== 0) throw new Error(`${program} failed: ${stderr.toString()}`);
  };
  call('initdb', '--username=bronze', '--auth=trust', '--encoding=UTF8', '--locale=C', '--no-sync');
  const flags = `-p ${port} -c listen_addresses=127.0.0.1 -c unix_socket_directories= -c fsync=off`;
  const start = () => call('pg_ctl', 'start', '-w', '-l', join(folder, 'log'), '-o', flags);
  const crash = () => call('pg_ctl', 'stop', '-w', '-m', 'immediate');
  start();
  onTestFinished(() => {
    crash();
    rmSync(folder, { recursive: true });
  });
  return { url: `postgresql://bronze@127.0.0.1:${port}/postgres`, crash, start };
}

async function programs(): Promise<{ bin: string; uid: number; gid: number }> {
  const client = new pg.Client({ connectionString: serverUrl() });
  await client.connect();
  const { rows } = await client.query<{ data: string; bin: string }>(
    `SELECT current_setting('data_directory') AS data, (SELECT setting FROM pg_config() WHERE name = 'BINDIR') AS bin`,
  );
  await client.end();
  const { data = '', bin = '' } = rows[0] ?? {};
  const { uid, gid } = statSync(data);
  return { bin, uid, gid };
}
