import type { Broken, Done, Told } from './work.ts';
import { COUNTED, type Counts, noCounts } from './world/facts.ts';

const PROGRESS_EVERY = 50;

interface Played {
  readonly digest: string;
  readonly port_calls: number;
  readonly faults: number;
  readonly counts: Counts;
}

/** Sums up the worlds of one thread. */
export class Tally {
  readonly #tell: (told: Told) => void;
  #worlds = 0;
  #port_calls = 0;
  #faults = 0;
  readonly #counts: Counts = noCounts();
  readonly #broken: Broken[] = [];
  readonly #digests: string[] = [];

  constructor(tell: (told: Told) => void) {
    this.#tell = tell;
  }

  add(world: Played, broken: Broken | undefined): void {
    this.#worlds += 1;
    this.#port_calls += world.port_calls;
    this.#faults += world.faults;
    for (const name of COUNTED) this.#counts[name] += world.counts[name];
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
      counts: this.#counts,
      broken: this.#broken,
      digests: this.#digests,
    };
  }
}
