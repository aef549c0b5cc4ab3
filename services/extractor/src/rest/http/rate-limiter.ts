import { BronzeError } from '@bronze/common/words/failure';
import type { Clock, Deadline } from '@bronze/common/ports/clock';
import type { RestSourceConfig } from '@bronze/common/config/rest';
import type { Budget } from './rate-limit-headers.ts';

export type RateLimits = Pick<RestSourceConfig, 'requests_per_second' | 'retry_wait_seconds_max' | 'throttle_scope'>;

/** A long wait is slept in pieces, so that Ctrl-C takes effect. */
const NAP_MS = 500;
/** A clock that goes back by more than this was set back. */
const CLOCK_STEP_MS = 2000;

/** What the server demanded of those who ask for a list. Times are in milliseconds since 1970. */
interface Demand {
  /** No request before this. */
  paused_until_ms: number;
  /** The refusal that asked for the pause. */
  paused_by?: BronzeError | undefined;
  /** `remaining` more requests until `until_ms`. */
  budget?: { remaining: number; readonly until_ms: number } | undefined;
}

/** A request can't be sent in the time that there is. Trying again at once is pointless. */
export class OutOfTime extends BronzeError {}

/**
 * Decides when the next request to a source may be sent. Shared by everything that reads from it in this process: so is
 * `requests_per_second`. What the server demands holds for the list that was asked, or for all of them
 * (`throttle_scope`).
 */
export class RateLimiter {
  readonly #clock: Clock;
  readonly #limits: RateLimits;
  #next_ms = 0;
  #seen_ms = 0;
  readonly #demands = new Map<string, Demand>();

  constructor(clock: Clock, limits: RateLimits) {
    this.#clock = clock;
    this.#limits = limits;
  }

  get now_ms(): number {
    return Date.parse(this.#clock.now());
  }

  /** How long it is until the next request for a list may be sent, not counting the budget. */
  heldMs(list: string): number {
    return Math.max(0, this.#next_ms - this.now_ms, this.#demandOn(list).paused_until_ms - this.now_ms);
  }

  /**
   * Waits until a request for a list may be sent, and counts it.
   *
   * @throws OutOfTime when the wait doesn't fit into what is left of the invocation, or is longer than
   *   `retry_wait_seconds_max`: with the code of the refusal that asked for it, else SOURCE_THROTTLED; SOURCE_INTERRUPTED
   *   when the invocation is about to end, although no wait is needed
   */
  async acquire(list: string, deadline: Deadline): Promise<void> {
    for (let wait_ms = this.#take(list, deadline); wait_ms > 0; wait_ms = this.#take(list, deadline)) {
      const { paused_until_ms, paused_by } = this.#demandOn(list);
      await this.sleep(wait_ms, deadline, paused_until_ms >= this.now_ms + wait_ms ? paused_by : undefined);
    }
  }

  /** Sends no request for a list for `wait_ms` milliseconds; a longer pause that was set before remains. */
  pauseFor(list: string, wait_ms: number, refusal: BronzeError): void {
    const demand = this.#demandOn(list);
    const until_ms = this.now_ms + wait_ms;
    if (until_ms <= demand.paused_until_ms) return;
    demand.paused_until_ms = until_ms;
    demand.paused_by = refusal;
  }

  /** Sends no more requests for a list than this until the budget resets. */
  applyBudget(list: string, budget: Budget): void {
    this.#demandOn(list).budget = { remaining: budget.remaining, until_ms: this.now_ms + budget.reset_ms };
  }

  /**
   * @param after the failure after which it waits; undefined: for a limit
   * @throws OutOfTime with the code of that failure, else SOURCE_THROTTLED: at once if the wait is longer than what is
   *   left of the invocation or than `retry_wait_seconds_max`; else as soon as the invocation is about to end
   */
  async sleep(wait_ms: number, deadline: Deadline, after?: BronzeError): Promise<void> {
    const until_ms = this.now_ms + wait_ms;
    const { retry_wait_seconds_max, requests_per_second } = this.#limits;
    const patience_ms = Math.max(retry_wait_seconds_max, 1 / requests_per_second) * 1000;
    if (wait_ms > Math.min(deadline.remainingMs(), patience_ms)) throw tooLong(wait_ms, after);
    for (let left_ms = wait_ms; left_ms > 0; left_ms = until_ms - this.now_ms) {
      if (deadline.isNear()) throw tooLong(left_ms, after);
      await this.#clock.sleep(Math.min(NAP_MS, left_ms));
    }
  }

  /** Counts a request and returns 0, or returns the milliseconds to wait before trying again. */
  #take(list: string, deadline: Deadline): number {
    const now_ms = this.#now();
    const { paused_until_ms, budget } = this.#demandOn(list);
    const isSpent = budget?.remaining === 0 && budget.until_ms > now_ms;
    const until_ms = Math.max(this.#next_ms, paused_until_ms, isSpent ? budget.until_ms : 0);
    if (until_ms > now_ms) return until_ms - now_ms;
    if (deadline.isNear()) throw endsNow();
    this.#next_ms = now_ms + 1000 / this.#limits.requests_per_second;
    if (budget) budget.remaining = Math.max(0, budget.remaining - 1);
    return 0;
  }

  /** If the clock was set back, all waits would last until the clock is there again: they end. */
  #now(): number {
    const { now_ms } = this;
    if (now_ms < this.#seen_ms - CLOCK_STEP_MS) {
      this.#next_ms = now_ms;
      this.#demands.clear();
    }
    this.#seen_ms = now_ms;
    return now_ms;
  }

  #demandOn(list: string): Demand {
    const whose = this.#limits.throttle_scope === 'source' ? '' : list;
    const demand = this.#demands.get(whose) ?? { paused_until_ms: 0 };
    this.#demands.set(whose, demand);
    return demand;
  }
}

/** Whoever demands the wait: the API, the back-off after a failure, or `requests_per_second`. */
function tooLong(wait_ms: number, after: BronzeError | undefined): OutOfTime {
  const when = `may be asked again in ${Math.ceil(wait_ms / 1000)} s, which is longer than this invocation may wait`;
  // The API's own words may end in a full stop.
  const before = after?.message.replace(/\.$/, '');
  const retry_after_ms = wait_ms;
  if (after && after.code !== 'SOURCE_THROTTLED') {
    return new OutOfTime(after.code, {
      message: `${before}. The API ${when}`,
      hint: 'Bronze continues later. If it persists, look at the API’s status page, or raise retry_wait_seconds_max.',
      retry_after_ms,
    });
  }
  return new OutOfTime('SOURCE_THROTTLED', {
    message: before ? `${before}. It ${when}` : `the API ${when}`,
    hint: 'Bronze continues later. If it persists, lower requests_per_second or raise retry_wait_seconds_max.',
    retry_after_ms,
  });
}

function endsNow(): OutOfTime {
  return new OutOfTime('SOURCE_INTERRUPTED', {
    message: 'this invocation is about to end, so the API is not asked again',
    hint: 'Bronze continues with the next delivery, or the next run.',
  });
}
