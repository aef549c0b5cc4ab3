import { BronzeError } from '@bronze/common/words/failure';
import type { Clock, Deadline } from '@bronze/common/ports/clock';
import type { Budget } from './rate-limit-headers.ts';

export interface PacerLimits {
  readonly requests_per_second: number;
  readonly retry_wait_seconds_max: number;
}

/** A long wait is slept in pieces, so that Ctrl-C is heard. */
const NAP_MS = 500;
const CLOCK_STEP_MS = 2000;

/** When the next request of a source may go out: shared by all that read from it in this process. */
export class RateLimiter {
  readonly #clock: Clock;
  readonly #limits: PacerLimits;
  #next_ms = 0;
  #seen_ms = 0;
  /** What the server announced: so many more until then. */
  #budget: { remaining: number; readonly until_ms: number } | undefined;

  constructor(clock: Clock, limits: PacerLimits) {
    this.#clock = clock;
    this.#limits = limits;
  }

  get now_ms(): number {
    return Date.parse(this.#clock.now());
  }

  /** How long nobody may ask yet. */
  get held_ms(): number {
    return Math.max(0, this.#next_ms - this.now_ms);
  }

  /**
   * Waits for a turn and takes it.
   *
   * @throws BronzeError SOURCE_THROTTLED when the wait does not fit into what is left of the invocation
   */
  async acquire(deadline: Deadline): Promise<void> {
    if (deadline.isNear()) throw tooLong(0);
    for (let wait_ms = this.#take(); wait_ms > 0; wait_ms = this.#take()) await this.sleep(wait_ms, deadline);
  }

  /** Nobody asks this source again for so long. */
  pauseFor(wait_ms: number): void {
    this.#next_ms = Math.max(this.#next_ms, this.now_ms + wait_ms);
  }

  applyBudget(budget: Budget): void {
    this.#budget = { remaining: budget.remaining, until_ms: this.now_ms + budget.reset_ms };
  }

  /** @throws BronzeError SOURCE_THROTTLED, at once if so long a wait does not fit, else when the invocation is to end */
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

  /** Takes a turn and returns 0, or says how long to wait before the next try. */
  #take(): number {
    const now_ms = this.now_ms;
    // A clock that was set back would hold everybody up until it is there again.
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
    hint: 'It goes on later by itself. If it stays, lower requests_per_second or raise retry_wait_seconds_max.',
  });
}
