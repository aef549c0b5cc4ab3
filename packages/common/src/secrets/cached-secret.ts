import type { Clock } from '../ports/clock.ts';
import type { SecretProvider } from '../ports/secret-provider.ts';

/** After this time a rotated secret is picked up, even while the old one still works. */
const CACHED_MS = 5 * 60 * 1000;

export interface SecretPorts {
  readonly secrets: SecretProvider;
  readonly clock: Clock;
  /** The secret's name, resolved each time the secret is read. */
  readonly name: () => string;
}

/** A decoded secret: read when it is needed, cached for five minutes, never printed. */
export class CachedSecret<T> {
  readonly #ports: SecretPorts;
  readonly #decode: (secret: string) => T;
  #cached: { readonly value: T; readonly until_ms: number } | undefined;

  /** @param decode turns the secret's text into its value; throws BronzeError SECRET_UNREADABLE */
  constructor(ports: SecretPorts, decode: (secret: string) => T) {
    this.#ports = ports;
    this.#decode = decode;
  }

  /** The cached value, or one just read. @throws BronzeError SECRET_UNREADABLE, SECRET_UNAVAILABLE */
  async current(): Promise<T> {
    const { secrets, clock, name } = this.#ports;
    const now_ms = Date.parse(clock.now());
    if (this.#cached && now_ms < this.#cached.until_ms) return this.#cached.value;
    const value = this.#decode(await secrets.read(name()));
    this.#cached = { value, until_ms: now_ms + CACHED_MS };
    return value;
  }

  /** Reads the secret again after the value was refused: it may have been rotated. Throws as `current` does. */
  async renewed(): Promise<T> {
    this.#cached = undefined;
    return this.current();
  }
}
