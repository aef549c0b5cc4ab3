import { afterEach, expect, test, vi } from 'vitest';
import { withRdsToken } from './rds-token.ts';

afterEach(() => vi.unstubAllEnvs());

function withCredentials(): void {
  vi.stubEnv('AWS_ACCESS_KEY_ID', 'AKIDEXAMPLE');
  vi.stubEnv('AWS_SECRET_ACCESS_KEY', 'secret-example');
  vi.stubEnv('AWS_REGION', 'eu-central-1');
}

test('the password is a token that RDS accepts: signed for the action connect, the user, host, port and region', async () => {
  withCredentials();
  const url = new URL(
    await withRdsToken('postgresql://bronze%2Breader@shop.example.com:6543/shop?sslmode=verify-full'),
  );
  expect([url.username, url.host, url.pathname, url.search]).toEqual([
    'bronze%2Breader',
    'shop.example.com:6543',
    '/shop',
    '?sslmode=verify-full',
  ]);
  const token = new URL(`https://${decodeURIComponent(url.password)}`);
  expect(token.host).toBe('shop.example.com:6543');
  expect(Object.fromEntries(token.searchParams)).toMatchObject({
    Action: 'connect',
    DBUser: 'bronze+reader',
    'X-Amz-Expires': '900',
    'X-Amz-Credential': expect.stringMatching(/^AKIDEXAMPLE\/\d{8}\/eu-central-1\/rds-db\/aws4_request$/) as string,
  });
});

test('a URL without a user is a mistake, and nothing of it is repeated', async () => {
  await expect(withRdsToken('postgresql://shop.example.com/shop')).rejects.toMatchObject({
    code: 'CONFIG_INVALID',
    message: expect.not.stringContaining('example') as string,
  });
});
