import { createHash } from 'node:crypto';
import type { EndpointEntity } from '@bronze/common/config/rest';
import { canonicalJson, JsonObject } from '../records/json-node.ts';

/** How far back a repeated record is known at least: up to twice as far, some 20 MB. */
const GENERATION_RECORDS = 50_000;
/** So many of the last pages are carried on to the next slice, in the manifest: at least so many records. */
const CARRIED_PAGES = 2;
const CARRIED_RECORDS = 1000;
/** Ends a page in what is carried. */
const PAGE_END = '';
/** Base64 characters of an MD5: 72 bits. */
const DIGEST_LENGTH = 12;

/** What of an entity tells its records apart. */
export type RecordIdentity = Pick<EndpointEntity, 'primary_key' | 'cursor' | 'exclude'>;

/**
 * The records read last. A list that moves while it is being paged gives some of them again: those are left out, by
 * primary key and content. And where one of them stands tells whether others were skipped: a record that has its key
 * and cursor stands where it stood, since a change would have moved it.
 */
export class SeenRecords {
  readonly #identity: RecordIdentity;
  /** Versions, and as shorter texts what they stand for. Forgotten a generation at a time: cheaper than one by one. */
  #young = new Set<string>();
  #old: ReadonlySet<string> = new Set();
  #pages: string[][];

  /** @param carried what {@link carried} gave at the end of the slice before */
  constructor(identity: RecordIdentity, carried: readonly string[]) {
    this.#identity = identity;
    this.#pages = pagesIn(carried);
    for (const version of this.#pages.flat()) this.#remember(version);
  }

  /** Whether a record was read lately and stands where it stood. */
  has(record: JsonObject): boolean {
    return this.#knows(identityOf(this.#versionOf(record)));
  }

  /**
   * The records of a page that were not read lately, each once; from now on they are known.
   *
   * @param again how many of its first were read before: fields that differ in each answer make no new ones of them
   */
  unseen(page: readonly JsonObject[], again: number): JsonObject[] {
    const versions = page.map((record) => this.#versionOf(record));
    const fresh = page.filter((_, index) => {
      const version = versions[index] ?? '';
      const isKnown = this.#knows(index < again ? identityOf(version) : version);
      this.#remember(version);
      return !isKnown;
    });
    this.#pages = lastOf([...this.#pages, versions]);
    return fresh;
  }

  /** How many records the largest of the last pages had. */
  get pageSize(): number {
    return Math.max(1, ...this.#pages.map((page) => page.length));
  }

  /** How many of the last records are known for certain, and of how many pages. */
  get rememberedCount(): number {
    return this.#pages.reduce((sum, page) => sum + page.length, 0);
  }

  get pages(): number {
    return this.#pages.length;
  }

  /** What the next slice needs to know of the last pages. */
  carried(): string[] {
    return this.#pages.flatMap((page) => [...page, PAGE_END]);
  }

  #knows(text: string): boolean {
    return this.#young.has(text) || this.#old.has(text);
  }

  #remember(version: string): void {
    if (this.#young.size >= 2 * GENERATION_RECORDS) {
      this.#old = this.#young;
      this.#young = new Set();
    }
    this.#young.add(version).add(identityOf(version));
  }

  /** Key, cursor and content; without a cursor value the content stands for it. */
  #versionOf(record: JsonObject): string {
    const { primary_key, cursor, exclude } = this.#identity;
    const key = primary_key.map((name) => canonicalJson(record.get(name) ?? null)).join();
    const shown = record.entries.filter(([name, value]) => value !== null && !exclude.includes(name));
    const content = digest(canonicalJson(new JsonObject(shown)));
    const moment = cursor === null ? undefined : (record.get(cursor) ?? undefined);
    return `${digest(key)}${moment === undefined ? content : digest(canonicalJson(moment))}${content}`;
  }
}

function identityOf(version: string): string {
  return version.slice(0, 2 * DIGEST_LENGTH);
}

function pagesIn(carried: readonly string[]): string[][] {
  const pages: string[][] = [];
  let page: string[] = [];
  for (const version of carried) {
    if (version !== PAGE_END) page.push(version);
    else {
      pages.push(page);
      page = [];
    }
  }
  return pages;
}

/** Without the oldest pages, as long as enough is left. */
function lastOf(pages: readonly string[][]): string[][] {
  let from = 0;
  let records = pages.reduce((sum, page) => sum + page.length, 0);
  while (pages.length - from > CARRIED_PAGES && records - (pages[from]?.length ?? 0) >= CARRIED_RECORDS) {
    records -= pages[from]?.length ?? 0;
    from += 1;
  }
  return pages.slice(from);
}

/** A short text for a long one. */
export function digest(text: string): string {
  return createHash('md5').update(text).digest('base64url').slice(0, DIGEST_LENGTH);
}
