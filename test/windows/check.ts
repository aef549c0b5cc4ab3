import type { WindowFallback } from '@bronze/common/words/exact-position';
import { minusSeconds, timestamp } from '@bronze/common/words/timestamp';
import type { History, LoadSeen, Version, Written } from './history.ts';
import { type Schedule, SHOWING_MS } from './schedule.ts';

export interface Verdict {
  /** Number of versions that are in the table at the end but in no load. */
  readonly lost: number;
  /** How often a version came again, although no full load had begun in between. */
  readonly duplicated: number;
  /** One line for each kind of failure; empty if every guarantee held. */
  readonly failures: readonly string[];
  readonly brought: number;
  /** Number of pairs of a version and a load by which that version had to be in bronze. */
  readonly due: number;
}

interface Committed {
  readonly of: ReadonlyMap<number, Version>;
  readonly at: ReadonlyMap<number, number>;
}

/** Compares what the loads brought with what the writers did. */
export function check(history: History): Verdict {
  const committed = committedOf(history.transactions);
  const since = history.loads.findLastIndex((load) => load.load_type === 'full' && !load.is_abandoned);
  const eras = erasOf(history.loads);
  const brought = new Set(history.loads.slice(Math.max(since, 0)).flatMap(broughtBy));
  const current = history.standing.filter(({ cursor }) => cursor !== null).map(({ version }) => version);
  const missing = current.filter((version) => !brought.has(version));
  // A remade table's rows come again, and its loads say so.
  const duplicated = history.isRemade ? 0 : eras.reduce((sum, era) => sum + repeated(era.flatMap(broughtBy)), 0);
  const invented = history.loads.flatMap(broughtBy).filter((version) => !committed.of.has(version));
  const overdue = eras.map((era) => overdueIn(era, history, committed));
  const late = new Set(overdue.flatMap((one) => one.late));
  const ahead = aheadOf(history, committed);
  const last = history.loads.at(-1);
  const failures = [
    said(missing.length, 'versions that are in the table at the end are in no load', missing),
    said(duplicated, 'versions came twice'),
    said(invented.length, 'versions were brought that were never committed', invented),
    said(late.size, 'versions were not in the load that they were due in', [...late]),
    said(ahead.length, 'versions below last_sync_timestamp were not in bronze', ahead),
    last &&
      said(last.brought.length, 'rows came after the load that had to bring everything that was left', last.brought),
    uncounted(history, committed),
  ];
  return {
    lost: missing.length,
    duplicated,
    failures: failures.filter((one) => one !== undefined),
    brought: history.loads.flatMap(broughtBy).length,
    due: overdue.reduce((sum, one) => sum + one.due, 0),
  };
}

function said(count: number, what: string, examples: readonly number[] = []): string | undefined {
  return count === 0
    ? undefined
    : `${count} ${what}${examples.length > 0 ? `: ${examples.slice(0, 5).join(', ')}` : ''}`;
}

function broughtBy(load: LoadSeen): readonly number[] {
  return load.is_abandoned ? [] : load.brought;
}

/** Loads, grouped by the full load that they build on, because each full load is meant to bring everything again. */
function erasOf(loads: readonly LoadSeen[]): LoadSeen[][] {
  const eras: LoadSeen[][] = [];
  for (const load of loads) {
    const era = eras.at(-1);
    if (!era || (load.load_type === 'full' && !load.is_abandoned)) eras.push([load]);
    else era.push(load);
  }
  return eras;
}

function committedOf(transactions: readonly Written[]): Committed {
  const done = transactions.filter(({ outcome }) => outcome === 'committed');
  return {
    of: new Map(done.flatMap(({ versions }) => versions.map((one) => [one.version, one]))),
    at: new Map(done.flatMap(({ versions, ended }) => versions.map((one) => [one.version, ended ?? Infinity]))),
  };
}

function repeated(versions: readonly number[]): number {
  return versions.length - new Set(versions).size;
}

/**
 * A version that the observer saw both before the claim and after the load was in the table all that time. It is due by
 * that load, unless a transaction that was open at the claim may have taken its id before that version's transaction.
 */
function overdueIn(era: readonly LoadSeen[], { transactions, remakes }: History, committed: Committed) {
  const late: number[] = [];
  const brought = new Set<number>();
  let due = 0;
  for (const load of era) {
    for (const version of broughtBy(load)) brought.add(version);
    if (load.is_abandoned) continue;
    const open = transactions.filter(
      ({ wrote, ended }) => wrote !== undefined && wrote < load.claimed && (ended ?? Infinity) > load.began,
    );
    const horizon = Math.min(...open.map(({ wrote }) => wrote ?? Infinity));
    // What was there before a remake, or was shown by a refresh, is as old as the last remake that this claim may see.
    const remade = Math.max(
      -Infinity,
      ...remakes.filter(({ wrote }) => wrote < load.claimed).map(({ ended }) => ended),
    );
    for (const version of load.before) {
      const isDue = load.after.has(version) && Math.max(committed.at.get(version) ?? Infinity, remade) < horizon;
      if (!isDue || committed.of.get(version)?.is_null) continue;
      due += 1;
      if (!brought.has(version)) late.push(version);
    }
  }
  return { late, due };
}

/**
 * Versions that break the guarantee "everything below `last_sync_timestamp` is in bronze", with `SHOWING_MS` of
 * tolerance for a transaction that has begun but doesn't show yet. There is no such guarantee for materialized views.
 */
function aheadOf(history: History, committed: Committed): number[] {
  if (history.isView) return [];
  const ahead = new Set<number>();
  for (const era of erasOf(history.loads)) {
    const brought = new Set<number>();
    for (const load of era) {
      for (const version of broughtBy(load)) brought.add(version);
      if (load.is_abandoned || load.synced === '') continue;
      const below = minusSeconds(timestamp(load.synced), SHOWING_MS / 1000);
      for (const { version, cursor } of history.standing) {
        const isBelow = cursor !== null && cursor < below && committed.of.get(version)?.is_true;
        // Only this era's loads count: a later full load brings such a version too, but it had to be there already.
        if (isBelow && !brought.has(version)) ahead.add(version);
      }
    }
  }
  return [...ahead];
}

/** Rows with a NULL cursor must be brought by a full load, or counted as skipped. */
function uncounted(history: History, committed: Committed): string | undefined {
  const counts = history.loads.filter((load) => !load.is_abandoned).map((load) => load.without_cursor);
  if (counts.includes(undefined)) return undefined;
  const counted = counts.reduce<number>((sum, one) => sum + (one ?? 0), 0);
  const brought = new Set(history.loads.flatMap(broughtBy));
  const silent = history.standing.filter(({ version, cursor }) => cursor === null && !brought.has(version)).length;
  const all = [...committed.of.values()].filter(({ is_null }) => is_null).length;
  return counted >= silent && (counted <= all || history.isRemade)
    ? undefined
    : `${counted} rows without a cursor were counted, expected ${silent} to ${all}`;
}

/** Why a load may fall back in these schedules. docs/how-we-know/windows.md says where other reasons are tested. */
export const REMADE: readonly WindowFallback[] = ['table_rewritten', 'table_changed'];

/** Failures in what Bronze's own loads say about their windows' guarantees, one line each. */
export function checkGuarantee(schedule: Schedule, history: History): string[] {
  // exact_unbounded: a transaction has been open since the first claim, so how far back its rows go is not known.
  const bounded = schedule.role === 'select' ? 'exact_virtual_transactions' : 'exact_activity';
  const expected: ReadonlySet<string> = new Set([bounded, 'exact_unbounded']);
  const unexpected = history.loads.filter((load) => !expected.has(load.window_basis ?? ''));
  const allowed: readonly string[] = history.isRemade ? (history.isView ? ['table_rewritten'] : REMADE) : [];
  const fallbacks = history.loads.filter(
    ({ window_fallback: why }, index) =>
      why !== undefined && (!allowed.includes(why) || index === history.loads.length - 1),
  );
  const stalled = history.loads.slice(-1).filter((load) => load.synced < history.stopped_at);
  const unbounded = history.loads.slice(-1).filter((load) => load.window_basis === 'exact_unbounded');
  return [
    ...unexpected.map((load) => `a role of kind ${schedule.role} got ${load.window_basis}`),
    ...fallbacks.map((load) => `a load fell back: ${load.window_fallback}`),
    ...stalled.map(
      (load) => `the checkpoint stalled at ${load.synced}, but the writers ended at ${history.stopped_at}`,
    ),
    ...unbounded.map(() => 'the last load had no lower bound, although no transaction was open before it'),
  ];
}
