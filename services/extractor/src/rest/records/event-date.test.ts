import { describe, expect, test } from 'vitest';
import { checkDeclaredEventDate } from './event-date.ts';
import { fieldsOf, FieldTypes } from './field-types.ts';
import { dated, failureOf, recordsOf } from './records.fixtures.ts';

describe('values that name no day', () => {
  test.each([
    ['1705312800', 'bigint', '1705312800'],
    ['"15/01/2024"', 'text', '"15/01/2024"'],
    ['"pending"', 'text', '"pending"'],
    ['"2024-01-15T10:00:00.123456789+02:00"', 'text', '"2024-01-15T10:00:00.123456789+02:00"'],
    ['"../../../x"', 'text', '"../../../x"'],
    ['"__all__"', 'text', '"__all__"'],
    ['{"a":1}', 'json', '{"a":1}'],
    ['true', 'boolean', 'true'],
    [`"${'x'.repeat(100)}"`, 'text', `"${'x'.repeat(39)}…`],
  ])('%s is an error, also among others that do', (value, type, shown) => {
    const learn = (...values: string[]) => {
      const records = recordsOf(...values.map((one) => `{"at":${one}}`)).map((one) => fieldsOf(one, new Set()));
      return failureOf(() => new FieldTypes(dated(), []).learn(records));
    };
    expect(learn(value)).toMatchObject({
      code: 'COLUMN_UNSUPPORTED',
      message: `event_date at of things is ${type}, as it holds ${shown}; it must be a date or timestamp`,
      hint: expect.stringContaining(`declare columns: { at: 'timestamptz' }`) as string,
    });
    expect(learn('"2024-01-15"', value, '"2024-01-16T10:00:00Z"')).toMatchObject({
      code: 'COLUMN_UNSUPPORTED',
      message: expect.stringContaining(`as it holds ${shown};`) as string,
    });
  });

  test('a type that an earlier load inferred is an error too, until another is declared', () => {
    const known = [{ name: 'at', type: 'bigint' }];
    expect(failureOf(() => new FieldTypes(dated(), known))).toMatchObject({
      code: 'COLUMN_UNSUPPORTED',
      message: 'event_date at of things is bigint since an earlier load; it must be a date or timestamp',
    });
    expect(new FieldTypes(dated('unix_seconds'), known).columns()).toEqual([
      { name: 'at', type: 'timestamp with time zone' },
    ]);
  });
});

test.each(['text', 'bigint', 'numeric(12,2)', 'json', 'boolean'])('an event date declared as %s is refused', (type) => {
  expect(failureOf(() => checkDeclaredEventDate(dated(type)))).toMatchObject({
    code: 'COLUMN_UNSUPPORTED',
    message: `event_date at of things is ${type}; it must be a date or timestamp`,
  });
});

test.each(['date', 'timestamp', 'timestamptz', 'unix_seconds', 'unix_milliseconds'])('%s serves', (type) => {
  expect(failureOf(() => checkDeclaredEventDate(dated(type)))).toBeUndefined();
});

test.each(['date', 'timestamp with time zone', 'timestamp without time zone'])(
  '%s of an earlier load serves',
  (type) => {
    expect(failureOf(() => new FieldTypes(dated(), [{ name: 'at', type }]))).toBeUndefined();
  },
);
