import { createHash } from 'node:crypto';
import type { EndpointEntity } from '@bronze/common/config/rest';
import { canonicalJson, JsonObject } from '../records/json-node.ts';

/** A repeated record is recognised at least this far back, and up to twice as far: some 20 MB. */
const GENERATION_RECORDS = 50_000;
/** The last pages are carried to the next slice, in the manifest: at least this many pages and this many records. */
const CARRIED_PAGES = 2;
const CARRIED_RECORDS = 1000;
/** Marks the end of a page in what is carried. */
const PAGE_END = '';
/** Base64 characters kept of an MD5: 72 bits. */
const DIGEST_LENGTH = 12;

/** The settings of an entity that say which of its records are the same. */
export type RecordIdentity = Pick<EndpointEntity, 'primary_key' | 'cursor' | 'exclude'>;

/**
 * The records read most recently. A list that moves while it is paged gives some of them again: those are skipped, by
 * primary key and content. They also show whether other records were missed: a record that still has the same key and
 * cursor has not moved, since a change would have moved it (decision 15).
 */
export class SeenRecords {
  readonly #identity: RecordIdentity;
  /**
   * Version digests and their (key, cursor) prefixes, evicted a generation at a time because that is cheaper than one
   * by one.
   */
  #young = new Set<string>();
  #old: ReadonlySet<string> = new Set();
  #pages: string[][];

  /** @param carried what {@link carried} gave at the end of the slice before */
  constructor(identity: RecordIdentity, carried: readonly string[]) {
    this.#identity = identity;
    this.#pages = pagesIn(carried);
    for (const version of this.#pages.flat()) this.#remember(version);
  }

  /** Whether a record was read recently and has not moved since. */
  has(record: JsonObject): boolean {
    return this.#knows(identityOf(this.#versionOf(record)));
  }

  /** Digests of the keys and cursors of records: equal ones are the same record, which has not moved. */
  identities(records: readonly JsonObject[]): string[] {
    return records.map((record) => identityOf(this.#versionOf(record)));
  }

  /**
   * The records of a page that were not read recently, each once; from now on they are known.
   *
   * @param again how many records at the start of the page were read before. They are compared by key and cursor only,
   *   so that a field that differs in each answer doesn't make them new
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

  /** Whether these are the records of the last page, in its order, and have not moved. */
  areLastPage(records: readonly JsonObject[]): boolean {
    const last = this.#pages.at(-1) ?? [];
    const identities = this.identities(records);
    return (
      last.length === identities.length && last.every((version, index) => identityOf(version) === identities[index])
    );
  }

  /** How many records the largest of the last pages has, at least 1. */
  get pageSize(): number {
    return Math.max(1, ...this.#pages.map((page) => page.length));
  }

  /** How many of the last records are certainly known. */
  get rememberedCount(): number {
    return this.#pages.reduce((sum, page) => sum + page.length, 0);
  }

  /** From how many pages these records are. */
  get pages(): number {
    return this.#pages.length;
  }

  /** What the next slice needs to know about the last pages. */
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

  /** Digests of key, cursor and content; the content is used in place of a key or a cursor that the record lacks. */
  #versionOf(record: JsonObject): string {
    const { primary_key, cursor, exclude } = this.#identity;
    const keys = primary_key.map((name) => record.get(name) ?? null);
    const shown = record.entries.filter(([name, value]) => value !== null && !exclude.includes(name));
    const content = digest(canonicalJson(new JsonObject(shown)));
    const value = cursor === null ? undefined : (record.get(cursor) ?? undefined);
    const key = keys.includes(null) ? content : digest(keys.map(canonicalJson).join());
    return `${key}${value === undefined ? content : digest(canonicalJson(value))}${content}`;
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

/** Drops the oldest pages as long as enough is left. */
function lastOf(pages: readonly string[][]): string[][] {
  let from = 0;
  let records = pages.reduce((sum, page) => sum + page.length, 0);
  while (pages.length - from > CARRIED_PAGES && records - (pages[from]?.length ?? 0) >= CARRIED_RECORDS) {
    records -= pages[from]?.length ?? 0;
    from += 1;
  }
  return pages.slice(from);
}

/** A short text that represents a long one. */
export function digest(text: string): string {
  return createHash('md5').update(text).digest('base64url').slice(0, DIGEST_LENGTH);
}
