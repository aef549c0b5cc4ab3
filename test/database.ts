import { randomUUID } from 'node:crypto';
import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { execute } from '@bronze/emulators/embedded-postgres';
import pg from 'pg';
import { inject, onTestFinished } from 'vitest';

export { execute };

/** The server of this worker, which runs one file at a time. */
export function serverUrl(): string {
  const url = inject('postgresUrls')[Number(process.env['VITEST_POOL_ID']) - 1];
  if (url === undefined) throw new RangeError(`there is no server for worker ${process.env['VITEST_POOL_ID']}`);
  return url;
}

/** A database of this test's own. */
export async function newDatabase(sql = 'SELECT 1'): Promise<string> {
  const name = `t_${randomUUID().replaceAll('-', '')}`;
  await execute(serverUrl(), `CREATE DATABASE ${name}`);
  const url = new URL(serverUrl());
  url.pathname = name;
  await execute(url.href, sql);
  return url.href;
}

/** Rows with every value as the text that PostgreSQL prints: the independent truth that tests compare with. */
export async function textRows(url: string, sql: string): Promise<Record<string, string | null>[]> {
  const client = await connect(url);
  await client.query(
    `SET timezone = 'UTC'; SET datestyle = 'ISO'; SET intervalstyle = 'iso_8601'; SET bytea_output = 'hex'; SET extra_float_digits = 1`,
  );
  const { rows } = await client.query<Record<string, string | null>>(sql);
  return rows;
}

/** A connection that ends with the test; values are text. */
export async function connect(url: string): Promise<pg.Client> {
  const client = new pg.Client({ connectionString: url, types: { getTypeParser: () => (text: string) => text } });
  client.on('error', () => undefined);
  await client.connect();
  onTestFinished(() => client.end());
  return client;
}

export async function newFolder(): Promise<string> {
  return mkdtemp(join(tmpdir(), 'bronze-test-'));
}
