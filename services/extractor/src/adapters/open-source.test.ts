import { createServer as createHttpServer } from 'node:http';
import { createServer } from 'node:net';
import { defineConfig, entityOf } from '@bronze/common/config';
import type { RestSourceInput } from '@bronze/common/config/rest';
import { env } from '@bronze/common/reference';
import { toFailure } from '@bronze/common/words/failure';
import { expect, onTestFinished, test } from 'vitest';
import { UNHURRIED, VirtualClock } from '../rest/endpoint.fixtures.ts';
import { openSource } from './open-source.ts';

const PASSWORD = 'Canary+1/2=&<@ x';

/** A server that takes a greeting and refuses it with `message`, as PostgreSQL's protocol writes it. */
async function refusing(message: string): Promise<number> {
  const fields = Buffer.from(`SERROR\0VERROR\0CXX000\0M${message}\0\0`);
  const head = Buffer.alloc(5, 'E');
  head.writeInt32BE(fields.length + 4, 1);
  const server = createServer((client) => {
    client.on('error', () => undefined);
    client.once('data', () => client.end(Buffer.concat([head, fields])));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => void server.close());
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('the server listens on a port');
  return address.port;
}

/** The failure with which a source of this URL is read. */
async function failureOf(url: string) {
  const config = defineConfig({
    sources: { db: { type: 'postgres', url, reconnects: 0 } },
    entities: { orders: { source: 'db', table: 'public.orders' } },
  });
  const found = config.sources['db'];
  if (!found) throw new Error('the configuration has a source');
  const secrets = { read: () => Promise.reject(new Error('there is no secret')) };
  const log = { event: () => undefined };
  const source = openSource(found, { environment: {}, secrets, clock: new VirtualClock(), log });
  const claim = { since: undefined, deadline: UNHURRIED };
  const reading = source.readHighWatermark(entityOf(config, 'orders'), claim);
  return reading.then(() => undefined, toFailure);
}

test.each<[how: string, spell: (password: string) => string]>([
  ['as it is', (password) => password],
  ['in upper case', (password) => password.toUpperCase()],
  ['percent-encoded', encodeURIComponent],
  ['in Base64', (password) => Buffer.from(password).toString('base64')],
])('a server that repeats the password %s in its message is not repeated', async (_, spell) => {
  const port = await refusing(`I know ${spell(PASSWORD)} of yours`);
  const failure = await failureOf(`postgresql://u:${encodeURIComponent(PASSWORD)}@127.0.0.1:${port}/d`);
  expect(failure).toMatchObject({
    code: 'SOURCE_REJECTED',
    message: 'connecting to the source: I know (hidden) of yours (SQLSTATE XX000)',
  });
});

test('a file that the URL names and that is not there is a mistake of the configuration, and not shown', async () => {
  const failure = await failureOf('postgresql://u:p@127.0.0.1:1/d?sslcert=/canary/file');
  expect(failure).toMatchObject({ code: 'CONFIG_INVALID', message: expect.stringContaining('ENOENT') as string });
  expect(JSON.stringify(failure)).not.toContain('canary');
});

test('a rest of a password is never looked up as a host', async () => {
  const failure = await failureOf('postgresql://u:can@ary1/half@127.0.0.1:1/d');
  expect(failure).toMatchObject({ code: 'CONFIG_INVALID', hint: expect.stringContaining('@ as %40') as string });
  expect(JSON.stringify(failure)).not.toMatch(/ary1|half/);
});

test('a server without TLS gets no password, and the hint says which sslmode would allow it', async () => {
  const bytes: Buffer[] = [];
  const server = createServer((client) => {
    client.on('error', () => undefined);
    client.on('data', (chunk) => {
      bytes.push(chunk);
      client.write('N');
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => void server.close());
  const address = server.address();
  const port = address !== null && typeof address !== 'string' ? address.port : 0;
  // 0.0.0.0 leads to this machine, and is no address of its own.
  const failure = await failureOf(`postgresql://user:canary@0.0.0.0:${port}/d`);
  expect(failure?.message).toContain('does not support SSL');
  expect(failure?.hint).toContain('sslmode=disable');
  expect(Buffer.concat(bytes).toString('hex')).toBe('0000000804d2162f');
});

/** The failure with which an API is read that refuses and repeats the path that it was asked for, in its own way. */
async function refusalOf(
  path: string,
  base_url: (url: string) => RestSourceInput['base_url'],
  spell: (path: string) => string,
) {
  const server = createHttpServer(({ url = '' }, response) => {
    response.writeHead(400).end(`no list at ${spell(url.split('?')[0] ?? '')}`);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => void server.close());
  const address = server.address();
  const url = `http://127.0.0.1:${address !== null && typeof address !== 'string' ? address.port : 0}${path}`;
  const config = defineConfig({
    sources: { eu_shop: { type: 'rest', base_url: base_url(url) } },
    entities: { orders: { source: 'eu_shop', endpoint: '/orders', primary_key: ['id'], paging: { style: 'page' } } },
  });
  const found = config.sources['eu_shop'];
  if (!found) throw new Error('the configuration has a source');
  const secrets = { read: () => Promise.reject(new Error('there is no secret')) };
  const ports = { environment: { URL: url }, secrets, clock: new VirtualClock(), log: { event: () => undefined } };
  const claim = { since: undefined, deadline: UNHURRIED };
  const reading = openSource(found, ports).readHighWatermark(entityOf(config, 'orders'), claim);
  return (await reading.then(() => undefined, toFailure))?.message;
}

const tokenOf = (path: string) => decodeURIComponent(path.split('/').at(-3) ?? '');

test.each<[how: string, base: string, spell: (path: string) => string, shown: string]>([
  ['as it is', '/hooks/Canary+1:x=2/v1', (path) => path, '(hidden)/orders'],
  ['decoded', '/hooks/Can%20ary%2F1/v1', (path) => decodeURIComponent(path), '(hidden)/orders'],
  ['in upper case', '/hooks/Canary/v1', (path) => path.toUpperCase(), '(hidden)/ORDERS'],
  ['as JSON', '/hooks/Canary/v1', (path) => path.replaceAll('/', String.raw`\/`), String.raw`(hidden)\/orders`],
  ['by its parts', '/bot1102:CanaryToken/v1', (path) => tokenOf(path).replace(':', ' '), '(hidden) (hidden)'],
  ['in Base64', '/hooks/Canary-1/v1', (path) => Buffer.from(path).toString('base64'), '(hidden)L29yZGVycw=='],
  ['in other words', '/eu/shop/orders/v1.2/2024-01', (path) => path, '/eu/shop/orders/v1.2/2024-01/orders'],
])(
  'an API that repeats the path of its URL %s is not repeated, if the path is a secret',
  async (_, base, spell, shown) => {
    const said = await refusalOf(base, () => env('URL'), spell);
    expect(said).toBe(`the API of orders answers 400: no list at ${shown}`);
  },
);

test('a path that the configuration says in the clear is shown', async () => {
  const said = await refusalOf(
    '/hooks/x1y2z3',
    (url) => url,
    (path) => path,
  );
  expect(said).toBe('the API of orders answers 400: no list at /hooks/x1y2z3/orders');
});
