import { CachedSecret } from './cached-secret.ts';
import { expect, test } from 'vitest';
import { apiKeyIn } from './api-key.ts';
import { VirtualClock } from '@bronze/extractor/rest/endpoint.fixtures';

function keyOf(...values: string[]) {
  const clock = new VirtualClock();
  const names: string[] = [];
  const read = async (name: string) => {
    names.push(name);
    return values[Math.min(names.length, values.length) - 1] ?? '';
  };
  return { key: new CachedSecret({ secrets: { read }, name: () => 'the secret', clock }, apiKeyIn), clock, names };
}

test.each(['k-1', ' k-1\n', '{"api_key":"k-1"}', '{"api_key":"k-1","other":2}'])(
  'the API key is found in %j',
  (secret) => {
    expect(apiKeyIn(secret)).toBe('k-1');
  },
);

test.each([
  ['Bearer canary', 'Bearer'],
  ['{"api_key":"bearer canary canary"}', 'Bearer'],
  ['Token canary', 'Token'],
])('a whole Authorization header in %j is told from a key, with where it belongs', (secret, scheme) => {
  expect(() => apiKeyIn(secret)).toThrow(
    expect.objectContaining({
      code: 'SECRET_UNREADABLE',
      message: `the secret is an Authorization header of the scheme ${scheme}, and api_key_secret takes a key without spaces`,
      hint: expect.stringContaining("headers: { Authorization: env('NAME') }") as string,
    }) as Error,
  );
});

test('a secret is cached for five minutes and no longer', async () => {
  const { key, clock, names } = keyOf('old', 'new');
  for (const [after_ms, expected, reads] of [
    [0, 'old', 1],
    [299_999, 'old', 1],
    [1, 'new', 2],
  ] as const) {
    clock.now_ms += after_ms;
    expect([await key.current(), names.length]).toEqual([expected, reads]);
  }
});

test('a secret is read again after it was refused', async () => {
  const { key } = keyOf('old', 'new');
  expect([await key.current(), await key.renewed(), await key.current()]).toEqual(['old', 'new', 'new']);
});
