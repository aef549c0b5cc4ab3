import { setTimeout as delay } from 'node:timers/promises';
import { toFailure } from '@bronze/common/words/failure';
import { isMachineCode } from '@bronze/common/words/machine-failure';
import type { LocalQueue, Received } from '@bronze/common/adapters/local/local-queue';

/** The pause after an empty poll. Polling is needed because other processes send without notifying us. */
const POLL_INTERVAL_MS = 20;

export interface LocalEventSourceOptions {
  readonly queue: LocalQueue<never>;
  readonly concurrency: number;
  readonly visibility_ms: number;
  /** If it throws, the message becomes visible when it gave it back for: see `deliver-message.ts`. */
  readonly handle: (message: Received, turn: Turn) => Promise<void>;
  /** The lane of a message with this body. Default: none, so that only `concurrency` counts. */
  readonly laneOf?: ((body: string) => Lane | undefined) | undefined;
}

/** Messages of which only so many are delivered at the same time, while others go past them. */
export interface Lane {
  readonly name: string;
  readonly concurrency: number;
}

/** The place of one delivery among those that run at the same time. */
export interface Turn {
  /** Gives the place to another message while this delivery only waits, and takes one back. */
  waits(isWaiting: boolean): void;
}

/** Does what Lambda's event source mapping does: polls, invokes, deletes what succeeded. */
export class LocalEventSource {
  readonly #options: LocalEventSourceOptions;
  readonly #running = new Map<Received, Promise<void>>();
  readonly #waiting = new Set<Received>();
  #kept_ms = performance.now();
  /** What the machine refused first. No other message would fare better, so nothing more is received. */
  #refused: { readonly thrown: unknown } | undefined;

  constructor(options: LocalEventSourceOptions) {
    this.#options = options;
  }

  /** Whether nothing is running, and no message that this process knows of is waiting. */
  get isDrained(): boolean {
    return this.#running.size === 0 && !this.#options.queue.hasUnfinished();
  }

  /**
   * Polls until `signal` aborts, then waits for what is running. A failed message does not make it reject.
   * @throws if the queue or the machine fails, such as for a full disk, after waiting for what is running
   */
  async run(signal: AbortSignal): Promise<void> {
    try {
      await this.#poll(signal);
    } finally {
      await Promise.all(this.#running.values());
    }
    if (this.#refused) throw this.#refused.thrown;
  }

  async #poll(signal: AbortSignal): Promise<void> {
    while (!signal.aborted && !this.#refused) {
      const message = this.#receive();
      if (message) this.#start(message, signal);
      this.#keepRunning();
      if (!message) await delay(POLL_INTERVAL_MS, undefined, { signal }).catch(() => undefined);
    }
  }

  #receive(): Received | undefined {
    const { queue, concurrency, visibility_ms, laneOf } = this.#options;
    if (this.#running.size - this.#waiting.size >= concurrency) return undefined;
    const isWelcome = laneOf && ((body: string) => this.#hasRoomIn(laneOf(body), laneOf));
    return queue.receive(1, visibility_ms, isWelcome)[0];
  }

  #hasRoomIn(lane: Lane | undefined, laneOf: (body: string) => Lane | undefined): boolean {
    const inLane = [...this.#running.keys()].filter(({ body }) => laneOf(body)?.name === lane?.name);
    return !lane || inLane.length < lane.concurrency;
  }

  /** Hides what runs for longer, because waiting for a connection, or reading, may outlast the visibility timeout. */
  #keepRunning(): void {
    const { queue, visibility_ms } = this.#options;
    if (performance.now() - this.#kept_ms < visibility_ms / 3) return;
    this.#kept_ms = performance.now();
    for (const { message_id } of this.#running.keys())
      this.#quietly(() => queue.changeVisibility(message_id, visibility_ms));
  }

  #start(message: Received, signal: AbortSignal): void {
    const running = this.#deliver(message, signal).finally(() => {
      this.#running.delete(message);
      this.#waiting.delete(message);
    });
    this.#running.set(message, running);
  }

  async #deliver(message: Received, signal: AbortSignal): Promise<void> {
    const { queue, handle } = this.#options;
    const waits = (isWaiting: boolean) => void (isWaiting ? this.#waiting.add(message) : this.#waiting.delete(message));
    const outcome = await handle(message, { waits }).then(
      () => undefined,
      (thrown: unknown) => ({ thrown, failure: toFailure(thrown) }),
    );
    if (!outcome) this.#quietly(() => queue.delete(message.message_id));
    else if (isMachineCode(outcome.failure.code)) this.#refuse(message, outcome.thrown);
    else if (signal.aborted && outcome.failure.kind === 'transient') this.#release(message);
  }

  #refuse(message: Received, thrown: unknown): void {
    this.#refused ??= { thrown };
    this.#release(message);
  }

  #release({ message_id }: Received): void {
    this.#quietly(() => this.#options.queue.release(message_id));
  }

  /** If the queue itself fails, the next run, or the visibility timeout, gives the message back: harmless. */
  #quietly(act: () => void): void {
    try {
      act();
    } catch (thrown) {
      if (isMachineCode(toFailure(thrown).code)) this.#refused ??= { thrown };
    }
  }
}
