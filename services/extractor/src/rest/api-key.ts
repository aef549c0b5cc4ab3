import { BronzeError } from '@bronze/common/failure';
import type { Clock, SecretProvider } from '@bronze/common/ports';

/** A rotated key is picked up after so long even where the old one still works. */
const CACHED_MS = 5 * 60 * 1000;
/** What a header can carry (RFC 9110: visible characters). */
const HEADER_VALUE = /^[\x21-\x7e]+$/;

/** An API key behind its secret: read when needed, kept for five minutes, never printed. */
export class ApiKey {
  readonly #secrets: SecretProvider;
  readonly #name: () => string;
  readonly #clock: Clock;
  #cached: { readonly key: string; readonly until_ms: number } | undefined;

  constructor(secrets: SecretProvider, name: () => string, clock: Clock) {
    this.#secrets = secrets;
    this.#name = name;
    this.#clock = clock;
  }

  /** @throws BronzeError SECRET_UNREADABLE, SECRET_UNAVAILABLE */
  async current(): Promise<string> {
    const now_ms = Date.parse(this.#clock.now());
    if (this.#cached && now_ms < this.#cached.until_ms) return this.#cached.key;
    const key = keyIn(await this.#secrets.read(this.#name()));
    this.#cached = { key, until_ms: now_ms + CACHED_MS };
    return key;
  }

  /** After a refusal: the key may have been rotated. */
  async renewed(): Promise<string> {
    this.#cached = undefined;
    return this.current();
  }
}

/** A bare key, or JSON such as `{"api_key": "…"}`. */
function keyIn(secret: string): string {
  const key = bareKey(secret.trim());
  if (HEADER_VALUE.test(key)) return key;
  throw new BronzeError('SECRET_UNREADABLE', {
    message:
      key === '' ? 'the secret holds no API key' : 'the API key in the secret has characters that no header can carry',
    hint: 'It should be the key itself, or JSON such as {"api_key": "…"}.',
  });
}

function bareKey(secret: string): string {
  if (!secret.startsWith('{')) return secret;
  try {
    const key: unknown = Reflect.get(Object(JSON.parse(secret)), 'api_key');
    return typeof key === 'string' ? key : '';
  } catch {
    return '';
  }
}
