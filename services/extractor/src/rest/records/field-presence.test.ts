import { describe, expect, test } from 'vitest';
import { entityWith } from '../endpoint.fixtures.ts';
import { FieldPresence } from './field-presence.ts';
import type { JsonObject } from './json-node.ts';
import { dated, failureOf, recordsOf } from './records.fixtures.ts';

describe('a field that no record has', () => {
  const check = (
    records: readonly JsonObject[],
    { isKnown = false, type }: { isKnown?: boolean; type?: string } = {},
  ) =>
    failureOf(() => {
      const presence = new FieldPresence(dated(type), isKnown ? ['at'] : []);
      presence.see(records);
      presence.check();
    });

  test.each([
    ['misspelt', '{"id":1,"att":"2024-01-15"}', 'id, att'],
    ['nested', '{"id":1,"meta":{"at":"2024-01-15"}}', 'id, meta'],
  ])('is an error, %s or not, naming those there are', (_, record, names) => {
    expect(check(recordsOf(record, record))).toMatchObject({
      code: 'COLUMN_MISSING',
      message: 'no record of things has the field at, its event_date',
      hint: expect.stringContaining(`Records have: ${names}. `) as string,
    });
  });

  test('is none if it is null everywhere, or one record has it, or there are no records', () => {
    expect(check(recordsOf('{"at":null}', '{"at":null}'))).toBeUndefined();
    expect(check(recordsOf('{"id":1}', '{"at":"2024-01-15"}'))).toBeUndefined();
    expect(check([])).toBeUndefined();
  });

  test('is none if it is declared, or earlier records had it', () => {
    expect(check(recordsOf('{"id":1}'), { type: 'date' })).toBeUndefined();
    expect(check(recordsOf('{"id":1}'), { isKnown: true })).toBeUndefined();
  });

  test('names no more fields than a message holds', () => {
    const record = `{${Array.from({ length: 80 }, (_, n) => `"k${n}":1`).join()}}`;
    expect(check(recordsOf(record))?.hint).toMatch(/k49\. A nested/);
  });
});

describe('the fields that no record had', () => {
  const unseen = (records: readonly JsonObject[], known: readonly string[], exclude: string[] = []) => {
    const presence = new FieldPresence(entityWith({ columns: { due: 'date' }, exclude }), known);
    presence.see(records);
    return presence.unseen;
  };

  test('are those that earlier records had or that are declared; null counts as having one', () => {
    expect(unseen(recordsOf('{"id":1,"a":null}', '{"id":2}'), ['id', 'a', 'b'])).toEqual(['b', 'due']);
    expect(unseen(recordsOf('{"id":1,"a":2,"due":"2024-01-15"}'), ['id', 'a'])).toEqual([]);
  });

  test('leave out what is excluded, and are not known without records', () => {
    expect(unseen(recordsOf('{"id":1}'), ['id', 'b'], ['b'])).toEqual(['due']);
    expect(unseen([], ['id'])).toBeUndefined();
  });
});

describe('a renamed field that no record has', () => {
  const check = (record: string, columns: NonNullable<Parameters<typeof entityWith>[0]>['columns'] & object) =>
    failureOf(() => {
      const presence = new FieldPresence(entityWith({ columns }), []);
      presence.see(recordsOf(record));
      presence.check();
    });

  test('is an error that names the nearest field', () => {
    expect(check('{"id":1,"load_type":"x"}', { lod_type: { as: 'kind' } })).toMatchObject({
      code: 'COLUMN_MISSING',
      message: 'no record of things has the field lod_type, which columns renames',
      hint: `Did you mean load_type? Records have: id, load_type. A nested field can’t serve. Change columns of things, or leave it out. If records may lack it, declare its type: columns: { lod_type: { type: 'text', as: 'kind' } }.`,
    });
  });

  test('is none if its type is declared', () => {
    expect(check('{"id":1}', { lod_type: { type: 'text', as: 'kind' } })).toBeUndefined();
  });
});
