import { Redaction } from '@bronze/common/secrets/redaction';
import { expect, test } from 'vitest';
import { checkedUrl, secretsInUrl } from './database-url.ts';

test.each([
  ['postgresql://u:p@db.example.com/d', 'postgresql://u:p@db.example.com/d?sslmode=verify-full'],
  ['postgres://u:p@db.example.com/d?sslmode=', 'postgres://u:p@db.example.com/d?sslmode=verify-full'],
  ['postgresql://u:p@db.example.com/d?application_name=x', '?application_name=x&sslmode=verify-full'],
  ['postgresql://u:p@10.0.0.1/d?ssl=false', '?ssl=false&sslmode=verify-full'],
  ['postgresql://u:p@localhost.example.com/d', '?sslmode=verify-full'],
  ['postgresql://u:p@127.0.0.1.example.com/d', '?sslmode=verify-full'],
  ['postgresql://u:p@localhost/d?host=db.example.com', '?host=db.example.com&sslmode=verify-full'],
  ['postgresql://u:p@db.example.com/d?SSLMODE=require', '?sslmode=verify-full'],
  ['postgresql://u:p@db.example.com/d?SslMode=VERIFY-CA', '?sslmode=verify-full'],
  ['postgresql://u:p@db.example.com/d?uselibpqcompat=true&sslmode=require', '&sslmode=require'],
  ['postgresql://u:p@db.example.com/d?sslmode=no-verify', '?sslmode=no-verify'],
])('%s: another machine is called by TLS, and its certificate verified unless the URL says otherwise', (url, end) => {
  expect(checkedUrl(url, '')).toMatch(new RegExp(`${end.replaceAll('?', String.raw`\?`)}$`));
});

test.each([
  'postgresql://u:p@localhost/d',
  'postgresql://u:p@127.0.0.1:5432/d',
  'postgresql://u:p@127.1.2.3:5432/d',
  'postgresql://u:p@[::1]:5432/d',
  'postgresql://u:p@/d?host=%2Ftmp',
  'postgresql://u:p@%2Ftmp/d',
  'postgresql:///d',
  'postgresql://u:p@db.example.com/d?sslmode=disable',
])('%s stays as it is: its server is on this machine, or the URL says disable', (url) => {
  expect(checkedUrl(url, '')).toBe(url);
});

test('disable counts in any spelling, and where no host is named, PGHOST counts', () => {
  expect(checkedUrl('postgresql://h/d?SSLMODE=Disable', '')).toBe('postgresql://h/d?sslmode=disable');
  expect(checkedUrl('postgresql:///d', 'db.example.com')).toBe('postgresql:///d?sslmode=verify-full');
});

test.each([
  ['postgresql://u:canary@half@host/d', '@ as %40'],
  ['postgresql://u:can@ary/half@host/d', '@ as %40, / as %2F'],
  ['postgresql://u:canary/half@host/d', '/ as %2F'],
  ['postgresql://u:canary?half@host/d', '? as %3F'],
  ['postgresql://u:canary#half@host/d', '# as %23'],
  ['postgresql://u:1234/half@host/d', '/ as %2F'],
  ['postgresql://u:p@host/d#canary', '# as %23'],
  ['postgresql://u:p@host/d?sslmode=canary', 'verify-full'],
  ['postgresql://u:p@host/d?sslmode=disable&SSLMODE=require', 'verify-full'],
  ['mysql://u:canary@host/d', 'postgresql://'],
  ['postgresql://u:canary@ho st/d', 'postgresql://'],
  ['postgresql://u:canary/d', 'postgresql://'],
])('%s is refused before anybody is called, and nothing of it is shown', (url, hint) => {
  const refuse = () => checkedUrl(url, '');
  expect(refuse).toThrow(expect.objectContaining({ code: 'CONFIG_INVALID' }) as Error);
  expect(refuse).toThrow(expect.objectContaining({ hint: expect.stringContaining(hint) as string }) as Error);
  expect(refuse).not.toThrow(/canary|half|ary|1234/);
});

test.each([
  ['postgresql://u:canary%2F%40pass@host/d', ['canary%2F%40pass', 'canary/@pass']],
  ['postgresql://u:can@ary1/half2@host/d', ['ary1', 'half2']],
  ['postgresql://h/d?password=canary&sslcert=/home/x', ['canary', '/home/x']],
])('of %s nothing secret is told', (url, secrets) => {
  const redaction = new Redaction();
  redaction.add(...secretsInUrl(url));
  for (const secret of [url, ...secrets]) {
    expect(redaction.hide(`getaddrinfo ENOTFOUND ${secret}.`)).toBe('getaddrinfo ENOTFOUND (hidden).');
  }
  expect(redaction.hide('verify-full, public.orders')).toBe('verify-full, public.orders');
});
