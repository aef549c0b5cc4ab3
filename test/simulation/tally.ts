import type { Broken, Done, Told } from './work.ts';

const PROGRESS_EVERY = 50;

/** What came of the worlds of one thread. */
export class Tally {
  readonly #tell: (told: Told) => void;
  #worlds = 0;
  #port_calls = 0;
  #faults = 0;
  readonly #broken: Broken[] = [];
  readonly #digests: string[] = [];

  constructor(tell: (told: Told) => void) {
    this.#tell = tell;
  }

  add(world: { digest: string; port_calls: number; faults: number }, broken: Broken | undefined): void {
    this.#worlds += 1;
    this.#port_calls += world.port_calls;
    this.#faults += world.faults;
    this.#digests.push(world.digest);
    if (broken) this.#broken.push(broken);
    if (this.#worlds % PROGRESS_EVERY === 0) {
      this.#tell({ kind: 'progress', worlds: this.#worlds, broken: this.#broken.length });
    }
  }

  get done(): Done {
    return {
      worlds: this.#worlds,
      port_calls: this.#port_calls,
      faults: this.#faults,
      broken: this.#broken,
      digests: this.#digests,
    };
  }
}
