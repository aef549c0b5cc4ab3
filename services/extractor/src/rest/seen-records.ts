import { createHash } from 'node:crypto';
import { canonicalJson, type JsonObject } from './json-node.ts';

/** How far back a repeated record is known at least: up to twice as far, some 20 MB. */
const GENERATION_RECORDS = 50_000;
/** Of the last pages, for the slice that goes on: it lies in the manifest. */
const CARRIED_MAX = 2000;
const CARRIED_PAGES = 2;
/** Base64 characters of an MD5: 72 bits. */
const DIGEST_LENGTH = 12;

interface Digests {
  readonly key: string;
  readonly content: string;
}

/** Forgotten as a whole: cheaper than record by record. */
class Generation {
  readonly keys = new Set<string>();
  readonly versions = new Set<string>();
}

/**
 * The records read last, by primary key and content. A list that moves while it is being paged gives some of them
 * again; and where one of them stands tells whether others were skipped.
 */
export class SeenRecords {
  readonly #primary_key: readonly string[];
  #young = new Generation();
  #old = new Generation();
  #pages: Digests[][] = [];

  /** @param carried what {@link carried} gave at the end of the slice before */
  constructor(primary_key: readonly string[], carried: readonly string[]) {
    this.#primary_key = primary_key;
    this.#pages = [carried.map((text) => ({ key: text.slice(0, DIGEST_LENGTH), content: text.slice(DIGEST_LENGTH) }))];
    for (const digests of this.#pages.flat()) this.#remember(digests);
  }

  /** Whether a record of this key was read lately, whatever its content was. */
  hasKey(record: JsonObject): boolean {
    const { key } = this.#digests(record);
    return this.#young.keys.has(key) || this.#old.keys.has(key);
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
    const version = `${key}${content}`;
    if (this.#young.versions.has(version) || this.#old.versions.has(version)) return false;
    if (this.#young.versions.size >= GENERATION_RECORDS) {
      this.#old = this.#young;
      this.#young = new Generation();
    }
    this.#young.keys.add(key);
    this.#young.versions.add(version);
    return true;
  }

  #digests(record: JsonObject): Digests {
    const key = this.#primary_key.map((name) => canonicalJson(record.get(name) ?? null)).join();
    return { key: digest(key), content: digest(canonicalJson(record)) };
  }
}

/** A short text for a long one. */
export function digest(text: string): string {
  return createHash('md5').update(text).digest('base64url').slice(0, DIGEST_LENGTH);
}
