import { randomUUID } from 'node:crypto';
import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { execute } from '@bronze/local/embedded-postgres';
import pg from 'pg';
import { inject, onTestFinished } from 'vitest';

export { execute };

/** A database of this test's own on the shared server. */
export async function newDatabase(sql = 'SELECT 1'): Promise<string> {
  const name = `t_${randomUUID().replaceAll('-', '')}`;
  await execute(inject('postgresUrl'), `CREATE DATABASE ${name}`);
  const url = new URL(inject('postgresUrl'));
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
