import type { PageCounts } from '@bronze/common/load/position';

export type { PageCounts };

/**
 * Give up after this many consecutive small pages holding only records newer than the window: the list grows as fast as
 * we read it.
 */
const PAGES_BEYOND_MAX = 1000;
/** Give up after this many consecutive pages that only repeat records: the API ignores which page it is asked for. */
const PAGES_REPEATED_MAX = 3;
/** Give up after this many consecutive pages without new records: more may follow empty pages, but not endlessly. */
const PAGES_EMPTY_MAX = 100_000;

/** What is counted of one page. */
export interface CountedPage {
  /** How many records it gave. */
  readonly records: number;
  /** How many of its records were given before. */
  readonly repeated: number;
  /** Whether it gave none that changed before the window's end. */
  readonly isBeyond: boolean;
}

/** @param records how many were given before; undefined: nobody knows */
export function startCounts(records: number | undefined): PageCounts {
  return { records, largest: 0, repeated: 0, empty: 0, beyond: 0 };
}

/** The counts after one more page. A page that brings something new ends each row of those that bring nothing. */
export function countPage(counts: PageCounts, { records, repeated, isBeyond }: CountedPage): PageCounts {
  const isIdle = records === 0;
  const largest = Math.max(counts.largest, records);
  return {
    records: counts.records === undefined ? undefined : counts.records + records,
    largest,
    repeated: isIdle ? counts.repeated + Math.sign(repeated) : 0,
    empty: isIdle ? counts.empty + 1 : 0,
    beyond: !isIdle && isBeyond && records < largest / 2 ? counts.beyond + 1 : 0,
  };
}

/** Whether reading on is pointless: because the pages hold nothing new, or because the list grows as fast as it is read. */
export function pointless({ repeated, empty, beyond }: PageCounts): 'loop' | 'growing' | undefined {
  if (repeated >= PAGES_REPEATED_MAX || empty >= PAGES_EMPTY_MAX) return 'loop';
  return beyond >= PAGES_BEYOND_MAX ? 'growing' : undefined;
}
