import { CachedSecret } from '@bronze/common/secrets/cached-secret';
import { BronzeError } from '@bronze/common/words/failure';
import type { PipelineEvent } from '@bronze/common/load/events';
import { Redaction } from '@bronze/common/secrets/redaction';
import { describe, expect, test } from 'vitest';
import { ApiClient } from './api-client.ts';
import { restConfig } from '../api.fixtures.ts';
import { UNHURRIED, VirtualClock } from '../endpoint.fixtures.ts';
import type { HttpAnswer } from './http.ts';
import { RateLimiter } from './rate-limiter.ts';
import { budgetOf, retryAfterMs } from './rate-limit-headers.ts';

const NOW_MS = Date.UTC(2024, 0, 15, 10, 32);

test.each([
  ['120', {}, 120_000],
  ['0', {}, 0],
  ['Mon, 15 Jan 2024 10:33:00 GMT', {}, 60_000],
  ['Mon, 15 Jan 2024 10:33:00 GMT', { date: 'Mon, 15 Jan 2024 10:32:50 GMT' }, 10_000],
  ['Mon, 15 Jan 2024 10:00:00 GMT', {}, 0],
  ['soon', {}, undefined],
  ['-5', {}, undefined],
  ['', {}, undefined],
])('Retry-After %j (with the other headers %j) is a wait of %j ms', (value, headers, wait_ms) => {
  expect(retryAfterMs({ ...headers, 'retry-after': value }, NOW_MS)).toBe(wait_ms);
});

test.each([
  [
    { 'ratelimit-remaining': '0', 'ratelimit-reset': '30' },
    { remaining: 0, reset_ms: 30_000 },
  ],
  [
    { 'x-ratelimit-remaining': '5', 'x-ratelimit-reset': String(NOW_MS / 1000 + 10) },
    { remaining: 5, reset_ms: 10_000 },
  ],
  [
    { 'x-ratelimit-remaining': '5', 'x-ratelimit-reset': String(NOW_MS + 10) },
    { remaining: 5, reset_ms: 10 },
  ],
  [{ ratelimit: '"default";r=2;t=7' }, { remaining: 2, reset_ms: 7000 }],
  [{ ratelimit: 'limit=100, remaining=50, reset=5' }, { remaining: 50, reset_ms: 5000 }],
  [{ 'ratelimit-remaining': '0' }, undefined],
  [{ 'ratelimit-remaining': 'many', 'ratelimit-reset': '1' }, undefined],
  [{}, undefined],
])('the headers %j announce the budget %j', (headers, budget) => {
  expect(budgetOf(headers, NOW_MS)).toEqual(budget);
});

type Reply = Partial<HttpAnswer> | BronzeError;

interface Setting {
  readonly random?: () => number;
  readonly throttle_scope?: 'entity' | 'source';
  readonly hasKey?: boolean;
  readonly retry_wait_seconds_max?: number;
}

/** A client whose server gives these answers, one after another, on a clock where only sleeping takes time. */
function clientOf(replies: readonly Reply[], { random = () => 1, hasKey, ...limits }: Setting = {}) {
  const config = restConfig({ requests_per_second: 10, attempts: 5, ...limits });
  const clock = new VirtualClock();
  const events: PipelineEvent[] = [];
  const asked_ms: number[] = [];
  const left = [...replies];
  const http = {
    get: async (): Promise<HttpAnswer> => {
      asked_ms.push(clock.now_ms - NOW_MS);
      const reply = left.shift() ?? { body: '[]' };
      if (reply instanceof BronzeError) throw reply;
      return { status: 200, headers: {}, body: '', ...reply };
    },
  };
  const limiter = new RateLimiter(clock, config);
  const log = { event: (event: PipelineEvent) => events.push(event) };
  const secrets = { read: async () => 'the-key' };
  const key = hasKey ? new CachedSecret({ secrets, clock, name: () => 'key' }, (text) => text) : undefined;
  const client = new ApiClient({ http, config, key, limiter, random, log, redaction: new Redaction() });
  const get = (deadline = UNHURRIED, entity = 'things') =>
    client.get({ entity, url: 'https://api.example.com/things', headers: {}, secrets: [], empty_status: [], deadline });
  return { get, asked_ms, events, clock };
}

const failing = (status: number, headers: Record<string, string> = {}): Reply => ({ status, headers });

describe('requests', () => {
  test('are spaced by requests_per_second', async () => {
    const { get, asked_ms } = clientOf([]);
    for (let n = 0; n < 4; n += 1) await get();
    expect(asked_ms).toEqual([0, 100, 200, 300]);
  });

  test('back off exponentially, with full jitter', async () => {
    const longest = clientOf([failing(500), failing(500), failing(500), failing(500), { body: '[]' }]);
    await longest.get();
    expect(longest.asked_ms).toEqual([0, 1000, 3000, 7000, 15_000]);
    const shortest = clientOf([failing(500), failing(500), { body: '[]' }], { random: () => 0 });
    await shortest.get();
    expect(shortest.asked_ms).toEqual([0, 100, 200]);
  });

  test('fail when every attempt failed, with the last reason', async () => {
    const { get, asked_ms, events } = clientOf(Array(9).fill(failing(502)));
    await expect(get()).rejects.toMatchObject({
      code: 'SOURCE_FAILING',
      message: expect.stringMatching(/502/) as string,
    });
    expect(asked_ms).toHaveLength(5);
    expect(events).toHaveLength(4);
  });

  test('wait as long as Retry-After says, in seconds or as a date', async () => {
    const { get, asked_ms } = clientOf(
      [
        failing(429, { 'retry-after': '20' }),
        failing(503, { 'retry-after': 'Mon, 15 Jan 2024 10:33:00 GMT' }),
        { body: '[]' },
      ],
      { random: () => 0 },
    );
    await get();
    expect(asked_ms).toEqual([0, 20_000, 60_000]);
  });

  test('wait before an announced limit is hit', async () => {
    const headers = { 'ratelimit-remaining': '1', 'ratelimit-reset': '30' };
    const { get, asked_ms } = clientOf([{ body: '[]', headers }, { body: '[]', headers: {} }, { body: '[]' }]);
    for (let n = 0; n < 3; n += 1) await get();
    expect(asked_ms).toEqual([0, 100, 30_000]);
  });

  test('do not wait longer than the invocation lasts', async () => {
    const { get, asked_ms } = clientOf([failing(429, { 'retry-after': '20' })]);
    const deadline = { isNear: () => false, remainingMs: () => 10_000 };
    await expect(get(deadline)).rejects.toMatchObject({ code: 'SOURCE_THROTTLED' });
    expect(asked_ms).toEqual([0]);
  });

  test('are not sent when the invocation is about to end, which is not a limit of the API', async () => {
    const { get, asked_ms } = clientOf([]);
    await expect(get({ isNear: () => true, remainingMs: () => 1000 })).rejects.toMatchObject({
      code: 'SOURCE_INTERRUPTED',
      message: 'this invocation is about to end, so the API is not asked again',
    });
    expect(asked_ms).toEqual([]);
  });

  test('stop waiting when the invocation is about to end', async () => {
    const { get, clock } = clientOf([failing(429, { 'retry-after': '60' })], { random: () => 0 });
    const deadline = { isNear: () => clock.now_ms - NOW_MS > 5000, remainingMs: () => Infinity };
    await expect(get(deadline)).rejects.toMatchObject({ code: 'SOURCE_THROTTLED' });
    expect(clock.now_ms - NOW_MS).toBeLessThan(7000);
  });

  test.each([400, 404, 409, 418, 501])('are not retried after %d', async (status) => {
    const { get, asked_ms } = clientOf([failing(status)]);
    expect(await get()).toMatchObject({ status });
    expect(asked_ms).toHaveLength(1);
  });

  test('are sent once where the answer is a JSON value per line by its own header, since the next would be the same', async () => {
    const headers = { 'content-type': 'application/x-ndjson; charset=utf-8' };
    const { get, asked_ms } = clientOf([{ body: '{"id":1}\n{"id":2}\n', headers }, { body: '[]' }]);
    await expect(get()).rejects.toMatchObject({ code: 'RESPONSE_UNSUPPORTED', kind: 'permanent' });
    expect(asked_ms).toHaveLength(1);
  });

  test.each([204, 205])('have no content to read after %d', async (status) => {
    const { get } = clientOf([failing(status)]);
    expect(await get()).toMatchObject({ body: undefined, characters: 0 });
  });
});

describe('an answer that is worth retrying', () => {
  const body = `{"detail": "maintenance until 12:00, the-key"}`;
  const words = '{"detail": "maintenance until 12:00, (hidden)"}';
  test.each([
    [500, `the API of things answers 500: ${words}`],
    [503, `the API of things answers 503: ${words}`],
    [429, `the API of things answers 429: its limit of requests is reached: ${words}`],
  ])('of %d is told in the API’s own words, without the key', async (status, message) => {
    const { get, events } = clientOf([{ status, body }], { hasKey: true });
    await get();
    expect(events).toMatchObject([{ kind: 'source_retried', failure: { message } }]);
  });

  test.each([503, 429])(
    'of %d is told also where the API asks for a longer pause than there is time for',
    async (status) => {
      const reply = { status, body: 'Down for now.', headers: { 'retry-after': '9' } };
      await expect(clientOf([reply], { retry_wait_seconds_max: 1 }).get()).rejects.toMatchObject({
        message: expect.stringMatching(/: Down for now\. (?:It|The API) may be asked again in 9 s/) as string,
      });
    },
  );
});

describe('a pause for which there is no time', () => {
  const broken = new BronzeError('SOURCE_INTERRUPTED', { message: 'the connection broke', hint: '' });
  const causes: readonly (readonly [string, Reply, string, RegExp])[] = [
    ['500', failing(500), 'SOURCE_FAILING', /^the API of things answers 500\. The API may be asked again in [12] s/],
    ['408', failing(408), 'SOURCE_FAILING', /answers 408\./],
    ['503 with Retry-After', failing(503, { 'retry-after': '9' }), 'SOURCE_FAILING', /answers 503\..* in 9 s/],
    ['a broken connection', broken, 'SOURCE_INTERRUPTED', /^the connection broke\. The API may be asked again/],
    ['half an answer', { body: '[' }, 'RESPONSE_MALFORMED', /asked again in [12] s/],
    ['429', failing(429), 'SOURCE_THROTTLED', /answers 429: its limit of requests is reached\. It may be asked again/],
    [
      '403 with Retry-After',
      failing(403, { 'retry-after': '9' }),
      'SOURCE_THROTTLED',
      /answers 403: its limit.* in 9 s/,
    ],
  ];
  test.each(causes)('after %s has the code of what was answered', async (_, reply, code, message) => {
    const isShown = { code, message: expect.stringMatching(message) as string };
    const impatient = clientOf([reply, reply], { retry_wait_seconds_max: 1 });
    await expect(impatient.get()).rejects.toMatchObject(isShown);
    const late = clientOf([reply]);
    const deadline = { isNear: () => false, remainingMs: () => 500 };
    await expect(late.get(deadline)).rejects.toMatchObject(isShown);
  });

  test('of the back-off is not a limit either, if the API set a shorter one before', async () => {
    const replies = [failing(429, { 'retry-after': '0.4' }), failing(500)];
    const { get, asked_ms } = clientOf(replies, { retry_wait_seconds_max: 1 });
    await expect(get()).rejects.toMatchObject({ code: 'SOURCE_FAILING' });
    expect(asked_ms).toEqual([0, 1000]);
  });
});

describe('403', () => {
  const OVER = 'Mon, 15 Jan 2024 10:32:03 GMT';
  const reset = { 'x-ratelimit-reset': String(NOW_MS / 1000 + 3) };
  test.each([
    ['Retry-After in seconds', { 'retry-after': '3' }, 3000],
    ['Retry-After as a date', { 'retry-after': OVER }, 3000],
    ['X-RateLimit-Remaining: 0 and a reset', { 'x-ratelimit-remaining': '0', ...reset }, 3000],
    ['RateLimit-Remaining: 0 and a reset', { 'ratelimit-remaining': '0', 'ratelimit-reset': '3' }, 3000],
    ['RateLimit with r=0', { ratelimit: '"day";r=0;t=3' }, 3000],
    ['X-RateLimit-Remaining: 0 alone', { 'x-ratelimit-remaining': '0' }, 100],
    ['Retry-After, and a budget that is left', { 'retry-after': '3', 'x-ratelimit-remaining': '9', ...reset }, 3000],
  ])('with %s is a limit: the request is sent again', async (_, headers, wait_ms) => {
    for (const hasKey of [false, true]) {
      const { get, asked_ms, events } = clientOf([failing(403, headers), { body: '[]' }], { random: () => 0, hasKey });
      await get();
      expect(asked_ms).toEqual([0, wait_ms]);
      expect(events).toMatchObject([{ failure: { code: 'SOURCE_THROTTLED', kind: 'transient' } }]);
    }
  });

  test('that says so each time is SOURCE_THROTTLED in the end, as 429 is', async () => {
    for (const status of [403, 429]) {
      const { get, asked_ms } = clientOf(Array(9).fill(failing(status, { 'retry-after': '1' })));
      await expect(get()).rejects.toMatchObject({
        code: 'SOURCE_THROTTLED',
        message: expect.stringContaining(`answers ${status}`) as string,
      });
      expect(asked_ms).toHaveLength(5);
    }
  });

  test.each([{}, { 'x-ratelimit-remaining': '12', ...reset }, { 'retry-after': 'soon' }])(
    'with the headers %j is a refusal, at once; with a key, once more with the key read again',
    async (headers) => {
      for (const [hasKey, requests] of [[false, 1] as const, [true, 2] as const]) {
        const { get, asked_ms } = clientOf(Array(9).fill(failing(403, headers)), { hasKey });
        await expect(get()).rejects.toMatchObject({ code: 'SOURCE_DENIED' });
        expect(asked_ms).toHaveLength(requests);
      }
    },
  );
});

describe('a limit that one list has reached', () => {
  const limits: readonly (readonly [Reply, string])[] = [
    [failing(429, { 'retry-after': '86400' }), 'SOURCE_THROTTLED'],
    [failing(503, { 'retry-after': '86400' }), 'SOURCE_FAILING'],
    [failing(403, { 'retry-after': '86400' }), 'SOURCE_THROTTLED'],
    [{ body: '[]', headers: { 'ratelimit-remaining': '0', 'ratelimit-reset': '86400' } }, 'SOURCE_THROTTLED'],
  ];
  test.each(limits)('does not hold for its neighbours: %j', async (reply, code) => {
    const { get, asked_ms } = clientOf([reply]);
    await get(UNHURRIED, 'throttled').catch(() => undefined);
    await get(UNHURRIED, 'neighbour');
    await expect(get(UNHURRIED, 'throttled')).rejects.toMatchObject({
      code,
      message: expect.stringMatching(/in 86400 s/) as string,
    });
    // `requests_per_second` is the source's.
    expect(asked_ms).toEqual([0, 100]);
  });

  test.each(limits)('holds for all of them where the quota is the key’s: %j', async (reply, code) => {
    const { get, asked_ms } = clientOf([reply], { throttle_scope: 'source' });
    await get(UNHURRIED, 'throttled').catch(() => undefined);
    await expect(get(UNHURRIED, 'neighbour')).rejects.toMatchObject({ code });
    expect(asked_ms).toEqual([0]);
  });

  test('ends when the clock is set back', async () => {
    const { get, asked_ms, clock } = clientOf([failing(429, { 'retry-after': '86400' })]);
    await get().catch(() => undefined);
    clock.now_ms -= 3_600_000;
    await get();
    expect(asked_ms).toHaveLength(2);
  });
});
