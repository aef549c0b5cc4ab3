import { describe, expect, test } from 'vitest';
import { entityWith } from '../endpoint.fixtures.ts';
import { fieldsOf, FieldTypes, inferType } from './field-types.ts';
import { JsonObject, parseJson } from './json-node.ts';

const records = (...texts: string[]) =>
  texts.map((text) => {
    const node = parseJson(text);
    if (!(node instanceof JsonObject)) throw new Error('the text is not an object');
    return fieldsOf(node, new Set());
  });

const namesOf = (types: FieldTypes) => types.columns().map(({ name, type }) => `${name} ${type}`);

test.each([
  ['1,2', 'bigint'],
  ['1,9223372036854775808', 'numeric'],
  ['1,2.5', 'numeric'],
  ['-0', 'numeric'],
  ['"a","1"', 'text'],
  ['true', 'boolean'],
  ['1,"a"', 'json'],
  ['true,1', 'json'],
  ['{}', 'json'],
  ['[1]', 'json'],
])('the values %s make a column of type %s', (values, type) => {
  expect(
    inferType(
      records(...values.split(/,(?![^[{]*[\]}])/).map((one) => `{"a":${one}}`)).map((one) => one.get('a') ?? null),
    ),
  ).toBe(type);
});

describe('field types', () => {
  test('are as declared, in the order of the records, and configured fields are always among them', () => {
    const types = new FieldTypes(
      entityWith({ columns: { late: 'numeric(8,2)', b: 'unix_seconds' }, event_date: 'day' }),
      [],
    );
    types.learn(records('{"id":"x","b":1,"updated_at":"2024-01-15T10:00:00Z"}'));
    expect(namesOf(types)).toEqual([
      'id text',
      'b timestamp with time zone',
      'updated_at timestamp with time zone',
      'late numeric(8,2)',
      'day timestamp with time zone',
    ]);
  });

  test('do not change once they are known, whatever follows', () => {
    const first = new FieldTypes(entityWith(), []);
    first.learn(records('{"id":1,"amount":10}'));
    const later = new FieldTypes(entityWith(), first.columns());
    later.learn(records('{"fresh":true,"amount":10.5,"id":"x"}'));
    expect(namesOf(later)).toEqual(['id bigint', 'amount bigint', 'fresh boolean']);
  });

  test('are forgotten for an excluded field, and changed for a newly declared one', () => {
    const known = [
      { name: 'id', type: 'text' },
      { name: 'secret', type: 'text' },
      { name: 'amount', type: 'bigint' },
    ];
    const types = new FieldTypes(entityWith({ exclude: ['secret'], columns: { amount: 'numeric(12,2)' } }), known);
    expect(namesOf(types)).toEqual(['id text', 'amount numeric(12,2)']);
  });

  test.each([
    ['"2024-01-15T10:00:00Z","2024-01-15T10:00:00.123456Z"', 'timestamp with time zone'],
    ['"2024-01-15"', 'date'],
    ['"2024-01-15","2024-01-15T10:00:00Z"', 'timestamp with time zone'],
  ])('of the event date follow from its values: %s make it %s', (values, type) => {
    const types = new FieldTypes(entityWith({ event_date: 'at' }), []);
    types.learn(records(...values.split(',').map((one) => `{"at":${one}}`)));
    expect(namesOf(types)).toEqual([`at ${type}`]);
  });

  test.each([
    ['{"_Ingestion_ts":1}', 'COLUMN_RESERVED'],
    ['{"Load_Type":"pallet"}', 'COLUMN_RESERVED'],
    ['{"ingestion_date":"2024-01-15"}', 'COLUMN_RESERVED'],
    ['{"id":1,"ID":2}', 'COLUMN_AMBIGUOUS'],
    ['{"":1}', 'COLUMN_UNSUPPORTED'],
    ['{"a\\u0000b":1}', 'COLUMN_UNSUPPORTED'],
    [`{${Array.from({ length: 2001 }, (_, n) => `"k${n}":1`).join()}}`, 'COLUMN_UNSUPPORTED'],
  ])('are not inferred for field names that Bronze can’t hold: those are an error', (text, code) => {
    const types = new FieldTypes(entityWith(), []);
    expect(() => types.learn(records(text))).toThrow(expect.objectContaining({ code }) as Error);
  });

  test('are refused for a field event_date only where files lie in folders of that name', () => {
    const learn = (event_date: string | null) => () =>
      new FieldTypes(entityWith({ event_date }), []).learn(records('{"Event_Date":"2024-01-15"}'));
    expect(learn(null)).not.toThrow();
    expect(learn('day')).toThrow(expect.objectContaining({ code: 'COLUMN_RESERVED' }) as Error);
    expect(learn('Event_Date')).toThrow(
      expect.objectContaining({
        code: 'COLUMN_RESERVED',
        hint: `Rename it on the way: set columns: { Event_Date: { as: 'source_event_date' } } of things. Or list it under exclude of things if it need not be ingested.`,
      }) as Error,
    );
  });
});

describe('a renamed field', () => {
  const renamed = { event_date: { as: 'event_at' }, amount: { type: 'numeric(12,2)', as: 'total' } };

  test('is a column of the new name; cursor and event date are the API’s names', () => {
    const types = new FieldTypes(entityWith({ columns: renamed, event_date: 'event_date' }), []);
    types.learn(records('{"id":1,"event_date":"2024-01-15"}'));
    expect(namesOf(types)).toEqual(['id bigint', 'event_at date', 'total numeric(12,2)']);
    const columns = { updated_at: { as: 'changed_at' } };
    const dated = new FieldTypes(entityWith({ columns }), []);
    dated.learn(records('{"updated_at":"2024-01-15T10:00:00Z"}'));
    expect(namesOf(dated)).toEqual(['changed_at timestamp with time zone']);
  });

  test('keeps the type that its column had in the load before', () => {
    const known = [
      { name: 'event_at', type: 'date' },
      { name: 'gone', type: 'text' },
    ];
    const types = new FieldTypes(entityWith({ columns: { event_date: { as: 'Event_At' } } }), known);
    expect(types.isNew).toBe(false);
    types.learn(records('{"event_date":"pending"}'));
    expect(namesOf(types)).toEqual(['Event_At date', 'gone text']);
  });

  test('keeps the type that it had before it was renamed, unless the new name has one', () => {
    const columns = { a: { as: 'b' } };
    const before = { name: 'a', type: 'numeric' };
    const now = { name: 'b', type: 'bigint' };
    expect(namesOf(new FieldTypes(entityWith({ columns }), [before]))).toEqual(['b numeric']);
    expect(namesOf(new FieldTypes(entityWith({ columns }), [before, now]))).toEqual(['b bigint']);
    expect(namesOf(new FieldTypes(entityWith({ columns }), [now, before]))).toEqual(['b bigint']);
  });

  test('can’t have the name of another field, and says which', () => {
    const types = new FieldTypes(entityWith({ columns: { event_date: { as: 'event_at' } } }), []);
    expect(() => types.learn(records('{"Event_At":1,"event_date":"2024-01-15"}'))).toThrow(
      expect.objectContaining({
        code: 'COLUMN_AMBIGUOUS',
        message: expect.stringContaining('fields "Event_At" and "event_date" (renamed to event_at):') as string,
        hint: expect.stringContaining(`set event_date: { as: 'source_event_date' } in columns of things.`) as string,
      }) as Error,
    );
  });

  test('may have had a name that no column can have', () => {
    const columns = {
      '': { as: 'empty' },
      _record_hash: { as: 'hash' },
      'a\u0000b': { as: 'ab' },
      '\ud800': { as: 'half' },
    };
    const types = new FieldTypes(entityWith({ columns }), []);
    types.learn(records('{"":1,"_record_hash":"x","a\\u0000b":true,"\\ud800":2}'));
    expect(namesOf(types)).toEqual(['empty bigint', 'hash text', 'ab boolean', 'half bigint']);
  });
});

test('a declared field that is excluded is no column', () => {
  const types = new FieldTypes(entityWith({ columns: { a: 'text' }, exclude: ['a'] }), []);
  expect(namesOf(types)).toEqual([]);
});
