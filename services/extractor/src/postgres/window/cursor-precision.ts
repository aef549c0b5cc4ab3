import { type Timestamp, timestamp } from '@bronze/common/words/timestamp';

/**
 * Truncates a high watermark to the cursor column's own precision. `timestamp(3)` rounds what is written, so a row
 * written at 10:00:00.0004 reads 10:00:00.000, and would be below a finer watermark of 10:00:00.0003.
 */
export function truncateToPrecision(until: Timestamp, cursorType: string): Timestamp {
  const digits = /^timestamp\((\d)\)/.exec(cursorType)?.[1];
  return digits === undefined
    ? until
    : timestamp(`${until.slice(0, 19)}.${until.slice(20, 20 + Number(digits)) || '0'}Z`);
}
