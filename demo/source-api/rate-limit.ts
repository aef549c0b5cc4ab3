import type { Faults } from './faults.ts';

/** A limited number of requests per fixed window, announced in the configured way. */
export class RateLimit {
  #window_ms = 0;
  #used = 0;

  take(limit: Faults['rate_limit'], now_ms: number): { isRefused: boolean; headers: Record<string, string> } {
    if (!limit) return { isRefused: false, headers: {} };
    const window_ms = now_ms - (now_ms % limit.window_ms);
    if (window_ms !== this.#window_ms) this.#used = 0;
    this.#window_ms = window_ms;
    this.#used += 1;
    const isRefused = this.#used > limit.requests;
    const ends_ms = window_ms + limit.window_ms;
    const reset = String(Math.ceil((ends_ms - now_ms) / 1000));
    const announced = {
      headers: {
        'ratelimit-limit': String(limit.requests),
        'ratelimit-remaining': String(Math.max(0, limit.requests - this.#used)),
        'ratelimit-reset': reset,
      },
      seconds: isRefused ? { 'retry-after': reset } : {},
      date: isRefused ? { 'retry-after': new Date(ends_ms + 999).toUTCString() } : {},
      nothing: {},
    };
    return { isRefused, headers: announced[limit.announce] };
  }
}
