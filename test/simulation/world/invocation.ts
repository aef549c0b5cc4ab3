import type { Random } from '../../random.ts';

export interface InvocationOptions {
  readonly random: Random;
  /** Whether it will be near its deadline soon. */
  readonly isShort: boolean;
  readonly started_ms: number;
  /** How many things are durable. */
  readonly began: number;
  /** The request that it was delivered; undefined: it extracts nothing. */
  readonly delivery?: { readonly load_id: string; readonly slice: number } | undefined;
}

/** One invocation of a function. A killed one runs no further: what it awaits never comes. */
export class Invocation {
  readonly name: string;
  readonly started_ms: number;
  readonly began: number;
  readonly delivery: InvocationOptions['delivery'];
  /** How far this machine's clock is off. */
  readonly skew_us: number;
  /** Asks about its deadline, until it is near. */
  #patience: number;
  /** Whether the manifest of a slice is there because of it, or because of another which came first. */
  hasCommitted = false;
  #isAlive = true;
  #onEnd: () => void = () => undefined;
  /** Resolves when it was killed. */
  readonly killed: Promise<'killed'>;

  constructor(name: string, { random, isShort, started_ms, began, delivery }: InvocationOptions) {
    this.name = name;
    this.started_ms = started_ms;
    this.began = began;
    this.delivery = delivery;
    this.skew_us = random.chance(0.5) ? 0 : random.between(-7_200_000_000, 7_200_000_000);
    this.#patience = isShort ? random.between(0, 3) : Infinity;
    this.killed = new Promise((resolve) => (this.#onEnd = () => resolve('killed')));
  }

  get isAlive(): boolean {
    return this.#isAlive;
  }

  /** Lambda's time is nearly up. */
  isNearItsEnd(): boolean {
    this.#patience -= 1;
    return this.#patience < 0;
  }

  kill(): void {
    this.#isAlive = false;
    this.#onEnd();
  }
}
