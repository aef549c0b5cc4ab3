import { beforeAll, describe, expect, test } from 'vitest';
import { execute, newDatabase } from '../../../../test/database.ts';
import { FULL, incremental, readInSlices, rowsOf, sourceOf } from './postgres-source.fixtures.ts';

/** A view whose functions find a table and each other by the path of the role; one of them when it is planned. */
const SHOP_SQL = `
  CREATE SCHEMA shop; CREATE TABLE shop.rates (rate integer); INSERT INTO shop.rates VALUES (3);
  CREATE FUNCTION shop.rate() RETURNS integer LANGUAGE plpgsql STABLE AS 'BEGIN RETURN (SELECT rate FROM rates); END';
  SET search_path = shop, public;
  CREATE FUNCTION shop.doubled(integer) RETURNS integer LANGUAGE sql IMMUTABLE AS 'SELECT $1 * two()';
  CREATE FUNCTION shop.two() RETURNS integer LANGUAGE sql IMMUTABLE AS 'SELECT 2';
  CREATE VIEW shop.priced AS SELECT n AS id, n * shop.rate() AS price, shop.doubled(n) AS doubled,
    timestamptz '2024-01-15' AS updated_at FROM generate_series(1, 4) AS n WHERE shop.doubled(n) > 0`;

describe('a view whose functions go by the search_path of the role', () => {
  let url: string;

  beforeAll(async () => {
    url = await newDatabase(
      SHOP_SQL.replace('CREATE FUNCTION shop.doubled', 'SET check_function_bodies = off; CREATE FUNCTION shop.doubled'),
    );
  });

  test('is claimed and read in slices, in full and incrementally', async () => {
    await execute(url, `ALTER DATABASE ${new URL(url).pathname.slice(1)} SET search_path = shop, public`);
    const reading = sourceOf(url, { table: 'shop.priced', primary_key: ['id'], batch_rows: 3 });
    await expect(reading.source.readHighWatermark(reading.entity)).resolves.toBeDefined();
    for (const load of [FULL, incremental('2024-01-15', '2024-01-16')]) {
      const rows = rowsOf(await readInSlices(reading, load));
      expect(rows.map(({ price, doubled }) => [price, doubled])).toEqual([
        ['3', '2'],
        ['6', '4'],
        ['9', '6'],
        ['12', '8'],
      ]);
    }
  });

  test('fails with the function’s own error where the path does not lead there', async () => {
    await execute(url, `ALTER DATABASE ${new URL(url).pathname.slice(1)} SET search_path = ''`);
    const { source, entity } = sourceOf(url, { table: 'shop.priced', primary_key: ['id'] });
    await expect(source.readHighWatermark(entity)).rejects.toMatchObject({
      message: expect.stringMatching(/two|rates/) as string,
    });
  });
});

test('a table with an index on a function whose body goes by the search_path of the role is read', async () => {
  const url = await newDatabase(`
    CREATE TABLE things (id integer PRIMARY KEY, name text, updated_at timestamptz); INSERT INTO things VALUES (1, 'a', now());
    CREATE FUNCTION norm(text) RETURNS text LANGUAGE plpgsql IMMUTABLE AS 'BEGIN RETURN $1; END';
    CREATE FUNCTION f_norm(text) RETURNS text LANGUAGE sql IMMUTABLE AS 'SELECT public.norm($1)';
    CREATE INDEX ON things (f_norm(name));
    CREATE OR REPLACE FUNCTION f_norm(text) RETURNS text LANGUAGE sql IMMUTABLE AS 'SELECT norm($1)'`);
  const reading = sourceOf(url, { table: 'public.things' });
  await expect(reading.source.readHighWatermark(reading.entity)).resolves.toBeDefined();
  expect(rowsOf(await readInSlices(reading, FULL))).toMatchObject([{ id: '1', name: 'a' }]);
});

test('what others put before PostgreSQL’s own functions and operators is never called', async () => {
  const url = await newDatabase(`
    CREATE TABLE called (name text);
    CREATE FUNCTION called(anyelement) RETURNS text LANGUAGE plpgsql AS $$BEGIN RAISE 'shadowed'; END$$;
    CREATE FUNCTION json_agg(text) RETURNS json LANGUAGE sql AS $$SELECT called(1)::json$$;
    CREATE FUNCTION json_build_object(text, "char", text, text) RETURNS json LANGUAGE sql AS $$SELECT called(1)::json$$;
    CREATE FUNCTION bool_or(text) RETURNS boolean LANGUAGE sql AS $$SELECT called(1)::boolean$$;
    CREATE FUNCTION later(integer, integer) RETURNS boolean LANGUAGE sql AS $$SELECT called(1)::boolean$$;
    CREATE OPERATOR > (LEFTARG = integer, RIGHTARG = integer, FUNCTION = later);
    CREATE TYPE mood AS ENUM ('a', 'b', 'c'); CREATE FUNCTION happier(mood, mood) RETURNS boolean LANGUAGE sql AS 'SELECT false';
    CREATE OPERATOR > (LEFTARG = mood, RIGHTARG = mood, FUNCTION = happier);
    CREATE TABLE things (id mood, n integer, updated_at timestamptz, PRIMARY KEY (id, n)); INSERT INTO things SELECT unnest(enum_range(NULL::mood)), 1;
    CREATE VIEW moods AS SELECT * FROM things`);
  await execute(url, `ALTER DATABASE ${new URL(url).pathname.slice(1)} SET search_path = public, pg_catalog`);
  for (const settings of [{}, { table: 'public.moods', primary_key: ['id', 'n'] }]) {
    const reading = sourceOf(url, { ...settings, batch_rows: 1 });
    await reading.source.readHighWatermark(reading.entity);
    expect(rowsOf(await readInSlices(reading, FULL)).map(({ id }) => id)).toEqual(['a', 'b', 'c']);
  }
});
