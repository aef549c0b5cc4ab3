import type { HttpAnswer } from './http.ts';

/** A reset from here on is a timestamp, not a duration: seconds or milliseconds since 1970. */
const EPOCH_SECONDS_MIN = 1e9;
const EPOCH_MILLISECONDS_MIN = 1e12;

/**
 * `Retry-After` (RFC 9110, 10.2.3: seconds or a date) in milliseconds from now; undefined if it is absent or unusable.
 *
 * @param now_ms our clock, since 1970; a date is measured against the server's own `Date` instead, if it sends one
 */
export function retryAfterMs(headers: HttpAnswer['headers'], now_ms: number): number | undefined {
  const value = headers['retry-after']?.trim() ?? '';
  if (/^[0-9]{1,9}(?:\.[0-9]{1,6})?$/.test(value)) return Number(value) * 1000;
  const at = httpDateMs(value);
  return at === undefined ? undefined : Math.max(0, at - (httpDateMs(headers['date']) ?? now_ms));
}

/** `Sun, 06 Nov 1994 08:49:37 GMT` in milliseconds since 1970; undefined for anything else. */
export function httpDateMs(value: string | undefined): number | undefined {
  const isDate = /^(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun), \d{2} [A-Z][a-z]{2} \d{4} \d{2}:\d{2}:\d{2} GMT$/.test(value ?? '');
  const at = isDate ? Date.parse(value ?? '') : Number.NaN;
  return Number.isNaN(at) ? undefined : at;
}

/** How many more requests the server allows, and how long until that resets. */
export interface Budget {
  readonly remaining: number;
  readonly reset_ms: number;
}

/**
 * The budget from `RateLimit-Remaining` and `RateLimit-Reset`, from the same with `X-`, or from the structured
 * `RateLimit: …;r=0;t=30` of the later drafts. Undefined unless both numbers are present.
 *
 * @param now_ms our clock, since 1970
 */
export function budgetOf(headers: HttpAnswer['headers'], now_ms: number): Budget | undefined {
  const remaining = remainingOf(headers);
  const reset =
    parameter(scarcest(headers['ratelimit'] ?? ''), /(?:^|[;,\s])(?:t|reset)=(\d{1,9})/) ??
    number(headers['ratelimit-reset'] ?? headers['x-ratelimit-reset']);
  if (remaining === undefined || reset === undefined) return undefined;
  return { remaining, reset_ms: Math.max(0, resetMs(reset, now_ms)) };
}

function remainingOf(headers: HttpAnswer['headers']): number | undefined {
  return (
    parameter(scarcest(headers['ratelimit'] ?? ''), /(?:^|[;,\s])(?:r|remaining)=(\d{1,9})/) ??
    number(headers['ratelimit-remaining'] ?? headers['x-ratelimit-remaining'])
  );
}

/** Whether an answer says that requests come too fast. Some APIs answer 403 to that, with the headers of a 429. */
export function isThrottled({ status, headers }: HttpAnswer): boolean {
  if (status !== 403) return status === 429;
  return retryAfterMs(headers, 0) !== undefined || remainingOf(headers) === 0;
}

/** Of several policies, the one with the fewest requests left: `"day";r=1000;t=3600, "burst";r=0;t=10`. */
function scarcest(header: string): string {
  const policies = header.split(/,\s*(?=")/);
  const left = (policy: string) => parameter(policy, /(?:^|[;,\s])(?:r|remaining)=(\d{1,9})/) ?? Infinity;
  return policies.toSorted((a, b) => left(a) - left(b))[0] ?? '';
}

function parameter(text: string, pattern: RegExp): number | undefined {
  return number(pattern.exec(text)?.[1]);
}

function number(text: string | undefined): number | undefined {
  return text !== undefined && /^\s*\d{1,15}(?:\.\d{1,9})?\s*$/.test(text) ? Number(text) : undefined;
}

function resetMs(reset: number, now_ms: number): number {
  if (reset >= EPOCH_MILLISECONDS_MIN) return reset - now_ms;
  return reset >= EPOCH_SECONDS_MIN ? reset * 1000 - now_ms : reset * 1000;
}
