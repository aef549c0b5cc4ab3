import { defineConfig } from '@bronze/common/config';
import type { EndpointEntityInput, RestSourceConfig, RestSourceInput } from '@bronze/common/config/rest';
import type { PipelineEvent } from '@bronze/common/load/events';
import type { Position } from '@bronze/common/load/position';
import type { Deadline } from '@bronze/common/ports/clock';
import { Redaction } from '@bronze/common/secrets/redaction';
import { timestamp } from '@bronze/common/words/timestamp';
import { addBatch, startAt } from '../slice-boundary.ts';
import { entityWith, UNHURRIED, VirtualClock } from './endpoint.fixtures.ts';
import { ApiClient } from './http/api-client.ts';
import { RateLimiter } from './http/rate-limiter.ts';
import { RestSource } from './rest-source.ts';

export interface Answer {
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string>>;
  /** Sent as JSON, unless it is text. */
  readonly body?: unknown;
}

/** An API in memory. @param query the parameters of a request */
export type Server = (query: URLSearchParams) => Answer;

export function restConfig(settings: Partial<RestSourceInput> = {}): RestSourceConfig {
  const config = defineConfig({
    sources: { api: { type: 'rest', base_url: 'https://api.example.com', ...settings } },
    entities: {},
  }).sources['api'];
  if (config?.type !== 'rest') throw new Error('the source is not an API');
  return config;
}

/** A source that reads this API, on a clock where only sleeping takes time. */
export function sourceOf(server: Server) {
  const events: PipelineEvent[] = [];
  const asked: string[] = [];
  const clock = new VirtualClock();
  const config = restConfig();
  const log = { event: (event: PipelineEvent) => events.push(event) };
  const http = {
    get: async (url: string) => {
      const { search, searchParams } = new URL(url);
      asked.push(search);
      const { status = 200, headers = {}, body = '' } = server(searchParams);
      return { status, headers, body: typeof body === 'string' ? body : JSON.stringify(body) };
    },
  };
  const limiter = new RateLimiter(clock, config);
  const redaction = new Redaction();
  const api = new ApiClient({ http, config, key: undefined, limiter, random: () => 0, log, redaction });
  return { source: new RestSource({ api, config, environment: {}, clock, log }), events, asked };
}

/** Reads a list as a full load does, slice by slice. @returns the ids of its records, and how the list ended */
export async function readList(
  server: Server,
  settings: Partial<EndpointEntityInput>,
  deadlineOf: () => Deadline = () => UNHURRIED,
) {
  const { source, events, asked } = sourceOf(server);
  const entity = entityWith({ cursor: null, ...settings });
  await source.readHighWatermark(entity, { since: undefined, deadline: UNHURRIED });
  const now = timestamp('2024-01-15T10:32:00Z');
  const load = { load_id: 'l', load_type: 'full', since: now, until: now, ingested_at: now } as const;
  const ids: number[] = [];
  let position: Position | undefined;
  for (let isFull = true; isFull;) {
    const deadline = deadlineOf();
    const start = { position, knownColumns: async () => [], deadline };
    const { batches, is_resumable } = await source.openSlice(entity, load, start);
    let progress = startAt(position ?? null);
    for await (const raw of batches) {
      for (const line of Buffer.from(raw.ndjson).toString().split('\n').filter(Boolean)) {
        ids.push(Number((JSON.parse(line) as { id: string }).id));
      }
      progress = addBatch(progress, raw, { limits: entity, is_resumable, deadline });
      if (progress.isFull) break;
    }
    position = progress.position ?? undefined;
    isFull = progress.isFull;
  }
  const ends = events.flatMap((event) => (event.kind === 'end_implied' ? [event] : []));
  return { ids, ends, asked };
}
