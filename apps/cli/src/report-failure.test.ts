import { expect, test } from 'vitest';
import { wantsJson, withoutUrls } from './report-failure.ts';

test.each([
  [['run', '-o', 'json'], true],
  [['run', '--nope', '--output', 'json'], true],
  [['run', '--output=json'], true],
  [['run', '-ojson'], true],
  [['run', '-o', 'table'], false],
  [['preview', 'json', '-o'], false],
  [[], false],
])('the arguments %j ask for JSON: %j', (given, wants) => {
  expect(wantsJson(given)).toBe(wants);
});

test('a URL in the wrong place is not repeated, nor what may belong to it', () => {
  expect(withoutUrls(`unknown option '--url=postgresql://u:it's canary@h/d'`)).toBe(`unknown option '--url=(a URL)`);
  expect(withoutUrls('unknown command postgresql://canary')).toBe('unknown command (a URL)');
  expect(withoutUrls(`unknown option '--ful'\n(Did you mean --full?)`)).toBe(
    `unknown option '--ful'\n(Did you mean --full?)`,
  );
});
