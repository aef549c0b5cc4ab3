import type { ObjectStore, StoredObject } from '@bronze/common/ports/object-store';
import type { MemoryObjectStore } from '@bronze/emulators/memory-object-store';
import type { Change, Ledger } from './ledger.ts';

/** The in-memory object store. It reports each durable write to the laws before the caller gets its answer. */
export class ObservedStore implements ObjectStore {
  readonly #store: MemoryObjectStore;
  readonly #ledger: Ledger;
  readonly #onChange: (change: Change) => void;

  constructor(store: MemoryObjectStore, ledger: Ledger, onChange: (change: Change) => void) {
    this.#store = store;
    this.#ledger = ledger;
    this.#onChange = onChange;
  }

  get(key: string): Promise<StoredObject | undefined> {
    return this.#store.get(key);
  }

  list(prefix: string): Promise<readonly string[]> {
    return this.#store.list(prefix);
  }

  listPage(prefix: string, from: string | undefined) {
    return this.#store.listPage(prefix, from);
  }

  async putIfAbsent(key: string, body: Uint8Array): Promise<'created' | 'exists'> {
    const put = await this.#store.putIfAbsent(key, body);
    if (put === 'created') this.#report(this.#ledger.created(key, body));
    else {
      const stored = await this.#store.get(key);
      this.#report(this.#ledger.repeated(key, Buffer.from(body).equals(stored?.body ?? Buffer.of())));
    }
    return put;
  }

  async replace(key: string, body: Uint8Array, etag: string | undefined): Promise<boolean> {
    const isReplaced = await this.#store.replace(key, body, etag);
    if (isReplaced) this.#report(this.#ledger.replaced(key, body));
    return isReplaced;
  }

  async remove(key: string): Promise<void> {
    await this.#store.remove(key);
    this.#report([{ kind: 'removed', key, load: this.#ledger.loadOfKey(key) }]);
  }

  #report(changes: readonly Change[]): void {
    for (const change of changes) this.#onChange(change);
  }
}
