import type { BronzeError } from '@bronze/common/words/failure';
import { describe, expect, test } from 'vitest';
import { execute, newDatabase } from '../../../../test/database.ts';
import { begun, FULL, sourceOf } from './postgres-source.fixtures.ts';

describe('a claim', () => {
  const view = 'CREATE TABLE base (id integer, updated_at timestamptz); CREATE VIEW things AS SELECT * FROM base';
  test.each([
    ['a table that does not exist', 'SELECT 1', {}, 'TABLE_MISSING', /public\.things/],
    [
      'a renamed cursor',
      'CREATE TABLE things (id integer PRIMARY KEY, modified_at timestamptz)',
      {},
      'COLUMN_MISSING',
      /updated_at.* Name one of its timestamp columns as cursor: modified_at\./,
    ],
    [
      'a table without timestamps',
      'CREATE TABLE things (id integer PRIMARY KEY, price integer)',
      {},
      'COLUMN_MISSING',
      /has no timestamp column: set cursor: null of things in the configuration/,
    ],
    [
      'a reserved column',
      'CREATE TABLE things (id integer PRIMARY KEY, updated_at timestamptz, _record_hash text)',
      {},
      'COLUMN_RESERVED',
      /_record_hash/,
    ],
    [
      'an event date named like its folder',
      'CREATE TABLE things (id integer PRIMARY KEY, updated_at timestamptz, event_date date)',
      { event_date: 'event_date' },
      'COLUMN_RESERVED',
      /columns: \{ event_date: \{ as: 'source_event_date' \} \} of things/,
    ],
    [
      'a column named like a folder in another case',
      'CREATE TABLE things (id integer PRIMARY KEY, updated_at timestamptz, "Load_Type" text)',
      {},
      'COLUMN_RESERVED',
      /Load_Type: \{ as: 'source_load_type' \}/,
    ],
    [
      'columns that differ in case',
      'CREATE TABLE things (id integer PRIMARY KEY, updated_at timestamptz, "Id" text)',
      {},
      'COLUMN_AMBIGUOUS',
      /id and Id/,
    ],
    [
      'a cursor that is not a timestamp',
      'CREATE TABLE things (id integer PRIMARY KEY, updated_at date)',
      {},
      'COLUMN_UNSUPPORTED',
      /is date/,
    ],
    [
      'an event date that is not a date',
      'CREATE TABLE things (id integer PRIMARY KEY, updated_at timestamptz)',
      { event_date: 'id' },
      'COLUMN_UNSUPPORTED',
      /event_date id/,
    ],
    ['a view without a key', view, {}, 'KEY_MISSING', /primary_key/],
    [
      'a key with duplicates',
      `${view}; INSERT INTO base VALUES (1), (1)`,
      { primary_key: ['id'] },
      'KEY_NOT_UNIQUE',
      /\(id\)/,
    ],
    ['a key with NULL', `${view}; INSERT INTO base VALUES (NULL)`, { primary_key: ['id'] }, 'KEY_NOT_UNIQUE', /\(id\)/],
    ['a key column that does not exist', view, { primary_key: ['idd'] }, 'COLUMN_MISSING', /idd/],
  ] as const)('refuses %s', async (_, sql, settings, code, message) => {
    const { source, entity } = sourceOf(
      await newDatabase(sql),
      'primary_key' in settings ? { primary_key: [...settings.primary_key] } : settings,
    );
    const failure: unknown = await source.readHighWatermark(entity).catch((thrown: unknown) => thrown);
    expect(failure).toMatchObject({ code });
    const { message: text, hint } = failure as { message: string; hint: string };
    expect(`${text} ${hint}`).toMatch(message);
  });

  test('refuses a table, a column or a row that the role may not read, and a wrong password', async () => {
    const url = await newDatabase(
      'CREATE TABLE things (id integer PRIMARY KEY, updated_at timestamptz, secret text); INSERT INTO things VALUES (1, now())',
    );
    const role = `denied_${new URL(url).pathname.slice(3, 20)}`;
    await execute(url, `CREATE ROLE ${role} LOGIN PASSWORD 'p4ssw0rd'`);
    const login = new URL(url);
    login.username = role;
    login.password = 'p4ssw0rd';
    const { source, entity } = sourceOf(login.href);
    await expect(source.readHighWatermark(entity)).rejects.toMatchObject({ code: 'SOURCE_DENIED' });
    await execute(url, `GRANT SELECT (id, updated_at) ON things TO ${role}`);
    await expect(source.readHighWatermark(entity)).rejects.toMatchObject({
      code: 'SOURCE_DENIED',
      message: expect.stringContaining('secret') as string,
    });
    await execute(url, `GRANT SELECT ON things TO ${role}; ALTER TABLE things ENABLE ROW LEVEL SECURITY`);
    await expect(source.readHighWatermark(entity)).rejects.toMatchObject({ code: 'SOURCE_DENIED' });
    await expect(begun({ source, entity }, FULL)).rejects.toMatchObject({ code: 'SOURCE_DENIED' });
    login.password = 'wr0ng';
    const failure: unknown = await sourceOf(login.href)
      .source.readHighWatermark(entity)
      .catch((thrown: unknown) => thrown);
    expect(failure).toMatchObject({
      code: 'SOURCE_DENIED',
      message: expect.stringContaining(`password authentication failed for user "${role}"`) as string,
    });
    expect(JSON.stringify(failure) + String(failure)).not.toMatch(/p4ssw0rd|wr0ng|postgresql:/);
    login.pathname = 'nowhere';
    await expect(
      sourceOf(login.href.replace('wr0ng', 'p4ssw0rd')).source.readHighWatermark(entity),
    ).rejects.toMatchObject({
      code: 'DATABASE_MISSING',
      message: expect.stringContaining('database "nowhere" does not exist (SQLSTATE 3D000)') as string,
    });
  });

  test('says what is missing in PostgreSQL’s words, and its hints are statements that grant it', async () => {
    const url = await newDatabase(
      `CREATE SCHEMA "Shop"; CREATE TABLE "Shop".things (id integer PRIMARY KEY, updated_at timestamptz, note text);
       CREATE VIEW public.broken AS SELECT id, 100 / (id - 1) AS share, updated_at FROM "Shop".things;
       CREATE VIEW public.bent AS SELECT id, note::integer AS number, updated_at FROM "Shop".things;
       INSERT INTO "Shop".things VALUES (1, now() - interval '1 day', 'canary')`,
    );
    const login = new URL(url);
    login.username = `Granted ${login.pathname.slice(3, 20)}`;
    login.password = 'granted';
    await execute(url, `CREATE ROLE "${decodeURI(login.username)}" LOGIN PASSWORD 'granted'`);
    const { source, entity } = sourceOf(login.href, { table: 'Shop.things' });
    const said: string[] = [];
    for (let granted = ''; granted !== 'all';) {
      const failure = await source.readHighWatermark(entity).then(
        () => undefined,
        (thrown: unknown) => thrown as BronzeError,
      );
      if (failure) said.push(failure.message);
      granted = /GRANT [^.]*\.?[^.]* TO "Granted [^"]*"/.exec(failure?.hint ?? '')?.[0] ?? 'all';
      if (granted !== 'all') await execute(url, granted.split('; ')[0] ?? '');
    }
    expect(said).toEqual([
      'permission denied for schema "Shop", which has Shop.things',
      'permission denied for table Shop.things',
    ]);
    const refusalOf = async (table: string) => {
      const view = sourceOf(url, { table, primary_key: ['id'] });
      return begun(view, FULL).then(
        () => '',
        (thrown: unknown) => (thrown as BronzeError).message,
      );
    };
    expect(await refusalOf('public.broken')).toBe('reading things: division by zero (SQLSTATE 22012)');
    expect(await refusalOf('public.bent')).toBe(
      'reading things: invalid input syntax for type integer: … (SQLSTATE 22P02)',
    );
  });

  test('refuses a reserved name in another case, a domain as cursor and a SQL_ASCII database', async () => {
    const code = async (sql: string) => {
      const { source, entity } = sourceOf(await newDatabase(sql));
      return source.readHighWatermark(entity).then(
        () => 'accepted',
        (thrown: unknown) => (thrown as { code: string }).code,
      );
    };
    expect(
      await code('CREATE TABLE things (id integer PRIMARY KEY, updated_at timestamptz, "_INGESTION_TS" text)'),
    ).toBe('COLUMN_RESERVED');
    expect(
      await code(
        'CREATE DOMAIN timestamp_ms AS timestamp(3); CREATE TABLE things (id integer PRIMARY KEY, updated_at timestamp_ms)',
      ),
    ).toBe('COLUMN_UNSUPPORTED');
    const url = await newDatabase();
    await execute(
      url,
      `CREATE DATABASE ascii_${new URL(url).pathname.slice(3)} ENCODING 'SQL_ASCII' TEMPLATE template0`,
    );
    const ascii = new URL(url);
    ascii.pathname = `ascii_${new URL(url).pathname.slice(3)}`;
    await execute(ascii.href, 'CREATE TABLE things (id integer PRIMARY KEY, updated_at timestamptz)');
    const { source, entity } = sourceOf(ascii.href);
    await expect(source.readHighWatermark(entity)).rejects.toMatchObject({ code: 'ENCODING_UNSUPPORTED' });
  });

  test('takes a column event_date where no folders are named so, and the view that a refusal advises', async () => {
    const url = await newDatabase(`
      CREATE TABLE base (id integer PRIMARY KEY, updated_at timestamptz, event_date date);
      CREATE VIEW things AS SELECT id, updated_at, event_date AS source_event_date FROM base`);
    for (const settings of [{ table: 'public.base' }, { event_date: 'source_event_date', primary_key: ['id'] }]) {
      const { source, entity } = sourceOf(url, settings);
      await expect(source.readHighWatermark(entity)).resolves.toBeDefined();
    }
  });

  test('refuses a URL without its scheme, and prints no part of it', async () => {
    const { host } = new URL(await newDatabase());
    for (const url of [`bronze:sEcret@${host}/db`, `postgres:bronze:sEcret@${host}/db`]) {
      const { source, entity } = sourceOf(url);
      const failure: unknown = await source.readHighWatermark(entity).catch((thrown: unknown) => thrown);
      expect(failure).toMatchObject({ code: 'CONFIG_INVALID' });
      expect(String(failure)).not.toMatch(/cret/);
    }
  });

  test('fails as SOURCE_UNREACHABLE if no server listens, and prints no password', async () => {
    const { source, entity } = sourceOf('postgresql://someone:hunter2@127.0.0.1:1/none');
    const failure: unknown = await source.readHighWatermark(entity).catch((thrown: unknown) => thrown);
    expect(failure).toMatchObject({ code: 'SOURCE_UNREACHABLE', kind: 'transient' });
    expect(String(failure)).not.toContain('hunter2');
  });
});
