/** An item of a table. `entity` is its key; the other attributes are JSON values. */
export interface Item {
  readonly entity: string;
  readonly [attribute: string]: unknown;
}

/** What a conditional put expects of the stored item: these values, and null for an attribute that it must not have. */
export type Expected = Readonly<Record<string, string | number | boolean | null>>;

/** A table with one item per entity, read with strong consistency. */
export interface ItemTable {
  readonly name: string;
  get(entity: string): Promise<Item | undefined>;
  /** Every item, however many there are. */
  scan(): Promise<readonly Item[]>;
  /**
   * Atomic: replaces the whole item, only while the stored one is as expected (undefined: there is none).
   *
   * @returns false if it was not. As adapters repeat a put whose answer was lost, it may then be this very put that
   *   changed the item: callers read back.
   */
  put(item: Item, expected: Expected | undefined): Promise<boolean>;
  /** Removes an item, only while it is as expected. For moving checkpoints: no function does. */
  remove(entity: string, expected: Expected): Promise<boolean>;
}
