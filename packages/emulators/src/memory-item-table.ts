import type { Expected, Item, ItemTable } from '@bronze/common/ports/item-table';

/** A table in this process's memory, for tests. It passes the same test suite as DynamoDB. */
export class MemoryItemTable implements ItemTable {
  readonly name = 'memory';
  readonly #items = new Map<string, Item>();

  async get(entity: string): Promise<Item | undefined> {
    return structuredClone(this.#items.get(entity));
  }

  async scan(): Promise<readonly Item[]> {
    return structuredClone([...this.#items.values()]);
  }

  async put(item: Item, expected: Expected | undefined): Promise<boolean> {
    const stored = this.#items.get(item.entity);
    if (!isAsExpected(stored, expected)) return false;
    this.#items.set(item.entity, structuredClone(item));
    return true;
  }

  async remove(entity: string, expected: Expected): Promise<boolean> {
    return isAsExpected(this.#items.get(entity), expected) && this.#items.delete(entity);
  }
}

function isAsExpected(stored: Item | undefined, expected: Expected | undefined): boolean {
  if (!expected) return stored === undefined;
  return Object.entries(expected).every(([name, value]) => (stored?.[name] ?? null) === value);
}
