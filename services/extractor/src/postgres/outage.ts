import type { Clock } from '@bronze/common/ports/clock';
import type { BronzeError } from '@bronze/common/words/failure';

/** Once a source was waited for in vain, it is tried this often, however many entities ask for it. */
const TRY_INTERVAL_MS = 1000;
/** A failure after so long a silence begins another outage: a process may have had nothing to do in between. */
const FORGOTTEN_MS = 5 * 60 * 1000;

/** The time since a source last answered. One for everything in this process that connects to the source. */
export class Outage {
  readonly #clock: Clock;
  readonly #retry_for_ms: number;
  #now: { readonly since_ms: number; readonly last_ms: number; readonly failure: BronzeError } | undefined;

  /** @param retry_for_ms how long to wait for the source from its first failure on */
  constructor(clock: Clock, retry_for_ms: number) {
    this.#clock = clock;
    this.#retry_for_ms = retry_for_ms;
  }

  /** Counts a failed attempt. @returns how much longer to wait for the source, in milliseconds; 0 if no longer */
  failed(failure: BronzeError): number {
    const last_ms = this.#clockMs();
    const isNew = !this.#now || last_ms - this.#now.last_ms > FORGOTTEN_MS;
    this.#now = { since_ms: isNew || !this.#now ? last_ms : this.#now.since_ms, last_ms, failure };
    return Math.max(0, this.#now.since_ms + this.#retry_for_ms - last_ms);
  }

  /** @returns how long the outage was, in milliseconds */
  ended(): number {
    const lasted_ms = this.#now ? this.#clockMs() - this.#now.since_ms : 0;
    this.#now = undefined;
    return lasted_ms;
  }

  /** The last failure, if the source was waited for in vain and was tried only a moment ago. */
  get standing(): BronzeError | undefined {
    if (!this.#now) return undefined;
    const { since_ms, last_ms, failure } = this.#now;
    const now_ms = this.#clockMs();
    const isOver = last_ms >= since_ms + this.#retry_for_ms;
    return isOver && now_ms - last_ms < TRY_INTERVAL_MS ? failure : undefined;
  }

  #clockMs(): number {
    return Date.parse(this.#clock.now());
  }
}
