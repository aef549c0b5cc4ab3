import { setTimeout as delay } from 'node:timers/promises';
import { type Failure, isRetryable, toFailure } from '@bronze/common/words/failure';
import type { LocalQueue, Received } from '@bronze/common/adapters/local/local-queue';

/** How long an empty queue is left alone: other processes send without telling us. */
const POLL_INTERVAL_MS = 20;

export interface RetryPolicy {
  /** After so many deliveries a message goes to the dead-letter queue; a hopeless failure goes there at once. */
  readonly receive_count_max: number;
  /** The wait before delivery n+1 is this times 2^(n-1). */
  readonly retry_delay_ms: number;
}

export interface EventSourceOptions extends RetryPolicy {
  readonly queue: LocalQueue<never>;
  readonly concurrency: number;
  readonly visibility_ms: number;
  readonly handle: (message: Received) => Promise<void>;
  readonly onFailure?: (message: Received, failure: Failure, isDead: boolean) => void;
}

/** What Lambda's event source mapping does: polls, invokes, deletes what succeeded, backs off from what failed. */
export class EventSource {
  readonly #options: EventSourceOptions;
  readonly #running = new Set<Promise<void>>();

  constructor(options: EventSourceOptions) {
    this.#options = options;
  }

  /** Nothing runs and nothing that this process knows of waits. */
  get isDrained(): boolean {
    return this.#running.size === 0 && !this.#options.queue.hasUnfinished();
  }

  /** Polls until `signal` aborts, then waits for what is running. Never rejects because a message failed. */
  async run(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      const free = this.#options.concurrency - this.#running.size;
      const received = free > 0 ? this.#options.queue.receive(free, this.#options.visibility_ms) : [];
      for (const message of received) this.#start(message);
      if (received.length === 0) await delay(POLL_INTERVAL_MS, undefined, { signal }).catch(() => undefined);
    }
    await Promise.all(this.#running);
  }

  #start(message: Received): void {
    const running = this.#deliver(message).finally(() => this.#running.delete(running));
    this.#running.add(running);
  }

  async #deliver(message: Received): Promise<void> {
    const failure = await this.#options.handle(message).then(
      () => undefined,
      (thrown: unknown) => toFailure(thrown),
    );
    try {
      if (failure) this.#giveBack(message, failure);
      else this.#options.queue.delete(message.message_id);
    } catch (thrown) {
      // The queue itself is busy: the message comes back when its visibility expires, which is harmless.
      this.#options.onFailure?.(message, toFailure(thrown), false);
    }
  }

  #giveBack(message: Received, failure: Failure): void {
    const { queue, onFailure } = this.#options;
    onFailure?.(message, failure, giveBack(queue, message, failure, this.#options));
  }
}

/** A failed message waits for its next delivery, or is dead. @returns whether it is dead */
export function giveBack(
  queue: LocalQueue<never>,
  message: Received,
  failure: Failure,
  { receive_count_max, retry_delay_ms }: RetryPolicy,
): boolean {
  const isDead = !isRetryable(failure) || message.receive_count >= receive_count_max;
  if (isDead) queue.deadLetter(message.message_id, failure);
  else queue.changeVisibility(message.message_id, retry_delay_ms * 2 ** (message.receive_count - 1));
  return isDead;
}
