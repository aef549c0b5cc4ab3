import { AsyncLocalStorage } from 'node:async_hooks';
import { setTimeout as delay } from 'node:timers/promises';
import type { Clock } from '@bronze/common/ports/clock';
import { type Timestamp, timestamp } from '@bronze/common/words/timestamp';

/** Time as what imitates AWS needs it. */
export interface EmulatedTime {
  nowMs(): number;
  /** Resolves early when the signal aborts. */
  sleep(duration_ms: number, signal?: AbortSignal): Promise<void>;
  /** Sleeps until a moment that may change meanwhile; `Infinity`: until the signal aborts. */
  sleepUntil(atMs: () => number, signal: AbortSignal): Promise<void>;
  /** Sleeps while the work that asks for it goes on. */
  passing(duration_ms: number, signal?: AbortSignal): Promise<void>;
  /** Does work that takes real time. */
  working<T>(work: () => Promise<T>): Promise<T>;
}

export const REAL_TIME: EmulatedTime = {
  nowMs: () => Date.now(),
  sleep: pausing,
  sleepUntil: (atMs, signal) => pausing(Math.min(atMs() - Date.now(), TIMER_MS_MAX), signal),
  passing: pausing,
  working: (work) => work(),
};

/** The longest delay that a timer can have. */
const TIMER_MS_MAX = 2 ** 31 - 1;

function pausing(duration_ms: number, signal?: AbortSignal): Promise<void> {
  return delay(duration_ms, undefined, signal && { signal }).catch(() => undefined);
}

interface Work {
  sleeping: number;
}

interface Sleep {
  untilMs(): number;
  readonly work: Work | undefined;
  wake(): void;
}

/** Real milliseconds between two looks at whether all work is asleep. */
const LOOK_MS = 1;

/**
 * Time that leaps to the next appointment whenever all work is asleep, and stands still otherwise: hours of waiting take
 * milliseconds, and a slow machine changes nothing. Work is asleep while any part of it is: what it does in the meantime
 * may seem to take longer than it did.
 */
export class VirtualTime implements Clock, EmulatedTime {
  #now_ms: number;
  readonly #current = new AsyncLocalStorage<Work>();
  readonly #working = new Set<Work>();
  readonly #sleeps = new Set<Sleep>();
  #isDriven = false;

  constructor(start_ms = Date.now()) {
    this.#now_ms = start_ms;
  }

  now(): Timestamp {
    return timestamp(new Date(this.#now_ms).toISOString());
  }

  nowMs(): number {
    return this.#now_ms;
  }

  async working<T>(work: () => Promise<T>): Promise<T> {
    const mine: Work = { sleeping: 0 };
    this.#working.add(mine);
    try {
      return await this.#current.run(mine, work);
    } finally {
      this.#working.delete(mine);
    }
  }

  sleep(duration_ms: number, signal?: AbortSignal): Promise<void> {
    const until_ms = this.#now_ms + Math.max(0, duration_ms);
    return this.sleepUntil(() => until_ms, signal);
  }

  async sleepUntil(atMs: () => number, signal?: AbortSignal): Promise<void> {
    if (signal?.aborted) return;
    const { promise, resolve } = Promise.withResolvers<void>();
    const work = this.#current.getStore();
    const sleep: Sleep = { untilMs: atMs, work, wake: () => this.#wake(sleep, resolve) };
    if (work) work.sleeping += 1;
    this.#sleeps.add(sleep);
    signal?.addEventListener('abort', sleep.wake, { once: true });
    if (!this.#isDriven) void this.#drive();
    await promise;
    signal?.removeEventListener('abort', sleep.wake);
  }

  passing(duration_ms: number, signal?: AbortSignal): Promise<void> {
    return this.#current.exit(() => this.sleep(duration_ms, signal));
  }

  #wake(sleep: Sleep, resolve: () => void): void {
    if (!this.#sleeps.delete(sleep)) return;
    if (sleep.work) sleep.work.sleeping -= 1;
    resolve();
  }

  async #drive(): Promise<void> {
    this.#isDriven = true;
    while (this.#sleeps.size > 0) {
      await delay(LOOK_MS);
      const works = [...this.#working];
      if (works.length > 0 && works.every(({ sleeping }) => sleeping > 0)) this.#leap();
    }
    this.#isDriven = false;
  }

  #leap(): void {
    const sleeps = [...this.#sleeps].map((sleep) => ({ sleep, until_ms: sleep.untilMs() }));
    const next_ms = Math.min(...sleeps.map(({ until_ms }) => until_ms));
    if (next_ms === Infinity) return;
    this.#now_ms = Math.max(this.#now_ms, next_ms);
    for (const { sleep, until_ms } of sleeps) if (until_ms <= this.#now_ms) sleep.wake();
  }
}
