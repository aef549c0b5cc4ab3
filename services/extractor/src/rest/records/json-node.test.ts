import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { canonicalJson, compareBytes, JsonNumber, JsonObject, nodeAt, parseJson } from './json-node.ts';

const HOSTILE_KEYS = fc.constantFrom(
  '__proto__',
  'constructor',
  'toString',
  '',
  'a',
  'ä',
  '🎁',
  '\ue000',
  'a"b',
  'a\\',
);
const json = () => fc.jsonValue({ noUnicodeString: false, maxDepth: 4 });

test('any JSON text is read as JSON.parse reads it', () => {
  fc.assert(
    fc.property(json(), fc.constantFrom(undefined, 1, '\t', '\r\n '), (value, space) => {
      const text = JSON.stringify(value, null, space);
      expect(JSON.parse(canonicalJson(parseJson(text)))).toEqual(JSON.parse(text));
    }),
    { numRuns: 500 },
  );
});

test('a text is refused exactly if JSON.parse refuses it', () => {
  const mutilated = fc.tuple(
    json(),
    fc.nat(),
    fc.constantFrom('', '"', ',', '}', ']', '\\', '0', '-', '.', 'e', 'n', '\n', '\u0001', '{', '[', ':'),
  );
  fc.assert(
    fc.property(mutilated, ([value, seed, letter]) => {
      const text = JSON.stringify(value);
      const at = seed % (text.length + 1);
      const broken = `${text.slice(0, at)}${letter}${text.slice(at + 1)}`;
      const isJson = accepts(() => JSON.parse(broken));
      expect(
        accepts(() => parseJson(broken)),
        broken,
      ).toBe(isJson);
    }),
    { numRuns: 2000 },
  );
});

test('a body cut off at any character is refused', () => {
  const whole = '{"data":[{"id":"r1","n":12.340,"t":["ä 🎁",null,true,{"x":-1e5}]}],"meta":{"next":null}}';
  expect(accepts(() => parseJson(whole))).toBe(true);
  for (let end = 0; end < whole.length; end += 1) expect(accepts(() => parseJson(whole.slice(0, end)))).toBe(false);
});

test.each([
  '[1,]',
  '[,1]',
  '{"a":1,}',
  '{,}',
  '{"a"}',
  '01',
  '1.',
  '.5',
  '+1',
  '-',
  '1e',
  'tru',
  'nul',
  "'a'",
  '"\u0001"',
  '"\\x"',
  '"\\u12"',
  '[1]]',
  '1 2',
  '\ufeff1',
  'NaN',
  'Infinity',
  '"a',
])('%j is refused, and the message does not show the text', (text) => {
  expect(() => parseJson(text)).toThrow(SyntaxError);
  expect(() => parseJson(`{"canary":${text}`)).toThrow(/^(?!.*canary)/);
});

describe('parsing keeps', () => {
  test.each(['12.340', '9007199254740993', '-0', '1E400', '1e-7', '0.10', '-12345678901234567890.000'])(
    'the digits of %s',
    (digits) => {
      expect(parseJson(digits)).toEqual(new JsonNumber(digits));
      expect(canonicalJson(parseJson(`[${digits}]`))).toBe(`[${digits}]`);
    },
  );

  test('keys that occur twice, and __proto__', () => {
    const node = parseJson('{"__proto__":{"polluted":true},"a":1,"a":2,"constructor":3}');
    expect(node).toBeInstanceOf(JsonObject);
    expect(canonicalJson(node)).toBe('{"__proto__":{"polluted":true},"a":1,"a":2,"constructor":3}');
    expect(node instanceof JsonObject && node.get('a')).toEqual(new JsonNumber('2'));
    expect(Reflect.get({}, 'polluted')).toBeUndefined();
  });
});

test('endless nesting is refused before the stack overflows', () => {
  for (const text of ['['.repeat(100_000), '{"a":'.repeat(100_000)]) expect(() => parseJson(text)).toThrow(/nested/);
});

test('long strings are read in linear time', () => {
  const escapes = `"${'\\u00e4'.repeat(200_000)}"`;
  expect(parseJson(escapes)).toHaveLength(200_000);
  expect(accepts(() => parseJson(`"${'\\'.repeat(200_001)}`))).toBe(false);
});

test('keys are sorted by their UTF-8 bytes at every depth', () => {
  expect(canonicalJson(parseJson('{"🎁":1,"\ue000":{"b":1,"a":2},"Z":3,"a":4,"ä":5}'))).toBe(
    '{"Z":3,"a":4,"ä":5,"\ue000":{"a":2,"b":1},"🎁":1}',
  );
  fc.assert(
    fc.property(HOSTILE_KEYS, fc.string({ unit: 'binary' }), (a, b) => {
      expect(Math.sign(compareBytes(a, b))).toBe(Math.sign(Buffer.compare(Buffer.from(a), Buffer.from(b))));
    }),
  );
});

test('a path leads through objects only', () => {
  const node = parseJson('{"a":{"b":[1]},"x":"y"}');
  expect(nodeAt(node, 'a.b')).toEqual([new JsonNumber('1')]);
  for (const path of ['a.b.0', 'x.length', 'x.y', 'nothing', '__proto__', 'constructor']) {
    expect(nodeAt(node, path)).toBeUndefined();
  }
});

function accepts(parse: () => unknown): boolean {
  try {
    parse();
    return true;
  } catch {
    return false;
  }
}
