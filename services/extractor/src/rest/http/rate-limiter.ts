import { BronzeError } from '@bronze/common/words/failure';
import type { Clock, Deadline } from '@bronze/common/ports/clock';
import type { Budget } from './rate-limit-headers.ts';

export interface PacerLimits {
  readonly requests_per_second: number;
  readonly retry_wait_seconds_max: number;
}

/** A long wait is slept in pieces, so that Ctrl-C takes effect. */
const NAP_MS = 500;
/** A clock that goes back by more than this was set back. */
const CLOCK_STEP_MS = 2000;

/** Decides when the next request to a source may be sent. Shared by everything that reads from it in this process. */
export class RateLimiter {
  readonly #clock: Clock;
  readonly #limits: PacerLimits;
  #next_ms = 0;
  #seen_ms = 0;
  /** What the server announced: `remaining` more requests until `until_ms`. */
  #budget: { remaining: number; readonly until_ms: number } | undefined;

  constructor(clock: Clock, limits: PacerLimits) {
    this.#clock = clock;
    this.#limits = limits;
  }

  get now_ms(): number {
    return Date.parse(this.#clock.now());
  }

  /** How long it is until the next request may be sent, not counting the budget. */
  get held_ms(): number {
    return Math.max(0, this.#next_ms - this.now_ms);
  }

  /**
   * Waits until a request may be sent, and counts it.
   *
   * @throws BronzeError SOURCE_THROTTLED when the wait doesn't fit into what is left of the invocation, or is longer
   *   than `retry_wait_seconds_max`
   */
  async acquire(deadline: Deadline): Promise<void> {
    if (deadline.isNear()) throw tooLong(0);
    for (let wait_ms = this.#take(); wait_ms > 0; wait_ms = this.#take()) await this.sleep(wait_ms, deadline);
  }

  /** Sends no request to this source for `wait_ms` milliseconds; a longer pause that was set before remains. */
  pauseFor(wait_ms: number): void {
    this.#next_ms = Math.max(this.#next_ms, this.now_ms + wait_ms);
  }

  /** Sends no more requests than this until the budget resets. */
  applyBudget(budget: Budget): void {
    this.#budget = { remaining: budget.remaining, until_ms: this.now_ms + budget.reset_ms };
  }

  /**
   * @throws BronzeError SOURCE_THROTTLED, at once if the wait is longer than what is left of the invocation or than
   *   `retry_wait_seconds_max`; else as soon as the invocation is about to end
   */
  async sleep(wait_ms: number, deadline: Deadline): Promise<void> {
    const until_ms = this.now_ms + wait_ms;
    const { retry_wait_seconds_max, requests_per_second } = this.#limits;
    const patience_ms = Math.max(retry_wait_seconds_max, 1 / requests_per_second) * 1000;
    if (wait_ms > Math.min(deadline.remainingMs(), patience_ms)) throw tooLong(wait_ms);
    for (let left_ms = wait_ms; left_ms > 0; left_ms = until_ms - this.now_ms) {
      if (deadline.isNear()) throw tooLong(left_ms);
      await this.#clock.sleep(Math.min(NAP_MS, left_ms));
    }
  }

  /** Counts a request and returns 0, or returns the milliseconds to wait before trying again. */
  #take(): number {
    const now_ms = this.now_ms;
    // If the clock was set back, `#next_ms` would block all requests until the clock is there again.
    if (now_ms < this.#seen_ms - CLOCK_STEP_MS) this.#next_ms = now_ms;
    this.#seen_ms = now_ms;
    if (this.#budget && this.#budget.until_ms <= now_ms) this.#budget = undefined;
    const blocked_ms = this.#budget?.remaining === 0 ? this.#budget.until_ms - now_ms : 0;
    const wait_ms = Math.max(blocked_ms, this.#next_ms - now_ms);
    if (wait_ms > 0) return wait_ms;
    this.#next_ms = now_ms + 1000 / this.#limits.requests_per_second;
    if (this.#budget) this.#budget.remaining -= 1;
    return 0;
  }
}

function tooLong(wait_ms: number): BronzeError {
  return new BronzeError('SOURCE_THROTTLED', {
    message: `the API asks for a pause of ${Math.ceil(wait_ms / 1000)} s, longer than this invocation may wait`,
    hint: 'Bronze continues later. If it persists, lower requests_per_second or raise retry_wait_seconds_max.',
  });
}
