import type { Random } from '../../random.ts';

export interface InvocationOptions {
  readonly random: Random;
  /** Whether it starts close to its deadline. */
  readonly isShort: boolean;
  readonly started_ms: number;
  /** How many durable writes the world had when it began. */
  readonly began: number;
  /** The request that it handles; undefined if it extracts nothing. */
  readonly delivery?: { readonly load_id: string; readonly slice: number } | undefined;
}

/** One invocation of a function. A killed one runs no further: what it awaits never settles. */
export class Invocation {
  readonly name: string;
  readonly started_ms: number;
  readonly began: number;
  readonly delivery: InvocationOptions['delivery'];
  /** How far this machine's clock is off: up to two hours either way. */
  readonly skew_us: number;
  /** How many more times the deadline is reported as not near. */
  #patience: number;
  /** Whether it has staged a slice, which it or a faster invocation has committed. */
  hasCommitted = false;
  #isAlive = true;
  #onEnd: () => void = () => undefined;
  /** Resolves when it is killed. */
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

  /** Whether Lambda's time is nearly up. Each call brings the deadline closer if the invocation is short. */
  isNearItsEnd(): boolean {
    this.#patience -= 1;
    return this.#patience < 0;
  }

  kill(): void {
    this.#isAlive = false;
    this.#onEnd();
  }
}
