import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Faults } from '@bronze/demo/source-api/faults';
import { describe, expect, onTestFinished, test } from 'vitest';
import { PAGINGS, RestWorld } from './rest-world.ts';

const retriesOf = (world: RestWorld) => world.events.filter(({ kind }) => kind === 'source_retried').length;

async function expectAll(world: RestWorld): Promise<void> {
  await world.load();
  expect(await world.versions()).toEqual(world.expected());
}

/** A server other than the API, which records the requests it gets. */
async function otherServer(): Promise<{ url: string; requests: string[] }> {
  const requests: string[] = [];
  const server = createServer((request, response) => {
    requests.push(JSON.stringify([request.url, request.headers]));
    response.end('{"data":[]}');
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => void server.close());
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, requests };
}

describe('nothing is lost or repeated when the API', () => {
  const cases: readonly (readonly [string, Faults, number])[] = [
    ['is slow', { slow_ms: 60 }, 0],
    ['fails every third request', { fail: { status: 503, every: 3 } }, 2],
    ['cuts a page short three times, then sends all of it', { truncate: 3 }, 3],
    ['sends half of the JSON three times, as if it were complete', { cut_json: 3 }, 3],
    ['resets the connection', { reset: 3 }, 3],
    ...[408, 425, 429, 500, 502, 503, 504].map(
      (status) => [`answers ${status} twice`, { fail: { status, times: 2 } }, 2] as const,
    ),
  ];
  test.concurrent.each(cases)('%s', async (_, faults, retries) => {
    await using world = await RestWorld.open({ records: 100, faults });
    await expectAll(world);
    expect(retriesOf(world)).toBeGreaterThanOrEqual(retries);
  });
});

describe('a rate limit', () => {
  test('that is announced in headers is never hit', async () => {
    const faults: Faults = { rate_limit: { requests: 4, window_ms: 1000, announce: 'headers' } };
    await using world = await RestWorld.open({ records: 200, faults });
    const refused = countStatus(world, 429);
    await expectAll(world);
    expect(world.api.requests).toBeGreaterThan(10);
    expect(refused()).toBe(0);
  });

  test.each(['seconds', 'date', 'nothing'] as const)(
    'that is announced by %s with the 429 is respected',
    async (announce) => {
      const faults: Faults = { rate_limit: { requests: 4, window_ms: 1000, announce } };
      await using world = await RestWorld.open({ records: 200, faults, source: { attempts: 8 } });
      const refused = countStatus(world, 429);
      await expectAll(world);
      // At most one request too many per window where the pause is known. Without it, back-off has to guess.
      expect(refused()).toBeLessThanOrEqual(announce === 'nothing' ? 12 : 4);
    },
  );

  test('of our own configuration is kept', async () => {
    await using world = await RestWorld.open({ records: 100, source: { requests_per_second: 20 } });
    const started_ms = performance.now();
    await expectAll(world);
    expect(performance.now() - started_ms).toBeGreaterThan(((world.api.requests - 1) / 20) * 1000 * 0.95);
  });

  test('that asks for a longer pause than is allowed ends the slice, and the next slice continues', async () => {
    await using world = await RestWorld.open({ source: { retry_wait_seconds_max: 1 } });
    const handle = world.api.handle;
    Reflect.set(world.api, 'handle', async (event: Parameters<typeof handle>[0]) => {
      const result = await handle(event);
      return world.api.requests === 6 ? { ...result, statusCode: 429, headers: { 'retry-after': '1.5' } } : result;
    });
    expect((await world.load()).slices).toBe(2);
    expect(await world.versions()).toEqual(world.expected());
  });

  test('that lets nothing through fails the load with a clear error', async () => {
    const faults: Faults = { rate_limit: { requests: 0, window_ms: 3_600_000, announce: 'seconds' } };
    await using world = await RestWorld.open({ faults, source: { retry_wait_seconds_max: 1 } });
    expect(await world.failingRun()).toMatchObject({ code: 'SOURCE_THROTTLED' });
    // After a refusal the API is not asked again before the pause is over.
    expect(world.api.requests).toBe(1);
  });
});

function countStatus(world: RestWorld, status: number): () => number {
  let count = 0;
  const handle = world.api.handle;
  Reflect.set(world.api, 'handle', async (event: Parameters<typeof handle>[0]) => {
    const result = await handle(event);
    if (result.statusCode === status) count += 1;
    return result;
  });
  return () => count;
}

describe('another host', () => {
  test.each(['body', 'header'])('is never asked: a next link (%s) that leads there is refused', async (where) => {
    const other = await otherServer();
    const paging = where === 'header' ? PAGINGS['next-link in the Link header'] : PAGINGS['next-link in the body'];
    await using world = await RestWorld.open({ entity: { paging }, faults: { link_origin: other.url } });
    expect(await world.failingRun()).toMatchObject({ code: 'LINK_REFUSED' });
    expect(other.requests).toEqual([]);
  });

  test('is never asked: a redirect that leads there is refused', async () => {
    const other = await otherServer();
    await using world = await RestWorld.open({ faults: { redirect: `${other.url}/things` } });
    expect(await world.failingRun()).toMatchObject({
      code: 'LINK_REFUSED',
      message: expect.stringContaining(other.url) as string,
    });
    expect(other.requests).toEqual([]);
  });
});

test('a redirect within the origin is followed; an endless one is not', async () => {
  await using world = await RestWorld.open({ records: 15, faults: { redirect: '/things?limit=20' } });
  expect(await world.failingRun()).toMatchObject({
    code: 'LINK_REFUSED',
    message: expect.stringMatching(/5 times/) as string,
  });
  Reflect.deleteProperty(world.api.faults, 'redirect');
  const handle = world.api.handle;
  Reflect.set(world.api, 'handle', async (event: Parameters<typeof handle>[0]) =>
    event.path === '/things'
      ? { statusCode: 307, headers: { location: '/moved' }, body: '' }
      : handle({ ...event, path: '/things' }),
  );
  await expectAll(world);
});

test('a response of two gigabytes is refused at the cap, with flat memory', async () => {
  await using world = await RestWorld.open({ faults: { endless: true } });
  const before = process.memoryUsage().rss;
  let peak = before;
  const watch = setInterval(() => (peak = Math.max(peak, process.memoryUsage().rss)), 5);
  onTestFinished(() => clearInterval(watch));
  expect(await world.failingRun()).toMatchObject({ code: 'RESPONSE_TOO_LARGE' });
  expect((peak - before) / 2 ** 20).toBeLessThan(400);
});

test('an answer that takes too long fails the load, and the checkpoint does not move', async () => {
  await using world = await RestWorld.open({
    faults: { slow_ms: 1500 },
    source: { request_timeout_seconds: 1, attempts: 1 },
  });
  expect(await world.failingRun()).toMatchObject({ code: 'SOURCE_TIMEOUT' });
});

test('a server that does not exist is a clear error', async () => {
  await using world = await RestWorld.open({ source: { base_url: 'http://127.0.0.1:9', attempts: 1 } });
  expect(await world.failingRun()).toMatchObject({
    code: 'SOURCE_UNREACHABLE',
    message: expect.stringMatching(/ECONNREFUSED/) as string,
  });
});

describe('an answer without records', () => {
  test.concurrent.each([
    ['an error with status 200', '{"error":"maintenance"}', 'RECORDS_MISSING'],
    ['a page of HTML', '<html></html>', 'RESPONSE_MALFORMED'],
    ['an empty body', '', 'RESPONSE_MALFORMED'],
    ['a list of numbers', '{"data":[1]}', 'RECORDS_MISSING'],
  ])('such as %s is an error, and not taken for an empty list', async (_, body, code) => {
    await using world = await RestWorld.open({ source: { attempts: 1 } });
    Reflect.set(world.api, 'handle', async () => ({ statusCode: 200, headers: {}, body }));
    expect(await world.failingRun()).toMatchObject({ code });
  });
});

test('an invocation whose time is up ends its slice after a page, and the next one continues', async () => {
  await using world = await RestWorld.open();
  const stop = new AbortController();
  const handle = world.api.handle;
  Reflect.set(world.api, 'handle', async (event: Parameters<typeof handle>[0]) => {
    if (world.api.requests === 6) stop.abort();
    return handle(event);
  });
  const { status } = await world.run({}, stop.signal);
  expect(status).toBe('interrupted');
  const { loads } = await world.run();
  expect(loads[0]).toMatchObject({ rows: 250, slices: 2 });
  expect(await world.versions()).toEqual(world.expected());
});
