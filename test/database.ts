import { randomUUID } from 'node:crypto';
import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { execute } from '@bronze/emulators/embedded-postgres';
import pg from 'pg';
import { inject, onTestFinished } from 'vitest';

export { execute };

/** URL of this worker's own server. A worker runs one test file at a time. */
export function serverUrl(): string {
  const url = inject('postgresUrls')[Number(process.env['VITEST_POOL_ID']) - 1];
  if (url === undefined) throw new RangeError(`worker ${process.env['VITEST_POOL_ID']} has no PostgreSQL server`);
  return url;
}

/**
 * Creates a database for this test and runs `sql` in it.
 *
 * @param server URL of a database on the server; default: this worker's own server
 * @returns its connection URL
 */
export async function newDatabase(sql = 'SELECT 1', server = serverUrl()): Promise<string> {
  const name = `t_${randomUUID().replaceAll('-', '')}`;
  await execute(server, `CREATE DATABASE ${name}`);
  const url = new URL(server);
  url.pathname = name;
  await execute(url.href, sql);
  return url.href;
}

/** Rows with each value as the text that PostgreSQL prints: the independent truth that tests compare bronze with. */
export async function textRows(url: string, sql: string): Promise<Record<string, string | null>[]> {
  const client = await connect(url);
  await client.query(
    `SET timezone = 'UTC'; SET datestyle = 'ISO'; SET intervalstyle = 'iso_8601'; SET bytea_output = 'hex'; SET extra_float_digits = 1`,
  );
  const { rows } = await client.query<Record<string, string | null>>(sql);
  return rows;
}

/** A connection that is closed when the test ends. Values are text. */
export async function connect(url: string): Promise<pg.Client> {
  const client = new pg.Client({ connectionString: url, types: { getTypeParser: () => (text: string) => text } });
  client.on('error', () => undefined);
  await client.connect();
  onTestFinished(() => client.end());
  return client;
}

/** A new empty folder. */
export async function newFolder(): Promise<string> {
  return mkdtemp(join(tmpdir(), 'bronze-test-'));
}
