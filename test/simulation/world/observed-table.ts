import { fieldsOf } from '@bronze/common/load/checkpoint-items';
import { CHECKPOINTS_KEY } from '@bronze/common/load/object-keys';
import type { Expected, Item, ItemTable } from '@bronze/common/ports/item-table';
import { encodeJson } from '@bronze/common/words/json';
import type { Change, Ledger } from './ledger.ts';

/** Checkpoints in a table. It reports each durable write to the laws before the caller gets its answer. */
export class ObservedTable implements ItemTable {
  readonly name: string;
  readonly #table: ItemTable;
  readonly #ledger: Ledger;
  readonly #onChange: (change: Change) => void;
  #reported = '{}';

  constructor(table: ItemTable, ledger: Ledger, onChange: (change: Change) => void) {
    this.name = table.name;
    this.#table = table;
    this.#ledger = ledger;
    this.#onChange = onChange;
  }

  get(entity: string): Promise<Item | undefined> {
    return this.#table.get(entity);
  }

  scan(): Promise<readonly Item[]> {
    return this.#table.scan();
  }

  async put(item: Item, expected: Expected | undefined): Promise<boolean> {
    try {
      return await this.#table.put(item, expected);
    } finally {
      // Also when the answer says otherwise: it may be lost, or that of a repetition.
      await this.#report();
    }
  }

  remove(entity: string, expected: Expected): Promise<boolean> {
    return this.#table.remove(entity, expected);
  }

  /** As the file that would say the same. */
  async #report(): Promise<void> {
    const items = await this.#table.scan();
    const file = Object.fromEntries(items.map((item) => [item.entity, fieldsOf(item)]));
    const text = JSON.stringify(file);
    if (text === this.#reported) return;
    this.#reported = text;
    for (const change of this.#ledger.replaced(CHECKPOINTS_KEY, encodeJson(file))) this.#onChange(change);
  }
}
