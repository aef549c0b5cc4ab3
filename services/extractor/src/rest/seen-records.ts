import { createHash } from 'node:crypto';
import { canonicalJson, type JsonObject } from './json-node.ts';

/** How far back a repeated record is known; some 20 MB. */
const RECORDS_MAX = 100_000;
/** Of the last pages, for the slice that goes on: it lies in the manifest. */
const CARRIED_MAX = 2000;
const CARRIED_PAGES = 2;
/** Base64 characters of an MD5: 72 bits. */
const DIGEST_LENGTH = 12;

interface Digests {
  readonly key: string;
  readonly content: string;
}

/**
 * The records read last, by primary key and content. A list that moves while it is being paged gives some of them
 * again; and where one of them stands tells whether others were skipped.
 */
export class SeenRecords {
  readonly #primary_key: readonly string[];
  readonly #contents = new Map<string, Set<string>>();
  #pages: Digests[][] = [];
  #count = 0;

  /** @param carried what {@link carried} gave at the end of the slice before */
  constructor(primary_key: readonly string[], carried: readonly string[]) {
    this.#primary_key = primary_key;
    this.#pages = [carried.map((text) => ({ key: text.slice(0, DIGEST_LENGTH), content: text.slice(DIGEST_LENGTH) }))];
    for (const digests of this.#pages.flat()) this.#remember(digests);
  }

  /** Whether a record of this key was read lately, whatever its content was. */
  hasKey(record: JsonObject): boolean {
    return this.#contents.has(this.#digests(record).key);
  }

  /** The records of a page that were not read lately, each once; from now on they are known. */
  unseen(page: readonly JsonObject[]): JsonObject[] {
    const digests = page.map((record) => this.#digests(record));
    const fresh = page.filter((_, index) => {
      const one = digests[index];
      return one !== undefined && this.#remember(one);
    });
    this.#pages = [...this.#pages, digests].slice(-CARRIED_PAGES);
    return fresh;
  }

  /** How many records a page had at least, on average of the last. */
  get pageSize(): number {
    return Math.floor(this.#pages.flat().length / CARRIED_PAGES);
  }

  /** What the next slice needs to know of the last pages. */
  carried(): string[] {
    const last = this.#pages.flat().slice(-CARRIED_MAX);
    return last.map(({ key, content }) => `${key}${content}`);
  }

  /** False when it is known already. */
  #remember({ key, content }: Digests): boolean {
    const known = this.#contents.get(key);
    if (known?.has(content)) return false;
    if (known) known.add(content);
    else this.#contents.set(key, new Set([content]));
    this.#count += known ? 0 : 1;
    if (this.#count > RECORDS_MAX) this.#forgetOldest();
    return true;
  }

  #forgetOldest(): void {
    const [oldest] = this.#contents.keys();
    if (oldest === undefined) return;
    this.#contents.delete(oldest);
    this.#count -= 1;
  }

  #digests(record: JsonObject): Digests {
    const key = this.#primary_key.map((name) => canonicalJson(record.get(name) ?? null)).join();
    return { key: digest(key), content: digest(canonicalJson(record)) };
  }
}

function digest(text: string): string {
  return createHash('md5').update(text).digest('base64url').slice(0, DIGEST_LENGTH);
}
