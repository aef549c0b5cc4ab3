/** A semaphore whose limit may change. Who asks first is served first. */
export class Permits {
  #limit: number;
  #held = 0;
  readonly #waiting: (() => void)[] = [];

  constructor(limit: number) {
    this.#limit = limit;
  }

  get limit(): number {
    return this.#limit;
  }

  /** Permits that are held stay held, also beyond a lower limit. */
  setLimit(limit: number): void {
    this.#limit = limit;
    this.#grant();
  }

  /** Takes a permit if one is free and nobody waits for it. */
  take(): boolean {
    if (this.#waiting.length > 0 || this.#held >= this.#limit) return false;
    this.#held += 1;
    return true;
  }

  /** Queues for a permit. `leave` gives up the place, or the permit if it was granted meanwhile. */
  queue(): { readonly granted: Promise<void>; leave(): void } {
    const { promise, resolve } = Promise.withResolvers<void>();
    const grant = () => resolve();
    this.#waiting.push(grant);
    this.#grant();
    return {
      granted: promise,
      leave: () => {
        const place = this.#waiting.indexOf(grant);
        if (place < 0) this.giveBack();
        else this.#waiting.splice(place, 1);
      },
    };
  }

  giveBack(): void {
    this.#held -= 1;
    this.#grant();
  }

  #grant(): void {
    while (this.#held < this.#limit) {
      const next = this.#waiting.shift();
      if (!next) return;
      this.#held += 1;
      next();
    }
  }
}
