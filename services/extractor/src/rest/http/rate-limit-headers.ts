import type { HttpAnswer } from './http.ts';

/** Larger numbers of a reset are no durations but moments, in seconds or milliseconds since 1970. */
const EPOCH_SECONDS_MIN = 1e9;
const EPOCH_MILLISECONDS_MIN = 1e12;

/**
 * `Retry-After` in milliseconds from now, as seconds or as a date (RFC 9110, 10.2.3); undefined without a usable one.
 *
 * @param now_ms since 1970, by our clock; a date is taken against the server's own `Date` if there is one
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

/** What the server still allows, and for how long. */
export interface Budget {
  readonly remaining: number;
  readonly reset_ms: number;
}

/**
 * From `RateLimit-Remaining` and `RateLimit-Reset`, the same with `X-`, or the structured `RateLimit: …;r=0;t=30` of the
 * later drafts. Undefined unless both numbers are there.
 */
export function budgetOf(headers: HttpAnswer['headers'], now_ms: number): Budget | undefined {
  const structured = scarcest(headers['ratelimit'] ?? '');
  const remaining =
    parameter(structured, /(?:^|[;,\s])(?:r|remaining)=(\d{1,9})/) ??
    number(headers['ratelimit-remaining'] ?? headers['x-ratelimit-remaining']);
  const reset =
    parameter(structured, /(?:^|[;,\s])(?:t|reset)=(\d{1,9})/) ??
    number(headers['ratelimit-reset'] ?? headers['x-ratelimit-reset']);
  if (remaining === undefined || reset === undefined) return undefined;
  return { remaining, reset_ms: Math.max(0, resetMs(reset, now_ms)) };
}

/** Of several policies the one with the least left: `"day";r=1000;t=3600, "burst";r=0;t=10`. */
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
