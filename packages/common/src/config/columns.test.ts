import { describe, expect, test } from 'vitest';
import type { BronzeError } from '../words/failure.ts';
import { bronzeName, declaredType, renaming, written } from './columns.ts';
import { type ConfigInput, defineConfig, entityOf } from './config.ts';

const sources = { db: { type: 'postgres', url: 'x' }, api: { type: 'rest', base_url: 'https://api.example.com' } };
const KINDS = {
  table: { source: 'db', table: 'public.things' },
  endpoint: { source: 'api', endpoint: '/things', primary_key: ['id'], paging: { style: 'none' } },
};

function thingsWith(kind: keyof typeof KINDS, settings: object) {
  return entityOf(
    defineConfig({ sources, entities: { things: { ...KINDS[kind], ...settings } } } as ConfigInput),
    'things',
  );
}

function mistakesIn(kind: keyof typeof KINDS, settings: object): string[] {
  try {
    thingsWith(kind, settings);
    return [];
  } catch (thrown) {
    return (thrown as BronzeError).message
      .split('\n')
      .slice(1)
      .map((line) => line.replace('  - entities.things.columns.', ''));
  }
}

test('a field has a type, a new name, both or neither', () => {
  const columns = { a: 'text', b: { type: 'date', as: 'c' }, 'Weird Name': { as: 'weird_name' } };
  const entity = thingsWith('endpoint', { columns });
  const names = ['a', 'b', 'Weird Name', 'other', 'constructor'];
  expect(names.map((name) => [declaredType(entity, name), bronzeName(entity, name)])).toEqual([
    ['text', 'a'],
    ['date', 'c'],
    [undefined, 'weird_name'],
    [undefined, 'other'],
    [undefined, 'constructor'],
  ]);
});

test('defineConfig accepts columns of its own result', () => {
  const endpoint = { ...KINDS.endpoint, columns: { a: 'text', b: { as: 'c' } } };
  const table = { ...KINDS.table, columns: { b: { as: 'c' } } };
  const config = defineConfig({ sources, entities: { endpoint, table } } as ConfigInput);
  expect(defineConfig(config as ConfigInput)).toEqual(config);
});

describe.each(['table', 'endpoint'] as const)('a new name in a %s', (kind) => {
  test.each([
    [{ a: { as: '_record_hash' } }, {}, 'a.as = "_record_hash": no column can have this name, which Bronze adds'],
    [{ a: { as: 'Load_Type' } }, {}, 'a.as = "Load_Type": no column can have this name, which is the name of a folder'],
    [{ a: { as: 'EVENT_DATE' } }, { event_date: 'a' }, 'a.as = "EVENT_DATE": no column can have this name'],
    [{ a: { as: 'x' }, b: { as: 'X' } }, {}, 'a.as = "x": b has this name already; upper and lower case count alike'],
    [{ a: { as: 'b' }, b: { as: 'c' }, c: { as: 'b' } }, {}, 'a.as = "b": c has this name already'],
    [{ a: { as: '' } }, {}, 'a.as = "": expected a name without control characters'],
    [{ a: { as: ' b' } }, {}, 'a.as = " b": expected a name without control characters, and without spaces around it'],
    [{ a: { as: 'b\n' } }, {}, 'a.as = "b\\n": expected a name'],
    [{ a: { sa: 'b', as: 'c' } }, {}, 'a.sa = "b": no such key; '],
    [{ a: {} }, {}, 'a'],
    [{ a: 5 }, {}, 'a = 5: expected '],
  ])('%j is refused', (columns, settings, said) => {
    const mistakes = mistakesIn(kind, { columns, ...settings });
    expect(mistakes[0]).toContain(said);
  });

  test.each([
    [{ a: { as: 'event_date' } }, {}],
    [{ a: { as: 'b' }, b: { as: 'a' } }, {}],
    [{ id: { as: 'Größe (m²)' } }, { event_date: 'at' }],
  ])('%j is accepted', (columns, settings) => {
    expect(mistakesIn(kind, { columns, ...settings })).toEqual([]);
  });
});

test('what only tables or only endpoints have is checked too', () => {
  expect(mistakesIn('table', { columns: { a: { as: '_is_deleted' } } })).toEqual([]);
  expect(mistakesIn('table', { columns: { a: { as: '_is_deleted' } }, deleted_at: 'd' })[0]).toContain('deleted_at');
  expect(mistakesIn('table', { columns: { a: 'text' } })).toEqual([
    `a = "text": expected the name that it has in Bronze: { as: 'new_name' }`,
  ]);
  expect(mistakesIn('endpoint', { columns: { a: { as: 'b' }, B: 'text' } })[0]).toContain('B has this name already');
  expect(mistakesIn('endpoint', { columns: { a: { as: 'b' } }, exclude: ['a'] })).toEqual([
    'a.as = "b": a is under exclude, so it has no name in Bronze',
  ]);
});

describe('how to rename', () => {
  const known = ['id', 'Load_Type', 'source_load_type', '_record_hash', 'a-b'];

  test('is written so that the configuration accepts it', () => {
    const entity = thingsWith('table', { columns: {} });
    const text = renaming(entity, ['Load_Type', '_record_hash', 'a-b'], known);
    expect(text).toBe(
      `set columns: { Load_Type: { as: 'source_load_type_2' }, _record_hash: { as: 'source_record_hash' }, "a-b": { as: 'source_a_b' } } of things`,
    );
  });

  test('keeps what is configured', () => {
    const entity = thingsWith('endpoint', { columns: { load_type: 'text', a: { as: 'source_load_type' } } });
    expect(renaming(entity, ['load_type'], [])).toBe(
      `set load_type: { type: 'text', as: 'source_load_type_2' } in columns of things`,
    );
  });

  test('is possible for names that hold anything', () => {
    const entity = thingsWith('endpoint', {});
    expect(renaming(entity, [''], [])).toBe(`set columns: { "": { as: 'source_column' } } of things`);
    expect(renaming(entity, ['a\u0000b'], [])).toBe(`set columns: { "a\\u0000b": { as: 'source_a_b' } } of things`);
    expect(written('a', { as: `it's` })).toBe(`a: { as: "it's" }`);
  });
});
