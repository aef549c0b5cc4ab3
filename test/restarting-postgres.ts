import { spawnSync } from 'node:child_process';
import { statSync } from 'node:fs';
import { join } from 'node:path';
import { startEmbeddedPostgres } from '@bronze/emulators/embedded-postgres';
import pg from 'pg';
import { onTestFinished } from 'vitest';

/** A server of this test's own, which goes away and comes back as in a restart. Both block this process until done. */
export interface RestartingPostgres {
  readonly url: string;
  crash(): void;
  restart(): void;
}

export async function startRestartingPostgres(): Promise<RestartingPostgres> {
  const server = await startEmbeddedPostgres();
  const client = new pg.Client({ connectionString: server.url() });
  await client.connect();
  const { rows } = await client.query<{ data: string; bin: string }>(
    `SELECT current_setting('data_directory') AS data, (SELECT setting FROM pg_config() WHERE name = 'BINDIR') AS bin`,
  );
  await client.end();
  const { data = '', bin = '' } = rows[0] ?? {};
  const { uid, gid } = statSync(data);
  const flags = `-p ${new URL(server.url()).port} -c listen_addresses=127.0.0.1 -c unix_socket_directories= -c fsync=off`;
  const pgCtl = (...given: string[]) => {
    const { status, stderr } = spawnSync(join(bin, 'pg_ctl'), ['-D', data, '-w', ...given], {
      uid,
      gid,
      cwd: data,
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    if (status !== 0) throw new Error(`pg_ctl ${given[0]} failed: ${stderr.toString()}`);
  };
  let isUp = true;
  const crash = () => {
    pgCtl('stop', '-m', 'immediate');
    isUp = false;
  };
  const restart = () => {
    pgCtl('start', '-l', join(data, 'restarted.log'), '-o', flags);
    isUp = true;
  };
  onTestFinished(async () => {
    if (isUp) crash();
    await server.stop();
  });
  return { url: server.url(), crash, restart };
}
