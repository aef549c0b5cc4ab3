import { expect, test } from 'vitest';
import { entityWith } from '../endpoint.fixtures.ts';
import { checkFields } from './records.ts';
import { failureOf, recordsOf } from './records.fixtures.ts';

const records = recordsOf('{"id":1,"meta":{"modified":"2024-01-15T10:32:00Z"}}');

test('a cursor or a key within another field can’t serve, and is not said to be missing without that', () => {
  const failure = failureOf(() => checkFields(entityWith({ cursor: 'meta.modified' }), records));
  expect(failure).toMatchObject({
    code: 'COLUMN_MISSING',
    message:
      'no record of things has the field meta.modified, its cursor: it takes a field of the record itself, and none within meta',
    hint: expect.stringContaining('Records have: id, meta.') as string,
  });
  const key = failureOf(() => checkFields(entityWith({ primary_key: ['meta.modified'], cursor: null }), records));
  expect(key?.message).toMatch(/of its primary_key: it takes a field of the record itself, and none within meta$/);
});

test('a cursor that is misspelt is in no other field', () => {
  const failure = failureOf(() => checkFields(entityWith({ cursor: 'data.modified' }), records));
  expect(failure?.message).toBe('no record of things has the field data.modified, its cursor');
});
