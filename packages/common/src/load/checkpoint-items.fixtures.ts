import { expect } from 'vitest';
import type { ItemTable } from '../ports/item-table.ts';
import { CheckpointItems, expectationOf } from './checkpoint-items.ts';

let swaps = 0;
const ids = { next: () => `swap-${(swaps += 1)}` };

/** Checkpoints in this table, and a way to write them as a person would in the console, who leaves `swap_id` alone. */
export function itemsIn(table: ItemTable) {
  return {
    table,
    ids,
    open: () => new CheckpointItems(table, ids),
    writeByHand: async (entity: string, fields: object) => {
      const stored = await table.get(entity);
      const own = stored?.['swap_id'] === undefined ? {} : { swap_id: stored['swap_id'] };
      expect(await table.put({ ...fields, ...own, entity }, stored && expectationOf(stored))).toBe(true);
    },
  };
}
