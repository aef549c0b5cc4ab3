import type { Random } from '../../random.ts';

/** What can happen to one port call. */
export const FATES = [
  /** The invocation dies before or after the call's effect, and never gets an answer. */
  'kill before',
  'kill after',
  /** The call fails before or after its effect. */
  'error before',
  'error after',
  /** Applied, reported to the SDK as failed, and applied again later: a put meets its own object. */
  'retried',
  /** The effect, or only the answer, comes after much else has happened in between. */
  'late effect',
  'late answer',
  /** Reported as failed, and applied after much else has happened: the request was still on the wire. */
  'error, late effect',
] as const;
/** For sends only: some messages are sent and the call fails; or no message is sent and the call succeeds. */
export const SEND_FATES = ['sent in part', 'lost'] as const;

export type Fate = 'ok' | (typeof FATES)[number] | (typeof SEND_FATES)[number];

export interface Fated {
  /** The number of the call in this world, from 0. */
  readonly call: number;
  readonly is_send: boolean;
}

/** What goes wrong outside port calls. */
export type Mishap =
  /** The next answer of an API is an error. */
  | 'bad answer'
  /** The next answer of an API is dated by a clock that is a year ahead. */
  | 'wrong date'
  /** The connection to a database is lost before the next batch. */
  | 'lost connection'
  /** The next invocation starts close to its deadline. */
  | 'little time'
  /** The redrive of a dead message stops before the message is deleted: it will be sent once more. */
  | 'interrupted redrive';

export interface FaultPlan {
  fateOf(call: Fated): Fate;
  /** Whether the message of delivery number `delivery` is delivered to two invocations at once. */
  isDoubled(delivery: number): boolean;
  /** Whether the acknowledgement of delivery number `delivery` is lost. */
  isUnacknowledged(delivery: number): boolean;
  /** Whether the mishap happens this time. */
  isHit(mishap: Mishap): boolean;
  /** How long a late effect or answer takes, in microseconds. */
  lateUs(random: Random): number;
}

/** 200 seconds: longer than the visibility timeout, so that redeliveries overtake what is late. */
const LATE_US_MAX = 200_000_000;

export const NO_FAULTS: FaultPlan = {
  fateOf: () => 'ok',
  isDoubled: () => false,
  isUnacknowledged: () => false,
  isHit: () => false,
  lateUs: (random) => random.between(1, LATE_US_MAX),
};

const RATES = [0, 0, 0.01, 0.03, 0.1, 0.25];
const DOUBLE_RATES = [0, 0, 0.05, 0.2, 0.5];
const SHORT_RATES = [0, 0.1, 0.3, 0.6];

/** Random faults. Kinds and rates are drawn once per world, so that worlds differ a lot from each other. */
export class RandomFaults implements FaultPlan {
  readonly #random: Random;
  readonly #rate: number;
  readonly #double_rate: number;
  readonly #short_rate: number;
  readonly #kinds: readonly Fate[];
  readonly #send_kinds: readonly Fate[];
  /** Later faults don't happen: this is how the fewest faults that still break a law are found. */
  readonly #limit: number;
  injected = 0;

  constructor(random: Random, limit = Infinity) {
    this.#random = random;
    this.#rate = random.pick(RATES);
    this.#double_rate = random.pick(DOUBLE_RATES);
    this.#short_rate = random.pick(SHORT_RATES);
    this.#kinds = some(random, FATES);
    this.#send_kinds = [...this.#kinds, ...some(random, SEND_FATES)];
    this.#limit = limit;
  }

  fateOf({ is_send }: Fated): Fate {
    const kind = this.#random.pick(is_send ? this.#send_kinds : this.#kinds);
    return this.#happens(this.#rate) ? kind : 'ok';
  }

  isDoubled(): boolean {
    return this.#happens(this.#double_rate);
  }

  isUnacknowledged(): boolean {
    return this.#happens(this.#rate);
  }

  isHit(mishap: Mishap): boolean {
    return this.#happens(mishap === 'little time' ? this.#short_rate : this.#rate);
  }

  lateUs(random: Random): number {
    return NO_FAULTS.lateUs(random);
  }

  /** Draws whether or not the fault may still happen, so that the rest of the world does not depend on the limit. */
  #happens(rate: number): boolean {
    if (!this.#random.chance(rate)) return false;
    this.injected += 1;
    return this.injected <= this.#limit;
  }
}

function some<T extends Fate>(random: Random, kinds: readonly T[]): T[] {
  const chosen = kinds.filter(() => random.chance(0.6));
  return chosen.length === 0 ? [random.pick(kinds)] : chosen;
}

/** Which port calls fail and how, which deliveries are doubled, and which are not acknowledged. */
export interface Listed {
  readonly fates: readonly (readonly [call: number, fate: Fate])[];
  readonly doubled: readonly number[];
  readonly unacknowledged: readonly number[];
  /** How late effects and answers are, in microseconds. */
  readonly late_us: number;
}

/** Injects exactly the listed faults. */
export class ListedFaults implements FaultPlan {
  readonly #fates: ReadonlyMap<number, Fate>;
  readonly #doubled: ReadonlySet<number>;
  readonly #unacknowledged: ReadonlySet<number>;
  readonly #late_us: number;
  injected = 0;

  constructor({ fates, doubled, unacknowledged, late_us }: Listed) {
    this.#late_us = late_us;
    this.#fates = new Map(fates);
    this.#doubled = new Set(doubled);
    this.#unacknowledged = new Set(unacknowledged);
  }

  fateOf({ call, is_send }: Fated): Fate {
    const fate = this.#fates.get(call) ?? 'ok';
    if (fate === 'ok') return fate;
    // The call of this number may not be the send that was listed: earlier faults shift the numbers.
    if (!is_send && (fate === 'lost' || fate === 'sent in part')) return 'ok';
    this.injected += 1;
    return fate;
  }

  isDoubled(delivery: number): boolean {
    return this.#has(this.#doubled, delivery);
  }

  isUnacknowledged(delivery: number): boolean {
    return this.#has(this.#unacknowledged, delivery);
  }

  #has(listed: ReadonlySet<number>, delivery: number): boolean {
    if (!listed.has(delivery)) return false;
    this.injected += 1;
    return true;
  }

  isHit(): boolean {
    return false;
  }

  lateUs(): number {
    return this.#late_us;
  }
}
