import { BronzeError } from '@bronze/common/words/failure';
import type { FaultPlan, Fate } from '../faults/fates.ts';
import type { Invocation } from './invocation.ts';
import type { Random } from '../../random.ts';
import type { Trace } from './trace.ts';
import type { VirtualClock } from './virtual-clock.ts';

/** One call of a port. */
export interface PortCall<Answer> {
  /** `objects.get` */
  readonly name: string;
  /** A key, an entity, a number of messages: shown in the event log. */
  readonly about: string;
  readonly is_send?: boolean;
  /** The call happens at this time at the earliest. */
  readonly at_us?: number;
  effect(): Promise<Answer>;
  /** For sends: sends only some of the messages. */
  partly?(): Promise<unknown>;
  /** For sends: called when the messages vanish although the send succeeds. */
  onLost?(): void;
  /** The failure that the adapter would throw. */
  failure(): BronzeError;
}

interface Waiting {
  readonly invocation: Invocation;
  readonly call: PortCall<unknown>;
  readonly resolve: (answer: unknown) => void;
  readonly reject: (thrown: unknown) => void;
  readonly number: number;
  fate: Fate;
  at_us: number;
  /** It happens even if its invocation has ended. */
  readonly isOnTheWire?: boolean;
}

/** The scheduler: every port call waits here until the world lets it happen. Nothing else ever runs. */
export class Agenda {
  readonly #waiting: Waiting[] = [];
  readonly #random: Random;
  readonly #clock: VirtualClock;
  readonly #trace: Trace;
  /** Replaced by `NO_FAULTS` when faults stop. */
  faults: FaultPlan;
  calls = 0;
  /** Called for every call that is made. */
  onAsked: (call: number, is_send: boolean) => void = () => undefined;

  constructor(world: { random: Random; clock: VirtualClock; trace: Trace; faults: FaultPlan }) {
    this.#random = world.random;
    this.#clock = world.clock;
    this.#trace = world.trace;
    this.faults = world.faults;
  }

  /** Schedules a call. @returns its answer; a promise that never settles if the invocation is killed */
  ask<Answer>(invocation: Invocation, call: PortCall<Answer>): Promise<Answer> {
    return new Promise<Answer>((resolve, reject) => {
      if (!invocation.isAlive) return;
      const number = this.calls++;
      this.onAsked(number, call.is_send === true);
      const fate = this.faults.fateOf({ call: number, is_send: call.is_send === true });
      const at_us = Math.max(call.at_us ?? 0, this.#clock.now_us);
      const answer = resolve as (answer: unknown) => void;
      this.#waiting.push({ invocation, call, resolve: answer, reject, number, fate, at_us });
    });
  }

  /** Drops the waiting calls of an invocation that has ended, except those already on the wire. */
  forget(invocation: Invocation): void {
    for (let index = this.#waiting.length - 1; index >= 0; index -= 1) {
      const one = this.#waiting[index];
      if (one?.invocation === invocation && !one.isOnTheWire) this.#waiting.splice(index, 1);
    }
  }

  /** How many calls could happen now. */
  get ready(): number {
    let ready = 0;
    for (const one of this.#waiting) if (one.at_us <= this.#clock.now_us) ready += 1;
    return ready;
  }

  /** When the next call can happen, in virtual microseconds; `Infinity` when none waits. */
  get next_us(): number {
    return this.#waiting.reduce((next, one) => Math.min(next, one.at_us), Infinity);
  }

  /**
   * Lets one of the calls happen that can happen now.
   *
   * @param isInOrder the oldest call instead of a random one
   * @throws RangeError when no call can happen now
   */
  async step(isInOrder: boolean): Promise<void> {
    const now_us = this.#clock.now_us;
    const ready = this.#waiting.filter((one) => one.at_us <= now_us);
    const chosen = isInOrder ? ready[0] : this.#random.pick(ready);
    if (!chosen) throw new RangeError('no call is ready');
    this.#waiting.splice(this.#waiting.indexOf(chosen), 1);
    await this.#happen(chosen);
  }

  async #happen(one: Waiting): Promise<void> {
    const { invocation, call, number, fate } = one;
    const say = (what: string) =>
      this.#trace.add(`${this.#clock.now_us} ${invocation.name} #${number} ${call.name} ${call.about}: ${what}`);
    switch (fate) {
      case 'kill before':
        say(fate);
        return invocation.kill();
      case 'error before':
        say(fate);
        return one.reject(call.failure());
      case 'lost':
        say(fate);
        call.onLost?.();
        return one.resolve(undefined);
      case 'sent in part':
        say(fate);
        await call.partly?.();
        return one.reject(call.failure());
      case 'late effect':
        say(fate);
        return this.#later(one, call);
      case 'error, late effect':
        say(fate);
        this.#later({ ...one, isOnTheWire: true, resolve: () => undefined, reject: () => undefined }, call);
        return one.reject(call.failure());
      default:
        return this.#apply(one, say);
    }
  }

  async #apply(one: Waiting, say: (what: string) => void): Promise<void> {
    const { call, fate, invocation } = one;
    let answer: unknown;
    try {
      answer = await call.effect();
    } catch (thrown) {
      say(`throws ${thrown instanceof BronzeError ? thrown.code : String(thrown)}`);
      return one.reject(thrown);
    }
    say(fate === 'ok' ? shown(answer) : `${fate}, ${shown(answer)}`);
    if (fate === 'kill after') return invocation.kill();
    if (fate === 'error after') return one.reject(call.failure());
    if (fate === 'retried') return this.#later(one, call);
    if (fate === 'late answer') return this.#later(one, { ...call, effect: async () => answer });
    one.resolve(answer);
  }

  #later(one: Waiting, call: PortCall<unknown>): void {
    const at_us = this.#clock.now_us + this.faults.lateUs(this.#random);
    this.#waiting.push({ ...one, call, fate: 'ok', at_us });
  }
}

/** A short text for an answer: enough to see where two runs differ. */
function shown(answer: unknown): string {
  if (typeof answer === 'string' || typeof answer === 'boolean') return String(answer);
  if (Array.isArray(answer)) return `${answer.length} keys`;
  const etag: unknown = Reflect.get(Object(answer), 'etag');
  return typeof etag === 'string' ? etag.slice(1, 9) : answer === undefined ? '-' : 'done';
}
