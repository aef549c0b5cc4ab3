import { defineConfig } from '@bronze/common/config';
import { BronzeError } from '@bronze/common/words/failure';
import type { PipelineEvent } from '@bronze/common/load/events';
import { Redaction } from '@bronze/common/secrets/redaction';
import { describe, expect, test } from 'vitest';
import { ApiClient } from './api-client.ts';
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

const config = defineConfig({
  sources: { api: { type: 'rest', base_url: 'https://api.example.com', requests_per_second: 10, attempts: 5 } },
  entities: {},
}).sources['api'];

type Reply = Partial<HttpAnswer> | BronzeError;

/** A client whose server gives these answers, one after another, on a clock where only sleeping takes time. */
function clientOf(replies: readonly Reply[], random = () => 1) {
  if (config?.type !== 'rest') throw new Error('the source is not an API');
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
  const client = new ApiClient({ http, config, key: undefined, limiter, random, log, redaction: new Redaction() });
  const get = (deadline = UNHURRIED) =>
    client.get({ entity: 'things', url: 'https://api.example.com/things', headers: {}, secrets: [], deadline });
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
    const shortest = clientOf([failing(500), failing(500), { body: '[]' }], () => 0);
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
      () => 0,
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

  test('stop waiting when the invocation is about to end', async () => {
    const { get, clock } = clientOf([failing(429, { 'retry-after': '60' })], () => 0);
    const deadline = { isNear: () => clock.now_ms - NOW_MS > 5000, remainingMs: () => Infinity };
    await expect(get(deadline)).rejects.toMatchObject({ code: 'SOURCE_THROTTLED' });
    expect(clock.now_ms - NOW_MS).toBeLessThan(7000);
  });

  test.each([400, 404, 409, 418, 501])('are not retried after %d', async (status) => {
    const { get, asked_ms } = clientOf([failing(status)]);
    expect(await get()).toMatchObject({ status });
    expect(asked_ms).toHaveLength(1);
  });
});
