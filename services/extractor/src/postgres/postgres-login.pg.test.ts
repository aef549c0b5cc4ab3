import { expect, test } from 'vitest';
import { execute, newDatabase, serverUrl } from '../../../../test/database.ts';
import { databaseUrlIn } from './database-login.ts';
import { FULL, rowsOf, sourceOf, startAt } from './postgres-source.fixtures.ts';
import { PgDatabase } from '../adapters/pg-database.ts';
import { PostgresSource } from './postgres-source.ts';

test('a password that was just rotated is read again, once', async () => {
  const role = `rotated_${Date.now()}`;
  const url = new URL(await newDatabase('CREATE TABLE things (id int PRIMARY KEY, updated_at timestamptz)'));
  await execute(serverUrl(), `CREATE ROLE ${role} LOGIN PASSWORD 'new'`);
  await execute(url.href, `INSERT INTO things VALUES (1, now() - interval '1 day'); GRANT SELECT ON things TO ${role}`);
  const login = (password: string) => {
    const own = new URL(url.href);
    own.username = role;
    own.password = password;
    return own.href;
  };
  const { entity } = sourceOf(url.href);
  const asked: boolean[] = [];
  const config = {
    type: 'postgres',
    login: 'password',
    margin_seconds: 0,
    clock_margin_seconds: 0,
    lookback_seconds: 0,
    statement_timeout_seconds: 60,
    idle_timeout_seconds: 60,
    max_connections: 2,
    reconnects: 0,
  } as const;
  const clock = { now: () => FULL.ingested_at, sleep: async () => undefined };
  const log = { event: () => undefined };
  const open = (current: string, renewed: string) =>
    new PostgresSource({
      database: new PgDatabase({
        url: async (wasRefused) => {
          asked.push(wasRefused);
          return login(wasRefused ? renewed : current);
        },
        config,
      }),
      config,
      clock,
      log,
    });
  const reader = await open('old', 'new').openSlice(entity, FULL, startAt());
  const batches = [];
  for await (const batch of reader.batches) batches.push(batch);
  expect(rowsOf(batches)).toHaveLength(1);
  expect(asked.slice(0, 2)).toEqual([false, true]);

  const denied = open('old', 'older').readHighWatermark(entity);
  await expect(denied).rejects.toMatchObject({ code: 'SOURCE_DENIED' });
});

test('a login that RDS keeps is sent over verified TLS only, and never to a server without it', async () => {
  const { hostname, port, username, password, pathname } = new URL(await newDatabase());
  const secret = { host: hostname, port, username, password, dbname: pathname.slice(1) };
  const url = databaseUrlIn(JSON.stringify(secret));
  const { source, entity } = sourceOf(url);
  const failure = await source.readHighWatermark(entity).catch((thrown: unknown) => thrown);
  expect(String(failure)).toMatch(/SSL/);
  expect(JSON.stringify(failure) + String(failure)).not.toContain(url);
});
