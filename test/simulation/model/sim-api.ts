import type { Source } from '@bronze/common/load/source';
import { Redaction } from '@bronze/common/secrets/redaction';
import { type RestSourceConfig, restSourceSchema } from '@bronze/common/config/rest';
import { ApiClient } from '@bronze/extractor/rest/http/api-client';
import type { HttpAnswer } from '@bronze/extractor/rest/http/http';
import { RateLimiter } from '@bronze/extractor/rest/http/rate-limiter';
import { RestSource } from '@bronze/extractor/rest/rest-source';
import * as z from 'zod/mini';
import type { Asks, CurrentLine, SimSource, SourceOptions, Version } from './sim-source.ts';
import { timestampOf } from '../world/virtual-clock.ts';

interface Listed extends Version {
  readonly id: string;
  readonly json: string;
}

export interface SimApiOptions extends SourceOptions {
  /** Whether the API filters by the `since` parameter. */
  readonly heedsSince: boolean;
  /** Whether the next answer is an error. */
  readonly isFailing: () => boolean;
  /** Whether the next answer is dated by a clock that is a year ahead. */
  readonly isMisdated: () => boolean;
}

const CONFIG: RestSourceConfig = z.parse(restSourceSchema, {
  type: 'rest',
  base_url: 'https://api.example',
  margin_seconds: 0,
  requests_per_second: 1000,
  attempts: 3,
});

const YEAR_MS = 365 * 24 * 3_600_000;
const BAD = ['429', '503', '500', 'cut short'] as const;

/** An API with one list, oldest change first. A record that changes moves to the end, even while the list is paged. */
export class SimApi implements SimSource {
  readonly #options: SimApiOptions;
  #list: Listed[] = [];
  readonly #past: Version[] = [];
  #ids = 0;
  #versions = 0;

  constructor(options: SimApiOptions) {
    this.#options = options;
    this.#writeTogether(Array.from({ length: options.rows }, () => `r${(this.#ids += 1)}`));
  }

  current(): readonly CurrentLine[] {
    return this.#list;
  }

  versions(): readonly Version[] {
    return [...this.#past, ...this.#list];
  }

  readonly is_clock_wrong = false;

  change(): void {
    const { random } = this.#options;
    const ids = this.#list.map(({ id }) => id);
    const some = (share: number) => ids.filter(() => random.chance(share));
    const kind = random.between(0, 3);
    if (kind === 0) this.#writeTogether([`r${(this.#ids += 1)}`, ...some(0.05)]);
    if (kind === 1) this.#writeTogether(some(0.3));
    if (kind === 2) for (const id of some(0.2)) this.#writeTogether([id]);
    if (kind === 3) {
      this.#remove(new Set(some(0.1)));
    }
  }

  open(asks: Asks): Source {
    const { clock, random } = this.#options;
    const paced = {
      now: () => clock.now,
      sleep: (duration_ms: number) =>
        asks.ask('clock.sleep', `${duration_ms}`, async () => undefined, clock.now_us + duration_ms * 1000),
    };
    const http = {
      get: (url: string) =>
        asks.ask('http.get', url.slice(CONFIG.base_url.toString().length), async () => this.#answer(new URL(url))),
    };
    const log = { event: () => undefined };
    const api = new ApiClient({
      http,
      config: CONFIG,
      key: undefined,
      limiter: new RateLimiter(paced, CONFIG),
      random: () => random.next(),
      log,
      redaction: new Redaction(),
    });
    return new RestSource({ api, config: CONFIG, environment: {}, clock: paced, log });
  }

  #writeTogether(ids: readonly string[]): void {
    const { random, clock } = this.#options;
    const from_us = clock.tick(1);
    this.#remove(new Set(ids));
    for (const id of ids) {
      const updated_at = random.chance(0.02) ? null : timestampOf(from_us);
      const version = (this.#versions += 1);
      const fits = random.chance(0.05) ? 'no' : 'yes';
      const amount = `9007199254740993.${version}0`;
      const json = `{"version":${version},"updated_at":${JSON.stringify(updated_at)},"id":"${id}","fits":"${fits}","amount":${amount}}`;
      const shown = { amount, fits, id, ...(updated_at && { updated_at }), version: String(version) };
      this.#list.push({ id, cursor: updated_at, json, line: JSON.stringify(shown), from_us, to_us: Infinity });
    }
    this.#list = this.#list.toSorted((a, b) => compare(a, b));
  }

  #remove(ids: ReadonlySet<string>): void {
    const to_us = this.#options.clock.now_us;
    for (const one of this.#list) if (ids.has(one.id)) this.#past.push({ ...one, to_us });
    this.#list = this.#list.filter(({ id }) => !ids.has(id));
  }

  #answer({ searchParams: asked }: URL): HttpAnswer {
    const { clock, random, heedsSince, isFailing, isTroubled, stir_chance } = this.#options;
    clock.tick(1);
    if (isFailing()) {
      const bad = random.pick(asked.has('cursor') ? [...BAD, 'token expired'] : BAD);
      if (bad === '429') return answered(429, '{}', { 'retry-after': '2' });
      if (bad === '503' || bad === '500') return answered(Number(bad), '');
      if (bad === 'cut short') return answered(200, '{"data":[{"id":"r1"', this.#date());
      return answered(410, '{"error":"the cursor has expired"}');
    }
    const since = asked.get('since');
    const listed = this.#list.filter(
      ({ cursor }) => since === null || !heedsSince || (cursor !== null && cursor >= since),
    );
    const size = Number(asked.get('limit') ?? listed.length);
    const token = asked.get('cursor');
    const from = token === null ? Number(asked.get('offset') ?? 0) : placeAfter(listed, token);
    const page = listed.slice(from, from + size);
    // The list may change before the next page is requested.
    if (isTroubled() && random.chance(stir_chance)) this.change();
    const isLast = from + page.length >= listed.length;
    const last = page.at(-1);
    const next = !isLast && last ? JSON.stringify(tokenOf(last)) : 'null';
    return answered(200, `{"data":[${page.map(({ json }) => json).join(',')}],"next_cursor":${next}}`, this.#date());
  }

  #date(): Record<string, string> {
    const { clock, isMisdated } = this.#options;
    return { date: new Date(clock.now_ms + (isMisdated() ? YEAR_MS : 0)).toUTCString() };
  }
}

function compare(a: Listed, b: Listed): number {
  return tokenOf(a) < tokenOf(b) ? -1 : 1;
}

/** A position in the order of the list. It stays valid when the record that was there has moved. */
function tokenOf({ cursor, id }: Listed): string {
  return `${cursor ?? ''}~${id.padStart(8, '0')}`;
}

function placeAfter(list: readonly Listed[], token: string): number {
  const place = list.findIndex((one) => tokenOf(one) > token);
  return place === -1 ? list.length : place;
}

function answered(status: number, body: string, headers: Record<string, string> = {}): HttpAnswer {
  return { status, headers, body };
}
