import type { Skipped } from '@bronze/common/load/position';
import { count } from './numbers.ts';

/** `12 (2 in the future)`: how many records later loads bring. Empty if none was left. */
export function leftForLater({ left_for_later = 0, in_the_future = 0 }: Partial<Skipped>): string {
  if (left_for_later === 0) return '';
  return `${count(left_for_later)}${in_the_future > 0 ? ` (${count(in_the_future)} in the future)` : ''}`;
}
