import type { RestSourceConfig } from '@bronze/common/config/rest';
import { describe, expect, test } from 'vitest';
import { baseUrl } from '../http/base-url.ts';
import { entityWith } from '../endpoint.fixtures.ts';
import { parseJson } from '../records/json-node.ts';
import { nextToken, pageUrl } from './paging.ts';

const address = (settings: Parameters<typeof entityWith>[0], since?: string) => ({
  base_url: 'https://api.example.com/v1/',
  entity: entityWith(settings),
  since,
});

describe('the URL of a page', () => {
  test.each([
    [{}, '', 'https://api.example.com/v1/things'],
    [{ endpoint: '/things?status=all' }, '', 'https://api.example.com/v1/things?status=all'],
    [{ paging: { style: 'page' } }, '', 'https://api.example.com/v1/things?page_size=100&page=1'],
    [{ paging: { style: 'page', size_param: null, first_page: 0 } }, '', 'https://api.example.com/v1/things?page=0'],
    [{ paging: { style: 'offset', size: 5 } }, '10', 'https://api.example.com/v1/things?limit=5&offset=10'],
    [{ paging: { style: 'cursor', size_param: null } }, '', 'https://api.example.com/v1/things'],
    [{ paging: { style: 'cursor', size_param: null } }, 'a&b=c', 'https://api.example.com/v1/things?cursor=a%26b%3Dc'],
    [{ paging: { style: 'next-link' } }, '/v2/x?y=z', 'https://api.example.com/v2/x?y=z'],
  ] as const)('with the settings %j and the token %j is %s', (settings, token, url) => {
    expect(pageUrl(address(settings), token)).toBe(url);
  });

  test('asks for changed records only if since is configured', () => {
    const since = '2024-01-15T10:32:00.123456Z';
    expect(pageUrl(address({}, since), '')).toBe(
      'https://api.example.com/v1/things?since=2024-01-15T10%3A32%3A00.123456Z',
    );
    expect(pageUrl(address({ since: null }, since), '')).toBe('https://api.example.com/v1/things');
  });

  test.each([
    'https://evil.example.com/things',
    'http://api.example.com/v1/things',
    'https://api.example.com:8443/x',
    'https://api.example.com@evil.com/',
    'https://u:p@api.example.com/',
    '//evil.com/x',
    'file:///etc/passwd',
    'https://169.254.169.254/',
    '\\\\evil.com\\x',
  ])('is never %s, wherever the token came from', (token) => {
    expect(() => pageUrl(address({ paging: { style: 'next-link' } }), token)).toThrow(/leads to/);
  });
});

describe('the next page', () => {
  const answer = (body: string, link?: string) => ({
    url: 'https://api.example.com/v1/things?a=1',
    body: parseJson(body),
    headers: { link },
  });
  const cursor = entityWith({ paging: { style: 'cursor', cursor_path: 'meta.next' } });
  const inBody = entityWith({ paging: { style: 'next-link', link_path: 'next' } });
  const inHeader = entityWith({ paging: { style: 'next-link' } });

  test.each([
    ['{"meta":{"next":"abc"}}', 'abc'],
    ['{"meta":{"next":9007199254740993}}', '9007199254740993'],
    ['{"meta":{"next":null}}', undefined],
    ['{"meta":{"next":""}}', undefined],
    ['{"meta":{}}', undefined],
    ['[]', undefined],
  ])('has the token that %s names', (body, token) => {
    expect(nextToken(cursor, answer(body))).toBe(token);
  });

  test.each([
    ['{"next":"?page=2"}', 'https://api.example.com/v1/things?page=2'],
    ['{"next":"/v1/things?page=2"}', 'https://api.example.com/v1/things?page=2'],
    ['{"next":null}', undefined],
  ])('has the URL to which %s links', (body, url) => {
    expect(nextToken(inBody, answer(body))).toBe(url);
  });

  test.each([
    ['<https://api.example.com/v1/things?page=2>; rel="next"', 'https://api.example.com/v1/things?page=2'],
    ['<?page=1>; rel="prev", <?page=3>; rel="next"', 'https://api.example.com/v1/things?page=3'],
    ['<?page=3>; title="x"; rel=next', 'https://api.example.com/v1/things?page=3'],
    ['<?page=3>; rel="last next"', 'https://api.example.com/v1/things?page=3'],
    ['<?page=9>; rel="last"', undefined],
    ['<?page=9>; rel="nextish"', undefined],
    [undefined, undefined],
  ])('has the URL that the Link header %s names', (link, url) => {
    expect(nextToken(inHeader, answer('{}', link))).toBe(url);
  });
});

describe('base_url', () => {
  const source = (base_url: string, api_key_secret?: string) => ({ base_url, api_key_secret }) as RestSourceConfig;

  test.each([
    ['https://api.example.com/v1', 'arn'],
    ['http://127.0.0.1:8080', 'arn'],
    ['http://localhost:8080', 'arn'],
    ['http://api.internal', undefined],
  ])('may be %s with the key %s', (url, secret) => {
    expect(baseUrl(source(url, secret), {}, secret !== undefined)).toContain(url);
  });

  test.each([
    ['http://api.example.com', 'arn', /plain http/],
    ['http://127.0.0.1.evil.com', 'arn', /plain http/],
    ['ftp://api.example.com', undefined, /neither https nor http/],
    ['https://u:canary@api.example.com', undefined, /has a user/],
    ['https://api.example.com?key=canary', undefined, /has a query/],
    ['api.example.com', undefined, /is not a URL/],
  ])('is never %s with the key %s', (url, secret, message) => {
    expect(() => baseUrl(source(url, secret), {}, secret !== undefined)).toThrow(message);
    expect(() => baseUrl(source(url, secret), {}, secret !== undefined)).toThrow(/^(?!.*canary)/);
  });
});
