import type { EndpointEntityInput } from '@bronze/common/config/rest';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { entityWith } from '../endpoint.fixtures.ts';
import { fieldsOf, FieldTypes } from './field-types.ts';
import { canonicalJson, JsonNumber, type JsonNode, JsonObject, parseJson } from './json-node.ts';
import { recordLine, stagedText } from './record-line.ts';

function stage(json: string, settings: Partial<EndpointEntityInput> = {}) {
  const entity = entityWith({ cursor: null, ...settings });
  const types = new FieldTypes(entity, []);
  const node = parseJson(json);
  if (!(node instanceof JsonObject)) throw new Error('the text is not an object');
  const fields = fieldsOf(node, new Set(entity.exclude));
  types.learn([fields]);
  return { line: recordLine(fields, types), columns: types.columns() };
}

/** What a reader who knows the types of the columns gets from a staged line: the record again. */
function readBack({ line, columns }: ReturnType<typeof stage>): string {
  const texts = new Map(Object.entries(JSON.parse(line) as Record<string, string>));
  const entries = columns.flatMap(({ name, type }): [string, JsonNode][] => {
    const text = texts.get(name);
    return text === undefined ? [] : [[name, unstage(text, type)]];
  });
  return canonicalJson(new JsonObject(entries));
}

function unstage(text: string, type: string): JsonNode {
  if (type === 'json') return parseJson(text);
  if (type === 'boolean') return text === 't';
  return type === 'bigint' || type === 'numeric' ? new JsonNumber(text) : text;
}

const digits = fc.oneof(
  fc.bigInt().map(String),
  fc
    .tuple(fc.bigInt({ min: -(10n ** 30n), max: 10n ** 30n }), fc.stringMatching(/^[0-9]{1,30}$/))
    .map(([a, b]) => `${a}.${b}`),
  fc.tuple(fc.integer(), fc.integer({ min: -400, max: 400 })).map(([a, b]) => `${a}E${b}`),
  fc.constantFrom('12.340', '9007199254740993', '-0', '0.0', '1e400'),
);
const text = fc.oneof(
  fc.string({ unit: 'binary' }),
  fc.constantFrom('', '🎁', 'null', '\u0000', '\\', '"', '\u2028', '{"a":1}', 't', '1'),
);
const name = fc.oneof(
  fc.string({ unit: 'grapheme', minLength: 1, maxLength: 8 }),
  fc.constantFrom('__proto__', 'constructor', 'toString', 'ä', '🎁'),
);
const { node } = fc.letrec<{ node: string }>((tie) => ({
  node: fc.oneof(
    { maxDepth: 4 },
    fc.constantFrom('true', 'false', 'null'),
    digits,
    text.map((one) => JSON.stringify(one)),
    fc.array(tie('node'), { maxLength: 4 }).map((items) => `[${items.join()}]`),
    fc
      .array(fc.tuple(name, tie('node')), { maxLength: 4 })
      .map((members) => `{${members.map(([key, value]) => `${JSON.stringify(key)}:${value}`).join()}}`),
  ),
}));
const fieldName = name.filter((one) => !one.includes('\u0000') && !/^_(ingestion|source|record)/i.test(one));
const record = fc.uniqueArray(fc.tuple(fieldName, node), { maxLength: 8, selector: ([key]) => key.toLowerCase() });
const jsonOf = (members: readonly (readonly [string, string])[]) =>
  `{${members.map(([key, value]) => `${JSON.stringify(key)}:${value}`).join(',')}}`;

describe('any record', () => {
  test('is identical when its staged line is read again, digit for digit', () => {
    fc.assert(
      fc.property(record, (members) => {
        const present = members.filter(([, value]) => value !== 'null');
        expect(readBack(stage(jsonOf(members)))).toBe(canonicalJson(parseJson(jsonOf(present))));
      }),
      { numRuns: 3000 },
    );
  });

  test('has the same line whatever the order of its keys, with and without its nulls', () => {
    fc.assert(
      fc.property(record, fc.infiniteStream(fc.nat()), (members, order) => {
        const turned = members
          .map((one) => ({ one, at: order.next().value ?? 0 }))
          .sort((a, b) => a.at - b.at)
          .map(({ one }) => one);
        const { line } = stage(jsonOf(members));
        expect(stage(jsonOf(turned)).line).toBe(line);
        expect(stage(jsonOf(members.filter(([, value]) => value !== 'null'))).line).toBe(line);
      }),
    );
  });
});

test('keys are sorted by bytes, values are strings, nulls are left out', () => {
  const { line, columns } = stage(
    '{"z":1,"a":12.340,"n":null,"e":"","o":{"b":[1.0],"a":9007199254740993},"t":true,"s":"x"}',
  );
  expect(line).toBe('{"a":"12.340","e":"","o":"{\\"a\\":9007199254740993,\\"b\\":[1.0]}","s":"x","t":"t","z":"1"}');
  expect(columns.map(({ name: column, type }) => `${column} ${type}`)).toEqual([
    'z bigint',
    'a numeric',
    'e text',
    'o json',
    't boolean',
    's text',
  ]);
});

test('a key that occurs twice keeps both values; the same value twice counts once', () => {
  expect(stage('{"a":1,"b":2,"a":3}').line).toBe('{"a":"[1,3]","b":"2"}');
  expect(stage('{"a":1,"a":1}').line).toBe('{"a":"1"}');
  expect(stage('{"a":null,"a":1,"a":null}').line).toBe('{"a":"1"}');
});

test('half of a surrogate pair, which UTF-8 cannot represent, is kept escaped', () => {
  expect(stage('{"a":"x\\ud800y"}').line).toBe('{"a":"\\"x\\\\ud800y\\""}');
});

test('text that is spelled like such an escape stays as it came, and can’t be told from it', () => {
  const spelled = JSON.stringify('"x\\ud800y"');
  expect(stage(`{"a":${spelled}}`).line).toBe(stage('{"a":"x\\ud800y"}').line);
});

test('an excluded field is neither in the line nor among the columns', () => {
  const { line, columns } = stage('{"id":"1","card_number":"4111"}', { exclude: ['card_number'] });
  expect([line, columns]).toEqual(['{"id":"1"}', [{ name: 'id', type: 'text' }]]);
});

const number = (one: string) => new JsonNumber(one);

test.each<[string, JsonNode, string]>([
  ['text', number('12.340'), '12.340'],
  ['text', true, 'true'],
  ['text', [number('1')], '[1]'],
  ['json', 'x', '"x"'],
  ['boolean', 't', '"t"'],
  ['boolean', number('1'), '1'],
  ['bigint', '12', '12'],
  ['bigint', number('1.2e3'), '1200'],
  ['bigint', number('1.25E1'), '12.5'],
  ['bigint', number('1.0'), '1'],
  ['integer', number('-3.00'), '-3'],
  ['smallint', number('-0'), '0'],
  ['smallint', number('-0.0E-5'), '0'],
  ['bigint', number('0e5'), '0'],
  ['bigint', number('0e99'), '0'],
  ['bigint', number('1e3'), '1000'],
  ['bigint', number('10e-1'), '1'],
  ['bigint', number('1.5'), '1.5'],
  ['bigint', number('9007199254740993.0'), '9007199254740993'],
  ['bigint', '1.0', '1.0'],
  ['numeric(12,2)', number('1.5e-1'), '0.15'],
  ['numeric(12,2)', number('-125e-2'), '-1.25'],
  ['numeric(12,2)', number('0e5'), '0'],
  ['numeric(12,2)', number('5e-3'), '0.005'],
  ['numeric(12,2)', number('1e500'), '1e500'],
  ['numeric', number('1e5'), '1e5'],
  ['double precision', number('1E5'), '1e+5'],
  ['double precision', number('1.5e-7'), '1.5e-7'],
  ['timestamptz', '2024-01-15T10:32:00Z', '2024-01-15 10:32:00+00'],
  ['timestamptz', '2024-01-15T10:32:00.120Z', '2024-01-15 10:32:00.12+00'],
  ['timestamptz', '2024-01-15T10:32:00.123456000+05:30', '2024-01-15 05:02:00.123456+00'],
  ['timestamptz', '2024-01-15 10:32', '2024-01-15 10:32:00+00'],
  ['timestamptz', '2024-01-15', '2024-01-15 00:00:00+00'],
  ['timestamptz', '2024-01-15T10:32:00.123456789Z', '2024-01-15T10:32:00.123456789Z'],
  ['timestamptz', '2024-02-30T00:00:00Z', '2024-02-30T00:00:00Z'],
  ['timestamptz', 'soon', 'soon'],
  ['timestamptz', number('1705314720'), '1705314720'],
  ['unix_seconds', number('1705314720.5'), '2024-01-15 10:32:00.5+00'],
  ['unix_seconds', number('-0.000001'), '1969-12-31 23:59:59.999999+00'],
  ['unix_milliseconds', number('1705314720123'), '2024-01-15 10:32:00.123+00'],
  ['unix_milliseconds', '1705314720123', '2024-01-15 10:32:00.123+00'],
  ['unix_seconds', number('1705314720.1234567'), '1705314720.1234567'],
  ['timestamp', '2024-01-15T10:32:00.5', '2024-01-15 10:32:00.5'],
  ['timestamp', '2024-01-15T10:32:00+01:00', '2024-01-15T10:32:00+01:00'],
  ['timestamp', '2024-01-15t10:32:00Z', '2024-01-15t10:32:00Z'],
  ['timestamp', '2024-01-15t10:32:00z', '2024-01-15t10:32:00z'],
  ['timestamptz', '2024-01-15t10:32:00z', '2024-01-15 10:32:00+00'],
  ['date', '2024-01-15', '2024-01-15'],
])('for a column of type %s, %j is staged as %j', (type, value, staged) => {
  expect(stagedText(value, type)).toBe(staged);
});

test('a renamed field has its place by its new name, and its type by its old one', () => {
  const columns = { a: { as: 'z' }, b: { type: 'text', as: 'a' } };
  expect(stage('{"a":1,"b":2,"m":3}', { columns }).line).toBe('{"a":"2","m":"3","z":"1"}');
});
