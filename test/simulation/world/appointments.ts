interface Appointment {
  readonly at_ms: number;
  readonly keep: () => void;
}

/** Virtual time that passes when everything waits, up to the next appointment. */
export class Appointments {
  now_ms = 0;
  readonly #due: Appointment[] = [];

  sleep(duration_ms: number): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    const at_ms = this.now_ms + duration_ms;
    // Those of the same time are kept in the order in which they were made.
    const later = this.#due.findIndex((other) => other.at_ms > at_ms);
    this.#due.splice(later < 0 ? this.#due.length : later, 0, { at_ms, keep: resolve });
    return promise;
  }

  /** Ends when there is no appointment left, or at `until_ms`. */
  async keep(until_ms: number): Promise<void> {
    for (;;) {
      // Whatever can go on without time passing has gone on when an immediate runs.
      await new Promise(setImmediate);
      const next = this.#due.shift();
      if (!next || next.at_ms > until_ms) return;
      this.now_ms = next.at_ms;
      next.keep();
    }
  }
}
