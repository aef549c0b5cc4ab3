import * as z from 'zod/mini';
import { decodeValue } from '../words/json.ts';
import type { AttemptIds } from '../ports/attempt-ids.ts';
import type { Expected, Item, ItemTable } from '../ports/item-table.ts';
import { type Checkpoint, checkpointSchema } from './checkpoint.ts';
import { elsewhere, unreadable } from './checkpoint-place.ts';
import type { CheckpointStore, StoredCheckpoint, VersionedCheckpoint } from './checkpoint-store.ts';

/** Attributes of the store itself; all others are fields of the checkpoint. */
interface OwnAttributes {
  readonly entity: string;
  /** Changes with every write. An item that people made may lack it. */
  readonly swap_id?: string;
  /** True while the checkpoints are being moved to or from the table, and after they have left it. */
  readonly inactive?: boolean;
}

export type CheckpointItem = Item & OwnAttributes;

/**
 * Checkpoints in a table, one item per entity, whose attributes are the checkpoint's fields.
 *
 * A version is the item's texts and numbers, so that a swap also notices what a person changed in the console.
 */
export class CheckpointItems implements CheckpointStore {
  readonly #table: ItemTable;
  readonly #ids: AttemptIds;

  constructor(table: ItemTable, ids: AttemptIds) {
    this.#table = table;
    this.#ids = ids;
  }

  async readAll(): Promise<ReadonlyMap<string, Checkpoint | undefined>> {
    const items = await this.#table.scan();
    return new Map(items.map((item) => [item.entity, z.safeParse(checkpointSchema, this.#fieldsOf(item)).data]));
  }

  async read(entity: string): Promise<VersionedCheckpoint> {
    const { stored, version } = await this.readStored(entity);
    const what = `table ${this.#table.name}: ${entity}`;
    return {
      checkpoint: stored === undefined ? undefined : decodeValue(checkpointSchema, stored, unreadable(what)),
      version,
    };
  }

  async readStored(entity: string): Promise<StoredCheckpoint> {
    const item = await this.#table.get(entity);
    return { stored: item && this.#fieldsOf(item), version: versionOf(item) };
  }

  async swap(entity: string, version: string, next: Checkpoint): Promise<boolean> {
    const expected = expectedBy(version);
    if (expected === undefined) return false;
    return putItem(this.#table, { ...next, entity, swap_id: this.#ids.next() }, expected.item);
  }

  #fieldsOf(item: Item): object {
    if (item['inactive'] === true) throw elsewhere(`the checkpoints are not, or not yet, in table ${this.#table.name}`);
    return fieldsOf(item);
  }
}

/** @returns false if the item was no longer as expected */
export async function putItem(
  table: ItemTable,
  item: CheckpointItem & { readonly swap_id: string },
  expected: Expected | undefined,
): Promise<boolean> {
  if (await table.put(item, expected)) return true;
  // A refused put may be the repetition of our own, whose answer was lost.
  return (await table.get(item.entity))?.['swap_id'] === item.swap_id;
}

/** The fields of the checkpoint in an item, unknown ones too. */
export function fieldsOf(item: Item): object {
  const { entity: _, swap_id: __, inactive: ___, ...fields } = item;
  return fields;
}

/** What {@link ItemTable.put} expects of an item that must not have changed. */
export function expectationOf(item: Item): Expected {
  const plain = Object.entries(item).filter((one): one is [string, string | number | boolean] =>
    ['string', 'number', 'boolean'].includes(typeof one[1]),
  );
  return { swap_id: null, ...Object.fromEntries(plain) };
}

const ABSENT = 'absent';
/** Other than the versions of `checkpoints.json`: one that was read there never fits an item. */
const PRESENT = 'item ';

const expectedSchema = z.record(z.string(), z.union([z.string(), z.number(), z.boolean(), z.null()]));

function versionOf(item: Item | undefined): string {
  return item ? `${PRESENT}${JSON.stringify(expectationOf(item))}` : ABSENT;
}

function expectedBy(version: string): { readonly item: Expected | undefined } | undefined {
  if (version === ABSENT) return { item: undefined };
  if (!version.startsWith(PRESENT)) return undefined;
  return { item: z.parse(expectedSchema, JSON.parse(version.slice(PRESENT.length))) };
}
