import { quarantineKey, taskName } from '@bronze/common/load/object-keys';
import { isHealthy, type Law } from '../world/facts.ts';
import type { LoadFacts } from '../world/ledger.ts';

/** Every object in bronze, every receipt and every completed load belongs to committed slices. */
export const OWNED: Law = {
  name: 'owned',
  onChange({ count }, change) {
    if (change.kind === 'other' && change.key.startsWith('data/')) return `${change.key} belongs to no load`;
    if (change.kind === 'quarantine') return quarantineOf(change.load).has(change.key) ? undefined : stray(change.key);
    if (change.kind === 'part') {
      const task = change.part.header.provenance['bronze.write_task'];
      return tasksOf(change.load).has(task) ? undefined : stray(change.key);
    }
    if (change.kind === 'receipt') count('owned_receipts');
    if (change.kind === 'receipt') return withoutItsParts(change.load, change.key);
    if (change.kind !== 'record' || change.record.status !== 'completed') return undefined;
    const { load } = change;
    const open = [...tasksOf(load)].find((task) => !load.receipts.has(task));
    if (open !== undefined) return `load ${load.load_id} completed without the receipt of ${open}`;
    return load.slices.at(-1)?.final === true ? undefined : `load ${load.load_id} completed without its last slice`;
  },
  /** A completed load has exactly those parts in bronze that its receipts name. */
  atRest({ ledger, ...facts }) {
    for (const load of ledger.loads.values()) {
      if (load.record?.status !== 'completed' || !isHealthy({ ledger, ...facts }, load.entity)) continue;
      const named = new Set([...load.receipts.values()].flatMap((receipt) => receipt.parts.map(({ key }) => key)));
      const extra = load.parts.find(({ key }) => !named.has(key));
      if (extra) return `${extra.key} is in bronze, but no receipt names it`;
    }
    return undefined;
  },
};

function stray(key: string): string {
  return `${key} belongs to no write task of a committed slice`;
}

function quarantineOf(load: LoadFacts): Set<string> {
  const slices = load.slices.filter((slice) => slice !== undefined);
  return new Set(
    slices.flatMap(({ slice, tasks, load: { load_type, ingested_at } }) =>
      tasks.map((_, task) =>
        quarantineKey({ entity: load.entity, load_id: load.load_id, load_type, ingested_at }, slice, task),
      ),
    ),
  );
}

/** A receipt proves that its parts exist: they are written before it. */
function withoutItsParts({ receipts, parts }: LoadFacts, key: string): string | undefined {
  const there = new Set(parts.map((part) => part.key));
  const missing = [...receipts.values()].flatMap((receipt) => receipt.parts).find((part) => !there.has(part.key));
  return missing && `${key} names ${missing.key}, which does not exist`;
}

function tasksOf({ slices }: LoadFacts): Set<string> {
  return new Set(slices.flatMap((slice) => (slice?.tasks ?? []).map((_, task) => taskName(slice?.slice ?? 0, task))));
}
