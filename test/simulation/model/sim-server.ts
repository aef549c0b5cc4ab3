import type { Database, Session } from '@bronze/extractor/postgres/database';
import type { Random } from '../../random.ts';
import type { Appointments } from '../world/appointments.ts';

export interface ServerOptions {
  /** What the server allows. */
  readonly connections_max: number;
  /** When nothing connects, from and until, in order. Open connections stay. */
  readonly outages: readonly (readonly [from_ms: number, until_ms: number])[];
  readonly isPasswordWrong: boolean;
  /** What Bronze may have, attempts included. */
  readonly mayHave: number;
}

/** A server that counts, and takes its time. */
export class Server implements Database {
  readonly #options: ServerOptions;
  readonly #appointments: Appointments;
  readonly #random: Random;
  readonly lines: string[] = [];
  attempts = 0;
  /** The first time Bronze had more connections than it may have. */
  broken: string | undefined;
  /** Attempts and connections, until Bronze has closed them. */
  #held = 0;
  /** As the server counts them: it needs a moment to see that one was closed. */
  #counted = 0;

  constructor(options: ServerOptions, appointments: Appointments, random: Random) {
    this.#options = options;
    this.#appointments = appointments;
    this.#random = random;
  }

  async open(): Promise<Session> {
    this.attempts += 1;
    this.#held += 1;
    const { mayHave } = this.#options;
    if (this.#held > mayHave) this.broken ??= `there were ${this.#held} connections, and there may be ${mayHave}`;
    await this.#after(50);
    const refusal = this.#refusal();
    this.lines.push(`${this.#appointments.now_ms} ms ${refusal ?? 'connected'}`);
    if (refusal !== undefined) {
      this.#held -= 1;
      throw Object.assign(new Error('refused'), { code: refusal });
    }
    this.#counted += 1;
    return {
      quoting: { identifier: (name) => name, literal: (text) => text },
      rows: async () => [],
      copy: () => ({ chunks: (async function* () {})(), rowCount: async () => 0 }),
      close: () => this.#close(),
    };
  }

  #refusal(): string | undefined {
    const { outages, isPasswordWrong, connections_max } = this.#options;
    const now = this.#appointments.now_ms;
    if (outages.some(([from, until]) => now >= from && now < until)) return 'ECONNREFUSED';
    if (isPasswordWrong) return '28P01';
    return this.#counted >= connections_max ? '53300' : undefined;
  }

  async #close(): Promise<void> {
    await this.#after(30);
    this.#held -= 1;
    await Promise.resolve();
    void this.#after(300).then(() => (this.#counted -= 1));
  }

  #after(ms_max: number): Promise<void> {
    return this.#appointments.sleep(this.#random.between(1, ms_max));
  }
}
