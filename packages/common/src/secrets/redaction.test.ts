import { expect, test } from 'vitest';
import { BronzeError, FAILURE_KINDS, type FailureCode, toFailure } from '../words/failure.ts';
import { Redaction } from './redaction.ts';

const CANARIES = ['Ca+nary/k=y&<1>', 'p@ss w/ord?#%"\\', "can'ary-é€😀-x", 'plain-canary-key', 'ca$n^a.r*y(|)[]{}'];

const html = (text: string) =>
  text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;');
const lowerHex = (text: string) => text.replaceAll(/%../g, (found) => found.toLowerCase());
const unpadded = (text: string) => text.replace(/=+$/, '');
const base64 = (text: string) => Buffer.from(text).toString('base64');
const all = (text: string, spell: (byte: number) => string) => [...Buffer.from(text)].map(spell).join('');

const SPELLINGS: Readonly<Record<string, (secret: string) => string>> = {
  raw: (text) => text,
  'upper case': (text) => text.toUpperCase(),
  'lower case': (text) => text.toLowerCase(),
  JSON: (text) => JSON.stringify(text).slice(1, -1),
  'JSON in JSON': (text) => JSON.stringify(JSON.stringify(text)).slice(3, -3),
  'JSON with escaped slashes': (text) =>
    JSON.stringify(text)
      .slice(1, -1)
      .replaceAll('/', String.raw`\/`),
  'JSON in escapes': (text) =>
    Array.from({ length: text.length }, (_, at) => `\\u${text.charCodeAt(at).toString(16).padStart(4, '0')}`).join(''),
  'percent-encoded': encodeURIComponent,
  'percent-encoded in lower case': (text) => lowerHex(encodeURIComponent(text)),
  'percent-encoded twice': (text) => encodeURIComponent(encodeURIComponent(text)),
  'percent-encoded as a URL': encodeURI,
  'percent-encoded altogether': (text) => all(text, (byte) => `%${byte.toString(16).padStart(2, '0')}`),
  'a form': (text) => new URLSearchParams({ '': text }).toString().slice(1),
  base64,
  'base64 without padding': (text) => unpadded(base64(text)),
  base64url: (text) => Buffer.from(text).toString('base64url'),
  'base64 in a URL': (text) => encodeURIComponent(base64(text)),
  HTML: html,
  'HTML in numbers': (text) => [...text].map((one) => `&#${one.codePointAt(0)};`).join(''),
  'HTML in hexadecimal': (text) => [...text].map((one) => `&#x${one.codePointAt(0)?.toString(16)};`).join(''),
};

const cases = CANARIES.flatMap((canary) =>
  Object.entries(SPELLINGS).map(([name, spell]) => [canary, name, spell] as const),
);

test.each(cases)('the secret %s is hidden in the spelling %s', (canary, _, spell) => {
  const redaction = new Redaction();
  redaction.add(canary);
  expect(redaction.hide(`before ${spell(canary)} after, ${spell(canary)}`)).toBe('before (hidden) after, (hidden)');
});

test.each(['', 'u:', 'me:', 'bob:'])('a password is hidden in a Basic login behind %j', (user) => {
  const redaction = new Redaction();
  redaction.add('canary/pass+word');
  const shown = redaction.hide(`Basic ${base64(`${user}canary/pass+word`)}.`);
  // A letter at the border may stay, which holds bits of the user's name too.
  expect(shown).toMatch(/^Basic [\w+/]{0,6}\(hidden\)\.$/);
});

test('a short secret is not looked for, and a longer one is hidden before its part', () => {
  const redaction = new Redaction();
  redaction.add('', 'abc', 'canary', 'canary-and-more');
  expect(redaction.hide('abc canary-and-more')).toBe('abc (hidden)');
});

test.each(Object.keys(FAILURE_KINDS) as FailureCode[])('%s keeps its code and shows no secret', (code) => {
  const redaction = new Redaction();
  redaction.add(...CANARIES);
  for (const canary of CANARIES) {
    for (const spell of Object.values(SPELLINGS)) {
      const text = { message: `it says ${spell(canary)}`, hint: `have: id, ${spell(canary)}` };
      const hidden = redaction.hideIn(new BronzeError(code, text, new Error(canary)));
      expect(toFailure(hidden)).toMatchObject({ code, message: 'it says (hidden)', hint: 'have: id, (hidden)' });
      expect(Reflect.get(Object(hidden), 'cause')).toBeUndefined();
    }
  }
});

test('an unknown error shows none either, not even in its stack', () => {
  const redaction = new Redaction();
  redaction.add('canary+key');
  const hidden = redaction.hideIn(new TypeError('bad canary%2bkey'));
  expect(hidden).toMatchObject({ name: 'TypeError', message: 'bad (hidden)' });
  expect(hidden instanceof Error ? hidden.stack : '').not.toMatch(/canary/i);
  expect(redaction.hideIn('canary+key')).toBe('(hidden)');
});
