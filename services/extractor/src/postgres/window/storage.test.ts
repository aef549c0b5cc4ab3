import { isTable, defineConfig, entityOf } from '@bronze/common/config';
import type { Position } from '@bronze/common/load/position';
import { describe, expect, test } from 'vitest';
import { FULL } from '../postgres-source.fixtures.ts';
import type { CatalogTable } from '../table/table.ts';
import { filledSince, startIn, storageOf, tableChange } from './storage.ts';

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
  is_empty: false,
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

test('views and foreign tables have no storage, and of an empty table that is noted', () => {
  const kinds = (['r', 'p', 'm', 'v', 'f'] as const).map((kind) => storageOf(table({ kind })) !== undefined);
  expect(kinds).toEqual([true, true, true, false, false]);
  expect(storageOf(table({ is_empty: true }))).toEqual({ table_oid: '1', file_nodes: { '1': '5' }, is_empty: true });
});

test('a table has changed if it is another relation, lies in another file, or has a part that was attached', () => {
  const before = { table_oid: '1', file_nodes: { '1': '5' } };
  expect(tableChange(before, table())).toBeUndefined();
  expect(tableChange(before, table({ oid: '2' }))).toBe('table_changed');
  expect(tableChange(before, table({ file_nodes: { '1': '6' } }))).toBe('table_rewritten');
  expect(tableChange(before, table({ file_nodes: { '1': '5', '2': '6' }, attached: ['2'] }))).toBe('table_changed');
  expect(tableChange({ table_oid: '1' }, table({ file_nodes: { '1': '6' } }))).toBeUndefined();
});

test('an empty table is filled once it has rows', () => {
  const empty = { table_oid: '1', file_nodes: { '1': '5' }, is_empty: true } as const;
  expect(filledSince(empty, table())).toBe('table_rewritten');
  expect(filledSince(empty, table({ is_empty: true }))).toBeUndefined();
  expect(filledSince({ table_oid: '1', file_nodes: {} }, table())).toBeUndefined();
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

  test('starts over if a part is gone and another one has come, and only then', () => {
    const storage = { table_oid: '1', file_nodes: { '1': '5', '2': '6' } };
    const started = { ...position, read_from: { storage, starts_over: 0 } };
    const startsOver = (file_nodes: Record<string, string>) =>
      startIn(entity, table({ file_nodes }), FULL, started).position === undefined;
    expect(startsOver({ '1': '5', '3': '7' })).toBe(true);
    expect(startsOver({ '1': '5', '2': '6', '3': '7' })).toBe(false);
    expect(startsOver({ '1': '5' })).toBe(false);
  });

  test('does not start over in a table of another name, nor does an incremental load', () => {
    const other = { ...position, order: 'public.things_2 (id integer)' };
    expect(startIn(entity, table(), FULL, other).position).toBe(other);
    const incremental = { ...FULL, load_type: 'incremental' } as const;
    expect(startIn(entity, table(), incremental, position)).toEqual({ position, reading: {} });
  });
});
