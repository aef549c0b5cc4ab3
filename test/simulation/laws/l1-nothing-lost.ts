import type { LoadRecord } from '@bronze/common/load-record';
import { healthy, type Law } from '../facts.ts';
import type { LoadFacts } from '../ledger.ts';
import type { CurrentLine } from '../sim-source.ts';

/** L1: every row version that a committed window covers is in bronze when the load completes. */
export const NOTHING_LOST: Law = {
  name: 'L1 nothing lost',
  onChange({ entities }, change) {
    if (change.kind !== 'record' || change.record.status !== 'completed') return undefined;
    const { load, record } = change;
    const held = linesOf(load);
    // What is still current was current all the while the load was staged.
    const covered =
      entities
        .get(load.entity)
        ?.current()
        .filter((one) => isCovered(record, one)) ?? [];
    const lost = covered.find(({ line }) => !held.has(line));
    return lost && `load ${load.load_id} of ${load.entity} completed without ${lost.line}`;
  },
  afterOneMoreRequest(facts) {
    for (const { name, current } of healthy(facts)) {
      const dated = current().filter(({ cursor }) => cursor !== null);
      const lost = dated.find(({ line }) => facts.ledger.loadsOf(name, line).length === 0);
      if (lost) return `${name} is idle, and bronze does not hold ${lost.line}`;
    }
    return undefined;
  },
};

/** A full load takes what has no cursor value too; it may have lost it by a later change only. */
function isCovered({ load_type, since, until }: LoadRecord, { cursor }: CurrentLine): boolean {
  return cursor !== null && cursor < until && (load_type === 'full' || cursor >= since);
}

export function linesOf(load: LoadFacts): Set<string> {
  return new Set([...load.parts.flatMap((part) => part.lines), ...load.quarantined]);
}
