import type { Skipped } from '@bronze/common/load/position';
import { count } from './numbers.ts';

/** `12 (2 in the future)`: how many records later loads bring. Empty if none was left. */
export function leftForLater({ left_for_later = 0, in_the_future = 0 }: Partial<Skipped>): string {
  if (left_for_later === 0) return '';
  return `${count(left_for_later)}${in_the_future > 0 ? ` (${count(in_the_future)} in the future)` : ''}`;
}

/**
 * `2 without a cursor, 3 repeated`: how many records that loads saw are not in them, and not left to later ones either.
 * Records from before the window are not said: loads before have them. Empty if there were none.
 */
export function leftOut({ without_cursor = 0, repeated = 0 }: Partial<Skipped>): string {
  const counted = [
    [without_cursor, 'without a cursor'],
    [repeated, 'repeated'],
  ] as const;
  return counted.flatMap(([records, what]) => (records > 0 ? [`${count(records)} ${what}`] : [])).join(', ');
}
