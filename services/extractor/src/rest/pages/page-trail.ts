import type { PageTrail } from '@bronze/common/load/position';

export type { PageTrail };

/**
 * Whether the pages have come back to where one of them was saved: they lead in a circle. It may take up to three times
 * as many pages as the circle and the way to it have (Brent's algorithm), and no more memory for a longer one.
 *
 * @param digested the digest of the next page's token
 */
export function isOnTrail(trail: PageTrail | undefined, digested: string): boolean {
  return trail?.saved === digested;
}

/** The trail after one more page. Pages are saved ever further apart, so that any circle fits between two of them. */
export function follow(trail: PageTrail | undefined, digested: string): PageTrail {
  if (!trail) return { saved: digested, power: 1, count: 0 };
  const { saved, power, count } = trail;
  return count + 1 < power ? { saved, power, count: count + 1 } : { saved: digested, power: 2 * power, count: 0 };
}
