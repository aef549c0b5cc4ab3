import { defineConfig, entityOf, isTable } from '@bronze/common/config';
import type { TableEntityInput } from '@bronze/common/config/postgres';
import type { BronzeError } from '@bronze/common/words/failure';
import { describe, expect, test } from 'vitest';
import { checkNames } from './column-names.ts';

function check(names: readonly string[], settings: Partial<TableEntityInput> = {}): BronzeError | undefined {
  const config = defineConfig({
    sources: { db: { type: 'postgres', url: 'x' } },
    entities: { things: { source: 'db', table: 'public.things', ...settings } },
  });
  const entity = entityOf(config, 'things');
  if (!isTable(entity)) throw new Error('it is a table');
  try {
    checkNames(entity, names);
    return undefined;
  } catch (thrown) {
    return thrown as BronzeError;
  }
}

/** The settings that a hint proposes, pasted. */
function pasted(hint: string): Partial<TableEntityInput> {
  const [, text] = /set columns: (\{.*\}) of things/.exec(hint) ?? [];
  // oxlint-disable-next-line no-implied-eval -- what a person would paste into a TypeScript file
  return { columns: new Function(`return (${text})`)() as Record<string, { as: string }> };
}

describe('a hint to rename columns is a configuration that is accepted', () => {
  test.each([
    [['id', 'event_date', 'load_type'], { event_date: 'event_date' }],
    [['Ingestion_Date', 'source_ingestion_date'], {}],
    [['_INGESTION_TS', '_record_hash', '_ingestion_id', '_source_system'], {}],
    [['id', 'gone', '_is_deleted'], { deleted_at: 'gone' }],
    [['id', 'ID'], {}],
  ] as const)('for %j', (names, settings) => {
    const failure = check(names, settings);
    expect(failure?.code).toMatch(/^COLUMN_(?:RESERVED|AMBIGUOUS)$/);
    expect(check(names, { ...settings, ...pasted(failure?.hint ?? '') })).toBeUndefined();
  });
});

test('all reserved names are named at once', () => {
  expect(check(['id', 'event_date', 'Load_Type'], { event_date: 'event_date' })).toMatchObject({
    code: 'COLUMN_RESERVED',
    hint: `Rename them on the way: set columns: { event_date: { as: 'source_event_date' }, Load_Type: { as: 'source_load_type' } } of things.`,
  });
});

test('a column can take the name of another that is renamed away', () => {
  expect(check(['a', 'b'], { columns: { a: { as: 'b' }, b: { as: 'a' } } })).toBeUndefined();
});

test('two columns can’t have one name, in any case', () => {
  expect(check(['event_date', 'Event_At'], { columns: { event_date: { as: 'event_at' } } })).toMatchObject({
    code: 'COLUMN_AMBIGUOUS',
    message: expect.stringContaining('columns event_date (renamed to event_at) and Event_At:') as string,
    hint: `Rename one of them on the way: set event_date: { as: 'source_event_date' } in columns of things.`,
  });
});

test('a column that the table does not have can’t be renamed', () => {
  expect(check(['id', 'event_date'], { columns: { evnt_date: { as: 'event_at' } } })).toMatchObject({
    code: 'COLUMN_MISSING',
    message: 'public.things has no column evnt_date, which things names under columns',
    hint: 'Did you mean event_date? The table has: id, event_date. Change columns of things in the configuration.',
  });
});
