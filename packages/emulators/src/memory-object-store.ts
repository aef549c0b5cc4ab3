import { etagOf } from '@bronze/common/adapters/local/etag';
import { allKeys, type ListPage, sortedByBytes } from '@bronze/common/ports/list-pages';
import type { ObjectStore, StoredObject } from '@bronze/common/ports/object-store';

/** An object store in this process's memory, for tests. It passes the same test suite as the other stores. */
export class MemoryObjectStore implements ObjectStore {
  readonly #objects = new Map<string, StoredObject>();
  readonly #page_keys: number;

  /** @param page_keys maximum number of keys on a page of a listing */
  constructor(page_keys = 1000) {
    this.#page_keys = page_keys;
  }

  async get(key: string): Promise<StoredObject | undefined> {
    return this.#objects.get(key);
  }

  async putIfAbsent(key: string, body: Uint8Array): Promise<'created' | 'exists'> {
    if (this.#objects.has(key)) return 'exists';
    this.#put(key, body);
    return 'created';
  }

  async replace(key: string, body: Uint8Array, etag: string | undefined): Promise<boolean> {
    if (this.#objects.get(key)?.etag !== etag) return false;
    this.#put(key, body);
    return true;
  }

  async list(prefix: string): Promise<readonly string[]> {
    return allKeys((from) => this.listPage(prefix, from));
  }

  /** One page of keys that come after `from`; `next` is where the next page begins, undefined on the last. */
  async listPage(prefix: string, from: string | undefined): Promise<ListPage> {
    const found = [...this.#objects.keys()].filter((key) => key.startsWith(prefix) && key > (from ?? ''));
    const keys = sortedByBytes(found).slice(0, this.#page_keys);
    return { keys, next: keys.length < found.length ? keys.at(-1) : undefined };
  }

  async size(key: string): Promise<number | undefined> {
    return this.#objects.get(key)?.body.byteLength;
  }

  async remove(key: string): Promise<void> {
    this.#objects.delete(key);
  }

  #put(key: string, body: Uint8Array): void {
    this.#objects.set(key, { body: new Uint8Array(body), etag: etagOf(body) });
  }
}
