import { taskName } from '@bronze/common/object-keys';
import type { Law } from '../facts.ts';
import type { LoadFacts } from '../ledger.ts';

/** Every object in bronze, every receipt and every completed load belongs to committed slices. */
export const OWNED: Law = {
  name: 'owned',
  onChange(_, change) {
    if (change.kind === 'part') {
      const task = change.part.header.mark['bronze.write_task'];
      return tasksOf(change.load).has(task)
        ? undefined
        : `${change.key} is of write task ${task}, which no committed slice has`;
    }
    if (change.kind === 'receipt') return withoutItsParts(change.load, change.key);
    if (change.kind !== 'record' || change.record.status !== 'completed') return undefined;
    const { load } = change;
    const open = [...tasksOf(load)].find((task) => !load.receipts.has(task));
    if (open !== undefined) return `load ${load.load_id} completed without the receipt of ${open}`;
    return load.slices.at(-1)?.final === true ? undefined : `load ${load.load_id} completed without its last slice`;
  },
};

/** A receipt is proof: what it names is there before it is. */
function withoutItsParts({ receipts, parts }: LoadFacts, key: string): string | undefined {
  const there = new Set(parts.map((part) => part.key));
  const missing = [...receipts.values()].flatMap((receipt) => receipt.parts).find((part) => !there.has(part.key));
  return missing && `${key} vouches for ${missing.key}, which is not there`;
}

function tasksOf({ slices }: LoadFacts): Set<string> {
  return new Set(slices.flatMap((slice) => (slice?.tasks ?? []).map((_, task) => taskName(slice?.slice ?? 0, task))));
}
