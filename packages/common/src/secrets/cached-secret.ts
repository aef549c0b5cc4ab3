import type { Clock } from '../ports/clock.ts';
import type { SecretProvider } from '../ports/secret-provider.ts';

/** A rotated secret is picked up after so long even where the old one still works. */
const CACHED_MS = 5 * 60 * 1000;

export interface SecretPorts {
  readonly secrets: SecretProvider;
  readonly clock: Clock;
  /** Where it lies: looked up with each reading. */
  readonly name: () => string;
}

/** What a secret holds: read when it is needed, kept for five minutes, never printed. */
export class CachedSecret<T> {
  readonly #ports: SecretPorts;
  readonly #decode: (secret: string) => T;
  #cached: { readonly value: T; readonly until_ms: number } | undefined;

  /** @param decode throws BronzeError SECRET_UNREADABLE */
  constructor(ports: SecretPorts, decode: (secret: string) => T) {
    this.#ports = ports;
    this.#decode = decode;
  }

  /** @throws BronzeError SECRET_UNREADABLE, SECRET_UNAVAILABLE */
  async current(): Promise<T> {
    const { secrets, clock, name } = this.#ports;
    const now_ms = Date.parse(clock.now());
    if (this.#cached && now_ms < this.#cached.until_ms) return this.#cached.value;
    const value = this.#decode(await secrets.read(name()));
    this.#cached = { value, until_ms: now_ms + CACHED_MS };
    return value;
  }

  /** After a refusal: it may have been rotated. */
  async renewed(): Promise<T> {
    this.#cached = undefined;
    return this.current();
  }
}
