import type { Random } from '../../random.ts';

/** What becomes of one call of a port. */
export const FATES = [
  /** The invocation dies before the call has had its effect, or after it, and never hears from it. */
  'kill before',
  'kill after',
  /** The call fails without its effect, or with it. */
  'error before',
  'error after',
  /** Applied, reported failed to the SDK below us, and applied again some time after: a put meets its own object. */
  'retried',
  /** The effect, or only the answer, comes after much else has happened. */
  'late effect',
  'late answer',
  /** Reported failed, and applied when much else has happened: it was still on the wire. */
  'error, late effect',
] as const;
/** Only for sending: some of the messages are sent and an error comes; none is sent, and nobody says so. */
export const SEND_FATES = ['sent in part', 'lost'] as const;

export type Fate = 'ok' | (typeof FATES)[number] | (typeof SEND_FATES)[number];

export interface Fated {
  /** Number of the call in this world, from 0. */
  readonly call: number;
  readonly is_send: boolean;
}

/** What goes wrong elsewhere than at a call of a port. */
export type Mishap =
  /** The next answer of an API is a bad one. */
  | 'bad answer'
  /** The connection to a database is lost before the next batch. */
  | 'lost connection'
  /** The next invocation has little time. */
  | 'little time'
  /** Whoever redrives a dead message dies before it is deleted: it will be sent once more. */
  | 'interrupted redrive';

export interface FaultPlan {
  fateOf(call: Fated): Fate;
  /** Whether the `delivery`-th delivery of this world is made twice at once. */
  isDoubled(delivery: number): boolean;
  /** Whether the acknowledgement of the `delivery`-th delivery is lost. */
  isUnacknowledged(delivery: number): boolean;
  /** Whether it happens, this time. */
  isHit(mishap: Mishap): boolean;
  /** How long what is late takes, in microseconds. */
  lateUs(random: Random): number;
}

/** Longer than the visibility time-out: what is late is overtaken by redeliveries. */
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

/** Faults by chance: which kinds and how often is drawn first, so that worlds differ a lot from each other. */
export class RandomFaults implements FaultPlan {
  readonly #random: Random;
  readonly #rate: number;
  readonly #double_rate: number;
  readonly #short_rate: number;
  readonly #kinds: readonly Fate[];
  readonly #send_kinds: readonly Fate[];
  /** Faults beyond so many don't happen: to find the shortest run of them that still breaks a law. */
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

  /** The numbers are drawn whether or not the fault happens: the rest of the world must not depend on the limit. */
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

/** Which calls of ports go wrong and how, which deliveries are made twice at once, and which are not acknowledged. */
export interface Listed {
  readonly fates: readonly (readonly [call: number, fate: Fate])[];
  readonly doubled: readonly number[];
  readonly unacknowledged: readonly number[];
  /** How late what is late comes. */
  readonly late_us: number;
}

/** Exactly these faults, and no others. */
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
    // With other code the calls have other numbers.
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
