import { describe, expect, test } from 'vitest';
import { connect, execute, newDatabase } from '../../../../../test/database.ts';
import { Loads } from './exact-loads.fixtures.ts';
import { begun } from '../postgres-source.fixtures.ts';

const THINGS =
  'CREATE TABLE things (id integer PRIMARY KEY, updated_at timestamptz DEFAULT now(), deleted_at timestamptz)';

describe('rows without a cursor value', () => {
  async function loadedAndSkipped(loads: Loads) {
    const load = await loads.claim();
    const { left_out } = await begun(loads.reading, load);
    const ids = (await loads.rows(load)).map((row) => row['id']);
    await loads.finish(load);
    return { ids, without_cursor: left_out?.without_cursor };
  }

  test('are in full loads, and counted in the incremental one whose transactions wrote them', async () => {
    const url = await newDatabase(`${THINGS}; INSERT INTO things VALUES (1, now()), (2, NULL)`);
    const loads = new Loads(url);
    expect(await loadedAndSkipped(loads)).toEqual({ ids: ['1', '2'], without_cursor: undefined });
    await execute(url, 'INSERT INTO things VALUES (3, now()), (4, NULL), (5, NULL)');
    expect(await loadedAndSkipped(loads)).toEqual({ ids: ['3'], without_cursor: 2 });
    expect(await loadedAndSkipped(loads)).toEqual({ ids: [], without_cursor: 0 });
    expect(await loads.load('full')).toEqual(['1', '2', '3', '4', '5']);
  });

  test('are all counted by each incremental load of a view', async () => {
    const url = await newDatabase(
      'CREATE TABLE base (id integer, updated_at timestamptz); INSERT INTO base VALUES (1, now()), (2, NULL); CREATE VIEW things AS SELECT * FROM base',
    );
    const loads = new Loads(url, { primary_key: ['id'] });
    await loads.load();
    expect((await loadedAndSkipped(loads)).without_cursor).toBe(1);
    expect((await loadedAndSkipped(loads)).without_cursor).toBe(1);
  });

  test('fail the claim if null_cursor is error, before anything is claimed', async () => {
    const url = await newDatabase(`${THINGS}; INSERT INTO things VALUES (1)`);
    const loads = new Loads(url, { null_cursor: 'error' });
    expect(await loads.load()).toEqual(['1']);
    await execute(url, 'INSERT INTO things VALUES (2, NULL)');
    const before = loads.checkpoint;
    await expect(loads.claim()).rejects.toMatchObject({ code: 'CURSOR_MISSING' });
    await expect(loads.claim('full')).rejects.toMatchObject({ code: 'CURSOR_MISSING' });
    expect(loads.checkpoint).toBe(before);
    await execute(url, 'UPDATE things SET updated_at = now() WHERE id = 2');
    expect(await loads.load()).toEqual(['2']);
  });
});

describe('deleted_at', () => {
  test('sets _is_deleted, also of a row in which nothing else changed', async () => {
    const url = await newDatabase(`${THINGS}; INSERT INTO things VALUES (1), (2)`);
    const loads = new Loads(url, { deleted_at: 'deleted_at', cursor: ['updated_at', 'deleted_at'] });
    expect(await loads.load('full', '_is_deleted')).toEqual(['f', 'f']);
    await execute(url, 'UPDATE things SET deleted_at = now() WHERE id = 2');
    const load = await loads.claim();
    expect((await begun(loads.reading, load)).columns).toContainEqual({
      name: '_is_deleted',
      type: 'boolean',
    });
    const rows = await loads.rows(load);
    expect(rows).toMatchObject([{ id: '2', _is_deleted: 't' }]);
    expect(Object.keys(rows[0] ?? {})).toEqual(['_is_deleted', 'deleted_at', 'id', 'updated_at']);
  });

  test('is refused if the table has a column _is_deleted already, or no column of that name', async () => {
    const url = await newDatabase(
      'CREATE TABLE things (id integer PRIMARY KEY, updated_at timestamptz, "_Is_Deleted" text)',
    );
    const claim = (settings: object) => new Loads(url, settings).claim();
    await expect(claim({ deleted_at: 'updated_at' })).rejects.toMatchObject({ code: 'COLUMN_RESERVED' });
    await expect(claim({ deleted_at: 'gone' })).rejects.toMatchObject({ code: 'COLUMN_MISSING' });
    expect(await new Loads(url).load()).toEqual([]);
  });
});

describe('a cursor of several columns', () => {
  const both = { cursor: ['updated_at', 'deleted_at'], batch_rows: 7 };

  test('goes by the greatest, exactly, over slices and with transactions that commit late', async () => {
    const url = await newDatabase(
      `${THINGS}; CREATE INDEX ON things (updated_at); CREATE INDEX ON things (deleted_at); INSERT INTO things SELECT n, '2024-01-01' FROM generate_series(1, 40) AS n; INSERT INTO things VALUES (50, NULL, NULL), (51, NULL, now())`,
    );
    const loads = new Loads(url, both, { clock_margin_seconds: 0 });
    expect(await loads.load()).toHaveLength(42);
    const late = await connect(url);
    await late.query('BEGIN; UPDATE things SET deleted_at = now() WHERE id = 30');
    await execute(url, 'UPDATE things SET updated_at = now() WHERE id = 20');
    expect(await loads.load()).toEqual([]);
    await late.query('COMMIT');
    await execute(url, 'UPDATE things SET updated_at = NULL, deleted_at = now() WHERE id <= 10');
    const ids = (await loads.load()).map(Number);
    expect(ids).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 20, 30]);
  });

  test('goes by the greatest in a view too, in windows of time', async () => {
    const url = await newDatabase(`CREATE TABLE base (id integer, updated_at timestamptz, deleted_at timestamptz);
      CREATE VIEW things AS SELECT * FROM base; INSERT INTO base VALUES (1, now(), NULL), (2, NULL, now()), (3, NULL, NULL)`);
    const loads = new Loads(url, { ...both, primary_key: ['id'] });
    expect(await loads.load()).toEqual(['1', '2', '3']);
    await execute(url, 'UPDATE base SET deleted_at = now() WHERE id = 1');
    expect(await loads.load()).toEqual(['1']);
  });

  test('is refused if some have a zone and others don’t', async () => {
    const url = await newDatabase(
      'CREATE TABLE things (id integer PRIMARY KEY, updated_at timestamptz, deleted_at timestamp)',
    );
    await expect(new Loads(url, both).claim()).rejects.toMatchObject({ code: 'COLUMN_UNSUPPORTED' });
  });
});

test('a table with a key of several columns is read whole, in slices and with tied cursors', async () => {
  const url =
    await newDatabase(`CREATE TABLE things (a text, b integer, c uuid, updated_at timestamptz DEFAULT now(), PRIMARY KEY (a, b, c));
    INSERT INTO things SELECT 't' || n % 3, n % 11, md5(n::text)::uuid FROM generate_series(1, 500) AS n`);
  const loads = new Loads(url, { batch_rows: 13 });
  expect(new Set(await loads.load('full', 'c')).size).toBe(500);
  await execute(url, 'UPDATE things SET updated_at = now()');
  expect(new Set(await loads.load('incremental', 'c')).size).toBe(500);
});
