import { taskName } from '@bronze/common/load/object-keys';
import type { Facts, Law } from '../world/facts.ts';
import type { LoadFacts, PartFacts } from '../world/ledger.ts';

/** L2: the parts of a load hold each staged row of its committed slices exactly once. */
export const NOTHING_TWICE: Law = {
  name: 'L2 nothing twice',
  onChange({ count }, change) {
    if (change.kind === 'part') count('l2_lines_compared', change.part.lines.length);
    if (change.kind === 'part') return strayOf(change.load, change.part);
    if (change.kind === 'record' && change.record.status === 'completed') return differenceOf(change.load);
    return undefined;
  },
  afterOneMoreRequest: twoLoads,
};

/** Finds a line of a part that its write task did not stage, or staged less often. */
function strayOf(load: LoadFacts, { key, header, lines }: PartFacts): string | undefined {
  const staged = new Map(stagedByTask(load)).get(header.provenance['bronze.write_task']) ?? [];
  const left = new Map<string, number>();
  for (const line of staged) left.set(line, (left.get(line) ?? 0) + 1);
  for (const line of lines) {
    const times = left.get(line) ?? 0;
    if (times === 0) return `${key} holds a line that its write task did not stage, or not as often: ${line}`;
    left.set(line, times - 1);
  }
  return undefined;
}

function differenceOf(load: LoadFacts): string | undefined {
  const staged = stagedByTask(load).flatMap(([, lines]) => lines);
  const held = [...load.parts.flatMap((part) => part.lines), ...load.quarantined];
  if (held.length === staged.length && held.toSorted().join('\n') === staged.toSorted().join('\n')) return undefined;
  return `load ${load.load_id}: the ${held.length} rows in bronze are not the ${staged.length} staged rows`;
}

function stagedByTask(load: LoadFacts): [name: string, lines: string[]][] {
  return load.slices.flatMap((slice) =>
    (slice?.tasks ?? []).map(({ first_batch, batch_count }, task): [string, string[]] => {
      const batches = slice?.batches.slice(first_batch, first_batch + batch_count) ?? [];
      return [taskName(slice?.slice ?? 0, task), batches.flatMap(({ key }) => load.batches.get(key) ?? [])];
    }),
  );
}

/** An incremental load with a time window: it may repeat nothing. For exact windows see the law *exact position*. */
function isOfTime({ record }: LoadFacts): boolean {
  return record?.load_type === 'incremental' && !record.exact_window && record.window_fallback === undefined;
}

/** A load that fell back while it was read took more than its window. */
function tookMore({ slices }: LoadFacts): boolean {
  return slices.some((slice) => slice?.window_fallback !== undefined);
}

/** How often a load may have read a row: a full load starts over in another storage (decision 44). */
function readings({ slices }: LoadFacts): number {
  return 1 + Math.max(0, ...slices.map((slice) => slice?.position?.read_from?.starts_over ?? 0));
}

/**
 * Windows don't overlap: a row version is in at most one incremental load. A full load brings everything again, once,
 * together with what it leaves to the next, and so may a load with `window_fallback`. A backfill brings what others brought,
 * once.
 */
function twoLoads({ ledger, entities }: Facts): string | undefined {
  for (const name of entities.keys()) {
    const full = [...ledger.loads.values()].filter(
      ({ entity, record }) => entity === name && record?.load_type === 'full' && record.status === 'completed',
    );
    const isAnew = (before: LoadFacts | undefined, load: LoadFacts) =>
      full.some(({ decided_us }) => decided_us > (before?.decided_us ?? 0) && decided_us <= load.claimed_us);
    for (const [line, every] of ledger.linesOf(name)) {
      const loads = every.filter(({ record }) => !record?.backfill);
      const incremental = loads.filter(
        ({ record }) => record?.load_type === 'incremental' && record.window_fallback === undefined,
      );
      const isAgain = loads.some((load, index) => isOfTime(load) && !loads.slice(0, index).every(tookMore));
      const isTwice = incremental.some((load, index) => index > 0 && !isAnew(incremental[index - 1], load));
      const isRepeated = every.some((load) => every.filter((one) => one === load).length > readings(load));
      if (isTwice || isAgain || isRepeated) {
        return `${line} of ${name} is in bronze ${every.length} times: ${every.map(({ load_id }) => load_id).join(', ')}`;
      }
    }
  }
  return undefined;
}
