import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { capturing } from '../terminal/fake-terminal.fixtures.ts';
import { withDuckDb } from './duckdb.ts';
import { createView } from './views.ts';

interface Load {
  readonly select: string;
  /** Types of the source, by column. */
  readonly types: Readonly<Record<string, string>>;
}

/** The rows of a view over the parts of these loads, and what is said. */
async function rowsOf(...loads: readonly Load[]) {
  const folder = await mkdtemp(join(tmpdir(), 'bronze-views-'));
  onTestFinished(async () => rm(folder, { recursive: true }));
  const groups = loads.map(({ types }, index) => ({
    columns: Object.entries(types).map(([name, type]) => ({ name, type })),
    engine: 'duckdb',
    parts: [{ key: join(folder, `${index}.parquet`), rows: 1, bytes: 1, sha256: '' }],
  }));
  let rows: unknown[] = [];
  const { stderr } = await capturing(undefined, async () => {
    await withDuckDb(async (connection) => {
      for (const [index, { select }] of loads.entries()) {
        await connection.run(`COPY (${select}) TO '${folder}/${index}.parquet'`);
      }
      await createView(connection, { entity: 'order', columns: ['id', 'at'], groups }, ({ key }) => key);
      rows = (await connection.runAndReadAll('SELECT id, "at" FROM "order"')).getRowsJson();
    });
  });
  return { rows, stderr };
}

test('a view has the columns of all loads by their names, each with a type that holds both', async () => {
  const first = { select: 'SELECT 1 AS id', types: { id: 'integer' } };
  const second = { select: "SELECT 'x' AS at, 9007199254740993 AS id", types: { at: 'text', id: 'bigint' } };
  expect(await rowsOf(first, second)).toEqual({
    rows: [
      ['1', null],
      ['9007199254740993', 'x'],
    ],
    stderr: '',
  });
});

test('a column whose types no type holds exactly is text, which is said', async () => {
  const first = { select: "SELECT 1 AS id, DATE '2024-01-15' AS at", types: { id: 'integer', at: 'date' } };
  const second = { select: 'SELECT 2 AS id, 7 AS at', types: { id: 'integer', at: 'integer' } };
  const { rows, stderr } = await rowsOf(first, second);
  expect(rows).toEqual([
    [1, '2024-01-15'],
    [2, '7'],
  ]);
  expect(stderr).toBe('order: no type holds exactly what its loads have of at: text here.\n');
});

test('an entity without parts is a view without rows', async () => {
  expect((await rowsOf()).rows).toEqual([]);
});
