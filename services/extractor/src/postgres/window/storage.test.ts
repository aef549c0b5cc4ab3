import { isTable, defineConfig, entityOf } from '@bronze/common/config';
import type { Position } from '@bronze/common/load/position';
import { describe, expect, test } from 'vitest';
import { FULL } from '../postgres-source.fixtures.ts';
import type { CatalogTable } from '../table/table.ts';
import { notedFiles } from './position-mismatch.ts';
import { hasFilledPart, isFilledSince, startIn, storageOf, tableChange } from './storage.ts';

const config = defineConfig({
  sources: { db: { type: 'postgres' } },
  entities: { things: { source: 'db', table: 'public.things' } },
});
const found = entityOf(config, 'things');
if (!isTable(found)) throw new Error('things is not a table');
const entity = found;

const table = (changes: Partial<CatalogTable> = {}): CatalogTable => ({
  kind: 'r',
  oid: '1',
  file_nodes: { '1': '5' },
  empty_parts: [],
  rows_estimated: null,
  attached: [],
  has_xids: true,
  encoding: 'UTF8',
  zone: 'UTC',
  has_children: false,
  role: 'reader',
  is_schema_usable: true,
  columns: [],
  primary_key: [],
  unique_keys: [],
  ...changes,
});

describe('the files that are noted', () => {
  const noted = (before: Record<string, string> | undefined, empty_parts: string[]) =>
    notedFiles(before, { file_nodes: { '1': '5', '2': '6' }, empty_parts });

  test('are those of parts with rows, and of one that is empty when it is first seen', () => {
    expect(noted(undefined, [])).toEqual({ '1': '5', '2': '6' });
    expect(noted({ '1': '5' }, ['2'])).toEqual({ '1': '5', '2': '6' });
  });

  test('stay as they were for a part that was emptied', () => {
    expect(noted({ '1': '5', '2': '7' }, ['2'])).toEqual({ '1': '5', '2': '7' });
  });

  test('are none of a table that was empty from the beginning', () => {
    expect(noted(undefined, ['1', '2'])).toEqual({});
    expect(noted({ '2': '7' }, ['1', '2'])).toEqual({ '2': '7' });
  });
});

test('views and foreign tables have no storage', () => {
  const kinds = (['r', 'p', 'm', 'v', 'f'] as const).map((kind) => storageOf(table({ kind }), undefined) !== undefined);
  expect(kinds).toEqual([true, true, true, false, false]);
  const emptied = table({ empty_parts: ['1'] });
  expect(storageOf(emptied, { table_oid: '1', file_nodes: { '1': '4' } })?.file_nodes).toEqual({ '1': '4' });
  // The same oid in another relation's family says nothing.
  expect(storageOf(emptied, { table_oid: '2', file_nodes: { '1': '4' } })?.file_nodes).toEqual({});
});

test('a table has changed if it is another relation or lies in another file, unless there is nothing in it', () => {
  const before = { table_oid: '1', file_nodes: { '1': '5' } };
  expect(tableChange(before, table())).toBeUndefined();
  expect(tableChange(before, table({ oid: '2' }))).toBe('table_changed');
  expect(tableChange(before, table({ file_nodes: { '1': '6' } }))).toBe('table_rewritten');
  expect(tableChange(before, table({ file_nodes: { '1': '6' }, empty_parts: ['1'] }))).toBeUndefined();
  expect(tableChange(before, table({ file_nodes: { '1': '5', '2': '6' }, attached: ['2'] }))).toBe('table_changed');
  expect(tableChange({ table_oid: '1' }, table({ file_nodes: { '1': '6' } }))).toBeUndefined();
});

test('a table or a part is filled once it has rows and its file was not noted', () => {
  const empty = { table_oid: '1', file_nodes: {} };
  const grown = { file_nodes: { '1': '5', '2': '6' } };
  const before = { table_oid: '1', file_nodes: { '1': '5' } };
  expect([isFilledSince(empty, table()), isFilledSince(empty, table({ empty_parts: ['1'] }))]).toEqual([true, false]);
  expect([isFilledSince(before, table(grown)), isFilledSince({ table_oid: '1' }, table())]).toEqual([false, false]);
  expect(hasFilledPart(before, table(grown))).toBe(true);
  expect(hasFilledPart(before, table({ ...grown, empty_parts: ['2'] }))).toBe(false);
  expect(hasFilledPart(undefined, table())).toBe(false);
});

describe('a slice of a full load', () => {
  const before = { storage: { table_oid: '1', file_nodes: { '1': '4' } }, starts_over: 0 };
  const position: Position = { order: 'public.things (id integer)', values: ['7'], read_from: before };
  const now = { table_oid: '1', file_nodes: { '1': '5' } };

  test('begins at the start, and says what it reads', () => {
    const read_from = { storage: now, starts_over: 0 };
    expect(startIn(entity, table(), FULL, undefined)).toEqual({ position: undefined, reading: { read_from } });
  });

  test('goes on in the same storage, and where nothing is known of it', () => {
    const same = { ...position, read_from: { storage: now, starts_over: 1 } };
    expect(startIn(entity, table(), FULL, same)).toEqual({ position: same, reading: { read_from: same.read_from } });
    const { read_from: _, ...unknown } = position;
    expect(startIn(entity, table(), FULL, unknown).position).toBe(unknown);
  });

  test('starts over in another storage, up to three times', () => {
    const read_from = (starts_over: number) => ({ reading: { read_from: { storage: now, starts_over } } });
    expect(startIn(entity, table(), FULL, position)).toEqual({ position: undefined, ...read_from(1) });
    const often = { ...position, read_from: { ...before, starts_over: 3 } };
    expect(startIn(entity, table(), FULL, often)).toEqual({ position: often, ...read_from(3) });
    expect(startIn(entity, table({ kind: 'v', oid: '2' }), FULL, position)).toEqual({
      position: undefined,
      reading: {},
    });
  });

  test('does not start over in a table of another name, nor does an incremental load', () => {
    const other = { ...position, order: 'public.things_2 (id integer)' };
    expect(startIn(entity, table(), FULL, other).position).toBe(other);
    const incremental = { ...FULL, load_type: 'incremental' } as const;
    expect(startIn(entity, table(), incremental, position)).toEqual({ position, reading: {} });
  });
});
