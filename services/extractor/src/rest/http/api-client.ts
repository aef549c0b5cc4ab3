import type { CachedSecret } from '@bronze/common/secrets/cached-secret';
import { Redaction } from '@bronze/common/secrets/redaction';
import { BronzeError, isRetryable, toFailure } from '@bronze/common/words/failure';
import type { Deadline } from '@bronze/common/ports/clock';
import type { Log } from '@bronze/common/load/events';
import type { RestSourceConfig } from '@bronze/common/config/rest';
import { denied } from './denied.ts';
import { linkTarget } from './link-target.ts';
import type { HttpAnswer, HttpClient } from './http.ts';
import { type JsonNode, parseJson } from '../records/json-node.ts';
import { OutOfTime, type RateLimiter } from './rate-limiter.ts';
import { budgetOf, isThrottled, retryAfterMs } from './rate-limit-headers.ts';
import { failing, throttled } from './retried.ts';

/** Statuses worth retrying besides 429: by RFC 9110, and 408 and 425, whose own definitions say so. */
const RETRIED: ReadonlySet<number> = new Set([408, 425, 500, 502, 503, 504]);
/** By definition without a body: there is nothing to list. */
const EMPTY: ReadonlySet<number> = new Set([204, 205]);
const REDIRECTS_MAX = 5;
/** Exponential back-off with full jitter: the longest wait is this times 2 to the power of the attempt. */
const BACKOFF_MS = 500;
const BACKOFF_MS_MAX = 30_000;
const EXCERPT_CHARACTERS = 200;
/** Far more than an excerpt shows, even if most of it is secrets; a body may be many megabytes. */
const SEARCHED_CHARACTERS = 64 * 1024;

export interface ApiPorts {
  readonly http: HttpClient;
  readonly config: RestSourceConfig;
  /** Undefined: the API needs none. */
  readonly key: CachedSecret<string> | undefined;
  readonly limiter: RateLimiter;
  /** From 0 to 1. */
  readonly random: () => number;
  readonly log: Log;
  /** Learns the key, and the secrets of each request. */
  readonly redaction: Redaction;
}

export interface ApiRequest {
  /** The name of the entity that is read, for messages. */
  readonly entity: string;
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  /** What of its URL and headers is secret. */
  readonly secrets: readonly string[];
  /** Statuses that are taken for 204 besides 205. */
  readonly empty_status: readonly number[];
  readonly deadline: Deadline;
}

export interface ApiAnswer {
  /** The URL after redirects: relative links are relative to it. */
  readonly url: string;
  readonly headers: HttpAnswer['headers'];
  /** Undefined for 204, 205 and the request's `empty_status`: there is nothing to list. */
  readonly body: JsonNode | undefined;
  /** Length of the body. */
  readonly characters: number;
}

/** A status that retrying doesn't change, such as 400 or 404. What it means depends on what was asked. */
export interface Refusal {
  readonly status: number;
  /** The beginning of the body. */
  readonly excerpt: string;
}

/** Asks an API, within its limits, until it gives a complete answer. */
export class ApiClient {
  readonly #ports: ApiPorts;

  constructor(ports: ApiPorts) {
    this.#ports = ports;
  }

  /**
   * Reads one URL, with retries.
   *
   * @returns a {@link Refusal} for a status that retrying doesn't change
   * @throws BronzeError SOURCE_DENIED, LINK_REFUSED, RESPONSE_TOO_LARGE, RESPONSE_UNSUPPORTED at once; SOURCE_FAILING, SOURCE_UNREACHABLE,
   *   SOURCE_INTERRUPTED, SOURCE_TIMEOUT, RESPONSE_MALFORMED, SOURCE_THROTTLED when every attempt failed; OutOfTime
   *   with the code of the last failure when the pause before the next attempt is longer than there is time for
   */
  async get(request: ApiRequest): Promise<ApiAnswer | Refusal> {
    const { config, log, limiter } = this.#ports;
    for (let attempt = 1; ; attempt += 1) {
      try {
        return await this.#attempt(request);
      } catch (thrown) {
        if (!isWorthRetrying(thrown) || attempt >= config.attempts) throw thrown;
        log.event({ kind: 'source_retried', entity: request.entity, attempt, failure: toFailure(thrown) });
        // As long as the API asks for, and with full jitter.
        const wait_ms = Math.max(this.#backoffMs(attempt), limiter.heldMs(request.entity));
        await limiter.sleep(wait_ms, request.deadline, thrown);
      }
    }
  }

  #backoffMs(attempt: number): number {
    return this.#ports.random() * Math.min(BACKOFF_MS_MAX, BACKOFF_MS * 2 ** attempt);
  }

  async #attempt(request: ApiRequest): Promise<ApiAnswer | Refusal> {
    const { key, redaction } = this.#ports;
    redaction.add(...request.secrets);
    let { url, answer } = await this.#follow(request, await this.#learned(key?.current()));
    if (key && isDenied(answer)) {
      ({ url, answer } = await this.#follow(request, await this.#learned(key.renewed())));
    }
    if (isDenied(answer)) {
      const excerpt = this.#excerptOf(answer.body, request);
      throw denied(request, { status: answer.status, excerpt, hasKey: key !== undefined });
    }
    const judged = this.#judge(request, url, answer);
    return isRefusal(judged) ? { ...judged, excerpt: this.#excerptOf(answer.body, request) } : judged;
  }

  async #learned(reading: Promise<string> | undefined): Promise<string | undefined> {
    const key = await reading;
    if (key !== undefined) this.#ports.redaction.add(key);
    return key;
  }

  /** The beginning of a body. An API may echo what it was sent, so all of that is hidden before the text is cut. */
  #excerptOf(body: string, { headers }: ApiRequest): string {
    const sent = new Redaction();
    sent.add(...Object.values(headers));
    const shown = this.#ports.redaction.hide(sent.hide(body.slice(0, SEARCHED_CHARACTERS)));
    const text = shown.slice(0, EXCERPT_CHARACTERS).replaceAll(/\s+/g, ' ').trim();
    return shown.length > EXCERPT_CHARACTERS ? `${text}…` : text;
  }

  /** Redirects are followed only within the origin: the key is sent nowhere else. */
  async #follow(request: ApiRequest, key: string | undefined): Promise<{ url: string; answer: HttpAnswer }> {
    const { http, config, limiter } = this.#ports;
    const headers = { accept: 'application/json', ...request.headers, ...(key && { [config.api_key_header]: key }) };
    let url = request.url;
    for (let redirects = 0; redirects <= REDIRECTS_MAX; redirects += 1) {
      await limiter.acquire(request.entity, request.deadline);
      const answer = await http.get(url, headers, leftOf(request.deadline));
      this.#applyLimits(request, answer);
      const { location } = answer.headers;
      if (answer.status < 300 || answer.status > 399 || location === undefined) return { url, answer };
      url = withinOrigin(request, location, url);
    }
    throw redirected(request.entity, `redirects more than ${REDIRECTS_MAX} times`);
  }

  /** Takes an announced limit into account before it is hit. */
  #applyLimits(request: ApiRequest, answer: HttpAnswer): void {
    const { limiter } = this.#ports;
    const { entity: list } = request;
    const budget = budgetOf(answer.headers, limiter.now_ms);
    if (budget) limiter.applyBudget(list, budget);
    const { status } = answer;
    const mayDemand = status === 503 || isThrottled(answer);
    const wait_ms = mayDemand ? retryAfterMs(answer.headers, limiter.now_ms) : undefined;
    if (wait_ms === undefined) return;
    limiter.pauseFor(list, wait_ms, this.#retried(request, answer));
  }

  /** The failure for an answer that is worth retrying, in the API's own words. */
  #retried(request: ApiRequest, answer: HttpAnswer): BronzeError {
    const { entity } = request;
    const excerpt = this.#excerptOf(answer.body, request);
    const retry_after_ms = retryAfterMs(answer.headers, this.#ports.limiter.now_ms);
    const refusal = { status: answer.status, excerpt, retry_after_ms };
    return isThrottled(answer) ? throttled(entity, refusal) : failing(entity, refusal);
  }

  #judge(request: ApiRequest, url: string, answer: HttpAnswer): ApiAnswer | Refusal {
    const { entity, empty_status } = request;
    const { status, headers, body } = answer;
    if (isThrottled(answer) || RETRIED.has(status)) throw this.#retried(request, answer);
    if (EMPTY.has(status) || empty_status.includes(status)) return { url, headers, body: undefined, characters: 0 };
    if (status >= 200 && status <= 299) return { url, headers, body: jsonOf(entity, answer), characters: body.length };
    return { status, excerpt: '' };
  }
}

function isDenied(answer: HttpAnswer): boolean {
  return (answer.status === 401 || answer.status === 403) && !isThrottled(answer);
}

export function isRefusal(answer: ApiAnswer | Refusal): answer is Refusal {
  return 'status' in answer;
}

function isWorthRetrying(error: unknown): error is BronzeError {
  return error instanceof BronzeError && isRetryable(toFailure(error)) && !(error instanceof OutOfTime);
}

function withinOrigin({ entity }: ApiRequest, location: string, from: string): string {
  const target = linkTarget(location, from);
  if (target?.is_within_origin) return target.href;
  throw redirected(entity, `redirects to ${target ? target.origin : 'something that is not a URL'}`);
}

function redirected(entity: string, how: string): BronzeError {
  return new BronzeError('LINK_REFUSED', {
    message: `the API of ${entity} ${how}`,
    hint: 'Redirects are followed within base_url’s scheme, host and port only. If the API moved, change base_url.',
  });
}

/** One JSON value per line: an API that says so sends it each time. */
const LINES = /^application\/(?:x-)?(?:nd-?json|json-?lines|jsonl|json-seq|stream\+json)\b/i;

function jsonOf(entity: string, { headers, body }: HttpAnswer): JsonNode {
  try {
    return parseJson(body);
  } catch (thrown) {
    if (!(thrown instanceof SyntaxError)) throw thrown;
    if (LINES.test(headers['content-type'] ?? '')) throw linesOf(entity);
    const what = body === '' ? 'nothing in it, and not with 204' : `a body that can’t be read: ${thrown.message}`;
    throw new BronzeError('RESPONSE_MALFORMED', {
      message: `the API of ${entity} answers with ${what}`,
      hint: 'Bronze retries it. If it persists, look at the answer: is endpoint right? Is it a maintenance page?',
    });
  }
}

function linesOf(entity: string): BronzeError {
  return new BronzeError('RESPONSE_UNSUPPORTED', {
    message: `the API of ${entity} answers with a JSON value per line, as its Content-Type says`,
    hint: 'Bronze reads one JSON value per answer. Does the API have another format, asked for by a header or in the path?',
  });
}

/** A request may use this much of the time reserved for enqueueing what comes next, but not all of it. */
const INTO_RESERVE_MS = 25_000;
const LEFT_MS_MIN = 1000;
/** The longest delay that a timer can have. */
const TIMER_MS_MAX = 2 ** 31 - 1;

function leftOf(deadline: Deadline): number {
  return Math.min(TIMER_MS_MAX, Math.max(LEFT_MS_MIN, deadline.remainingMs() + INTO_RESERVE_MS));
}
