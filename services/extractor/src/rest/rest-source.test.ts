import { defineConfig } from '@bronze/common/config';
import { Redaction } from '@bronze/common/secrets/redaction';
import { expect, test } from 'vitest';
import { entityWith, UNHURRIED, VirtualClock } from './endpoint.fixtures.ts';
import { ApiClient } from './http/api-client.ts';
import { RateLimiter } from './http/rate-limiter.ts';
import { RestSource } from './rest-source.ts';

const config = defineConfig({
  sources: { api: { type: 'rest', base_url: 'https://api.example.com', margin_seconds: 10 } },
  entities: {},
}).sources['api'];

/** The watermark of an API that sends this `Date`. Our clock says 10:32:00. */
async function watermarkAt(date: string | undefined) {
  if (config?.type !== 'rest') throw new Error('the source is not an API');
  const clock = new VirtualClock();
  const answer = {
    status: 200,
    headers: date === undefined ? {} : { date },
    body: '[{"id":1,"updated_at":"2024-01-15T10:00:00Z"}]',
  };
  const http = { get: async () => answer };
  const limiter = new RateLimiter(clock, config);
  const log = { event: () => undefined };
  const api = new ApiClient({
    http,
    config,
    key: undefined,
    limiter,
    random: () => 0,
    log,
    redaction: new Redaction(),
  });
  const source = new RestSource({ api, config, environment: {}, clock, log });
  return source.readHighWatermark(entityWith(), { since: undefined, deadline: UNHURRIED });
}

test.each([
  ['is behind ours', 'Mon, 15 Jan 2024 09:00:00 GMT', '2024-01-15T08:59:50.000000Z', 'server_date'],
  ['is a little ahead', 'Mon, 15 Jan 2024 10:36:00 GMT', '2024-01-15T10:35:50.000000Z', 'server_date'],
  ['is a year ahead', 'Wed, 15 Jan 2025 10:32:00 GMT', '2024-01-15T10:31:50.000000Z', 'own_clock'],
  ['is not sent', undefined, '2024-01-15T10:31:50.000000Z', 'own_clock'],
])('a server’s clock that %s: the window ends there, but never far in the future', async (_, date, until, basis) => {
  expect(await watermarkAt(date)).toEqual({ until, basis });
});
