import { expect, test } from 'vitest';
import { denied } from './denied.ts';

const answered = { status: 401, excerpt: '{"error":"token_expired"}', hasKey: false };

test('an API that denies access says why in its own words, and the hint is about what was sent', () => {
  const withKey = denied({ entity: 'payments', headers: {} }, { ...answered, hasKey: true });
  expect(withKey.message).toBe(
    'the API of payments answers 401, even after the key was read again from its secret: {"error":"token_expired"}',
  );
  expect(withKey.hint).toContain('api_key_header');
  const withHeader = denied({ entity: 'payments', headers: { Authorization: 'canary' } }, answered);
  expect(withHeader.message).toBe('the API of payments answers 401: {"error":"token_expired"}');
  expect(withHeader.hint).toContain('Are the headers of payments valid (Authorization)');
  expect(withHeader.hint).not.toContain('canary');
  const bare = denied({ entity: 'payments', headers: {} }, { ...answered, excerpt: '' });
  expect(bare.message).toBe('the API of payments answers 401');
  expect(bare.hint).toMatch(/^No key is sent: /);
});
