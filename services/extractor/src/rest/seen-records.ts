import { createHash } from 'node:crypto';
import { canonicalJson, type JsonObject } from './json-node.ts';

/** How far back a repeated record is known at least: up to twice as far, some 20 MB. */
const GENERATION_RECORDS = 50_000;
/** So many of the last pages are carried on to the next slice, in the manifest: at least so many records. */
const CARRIED_PAGES = 2;
const CARRIED_RECORDS = 1000;
/** Ends a page in what is carried. */
const PAGE_END = '';
/** Base64 characters of an MD5: 72 bits. */
const DIGEST_LENGTH = 12;

/**
 * The records read last, by primary key and content. A list that moves while it is being paged gives some of them
 * again; and where one of them stands tells whether others were skipped.
 */
export class SeenRecords {
  readonly #primary_key: readonly string[];
  /** Forgotten a generation at a time: cheaper than record by record. */
  #young = new Set<string>();
  #old: ReadonlySet<string> = new Set();
  #pages: string[][];

  /** @param carried what {@link carried} gave at the end of the slice before */
  constructor(primary_key: readonly string[], carried: readonly string[]) {
    this.#primary_key = primary_key;
    this.#pages = pagesIn(carried);
    for (const version of this.#pages.flat()) this.#remember(version);
  }

  /** Whether this very version of a record was read lately: then it stands where it stood, since a change moves it. */
  has(record: JsonObject): boolean {
    return this.#knows(this.#versionOf(record));
  }

  /** The records of a page that were not read lately, each once; from now on they are known. */
  unseen(page: readonly JsonObject[]): JsonObject[] {
    const versions = page.map((record) => this.#versionOf(record));
    const fresh = page.filter((_, index) => this.#remember(versions[index] ?? ''));
    this.#pages = lastOf([...this.#pages, versions]);
    return fresh;
  }

  /** How many records the largest of the last pages had. */
  get pageSize(): number {
    return Math.max(1, ...this.#pages.map((page) => page.length));
  }

  /** What the next slice needs to know of the last pages. */
  carried(): string[] {
    return this.#pages.flatMap((page) => [...page, PAGE_END]);
  }

  #knows(version: string): boolean {
    return this.#young.has(version) || this.#old.has(version);
  }

  /** False when it is known already. */
  #remember(version: string): boolean {
    if (this.#knows(version)) return false;
    if (this.#young.size >= GENERATION_RECORDS) {
      this.#old = this.#young;
      this.#young = new Set();
    }
    this.#young.add(version);
    return true;
  }

  #versionOf(record: JsonObject): string {
    const key = this.#primary_key.map((name) => canonicalJson(record.get(name) ?? null)).join();
    return `${digest(key)}${digest(canonicalJson(record))}`;
  }
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
