import { describe, expect, test } from 'vitest';
import { execute, newDatabase } from '../../../../../test/database.ts';
import { begun } from '../postgres-source.fixtures.ts';
import { Loads } from './exact-loads.fixtures.ts';

describe('cursors in the future', () => {
  const DATED = `
    INSERT INTO base VALUES (1, now() - interval '1 day'), (2, '9999-12-31'), (3, now() + interval '1 day'),
      (4, 'infinity'), (5, NULL), (6, now())`;
  const SHAPES = {
    'a view': ['timestamptz', 'CREATE VIEW things AS SELECT * FROM base'],
    'a view of a cursor without a zone': ['timestamp', 'CREATE VIEW things AS SELECT * FROM base'],
  } as const;

  test.each(Object.entries(SHAPES))(
    'of %s: full loads have them, incremental ones count them, and what changes meanwhile comes with the next',
    async (_, [type, make]) => {
      const url = await newDatabase(
        `CREATE TABLE base (id integer PRIMARY KEY, updated_at ${type}); ${make}; ${DATED}`,
      );
      const loads = new Loads(url, { primary_key: ['id'] });
      const first = await loads.claim();
      await execute(url, 'INSERT INTO base VALUES (7, clock_timestamp())');
      expect((await begun(loads.reading, first)).left_out).toEqual({
        without_cursor: 0,
        outside_window: 1,
        left_for_later: 1,
        repeated: 0,
      });
      expect((await loads.rows(first)).map((row) => row['id'])).toEqual(['1', '2', '3', '4', '5', '6']);
      await loads.finish(first);
      const second = await loads.claim();
      expect((await begun(loads.reading, second)).left_out).toEqual({
        without_cursor: 1,
        outside_window: 3,
        left_for_later: 3,
        in_the_future: 3,
        repeated: 0,
      });
      expect((await loads.rows(second)).map((row) => row['id'])).toEqual(['7']);
      await loads.finish(second);
      expect(await loads.load('full')).toEqual(['1', '2', '3', '4', '5', '6', '7']);
    },
  );

  test('of a foreign table: full loads have them, incremental ones count them', async () => {
    const lines = String.raw`1\t2024-01-14 10:00:00+00\n2\t9999-12-31 00:00:00+00\n`;
    const url = await newDatabase(`CREATE EXTENSION file_fdw; CREATE SERVER there FOREIGN DATA WRAPPER file_fdw;
      CREATE FOREIGN TABLE things (id integer, updated_at timestamptz) SERVER there OPTIONS (program 'printf "${lines}"')`);
    const loads = new Loads(url, { primary_key: ['id'] });
    expect(await loads.load()).toEqual(['1', '2']);
    const second = await loads.claim();
    expect((await begun(loads.reading, second)).left_out).toMatchObject({ left_for_later: 1, in_the_future: 1 });
    expect(await loads.rows(second)).toEqual([]);
    await loads.finish(second);
    expect(await loads.load('full')).toEqual(['1', '2']);
  });

  test('of a table with transaction ids come once, like all others, and hold nothing back', async () => {
    const url = await newDatabase(`CREATE TABLE base (id integer PRIMARY KEY, updated_at timestamptz); ${DATED}`);
    const loads = new Loads(url, { table: 'public.base' }, { clock_margin_seconds: 0 });
    expect(await loads.load()).toEqual(['1', '2', '3', '4', '5', '6']);
    await execute(url, `INSERT INTO base VALUES (8, '9999-12-31'), (9, now())`);
    expect(await loads.load()).toEqual(['9', '8']);
    await execute(url, `UPDATE base SET updated_at = now() WHERE id = 2; INSERT INTO base VALUES (10, now())`);
    const third = await loads.claim();
    expect((await begun(loads.reading, third)).left_out).toEqual({ without_cursor: 0, outside_window: 0, repeated: 0 });
    expect((await loads.rows(third)).map((row) => row['id']).toSorted()).toEqual(['10', '2']);
    await loads.finish(third);
    expect(await loads.load()).toEqual([]);
  });
});
