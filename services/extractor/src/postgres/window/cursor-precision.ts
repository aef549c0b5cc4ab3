import { type Timestamp, timestamp } from '@bronze/common/words/timestamp';

/**
 * The cut, at the cursor column's own precision: `timestamp(3)` rounds what is written, so a row written just after
 * 10:00:00.0005 may read 10:00:00.000 and would fall behind a finer cut.
 */
export function truncateToPrecision(until: Timestamp, cursorType: string): Timestamp {
  const digits = /^timestamp\((\d)\)/.exec(cursorType)?.[1];
  return digits === undefined
    ? until
    : timestamp(`${until.slice(0, 19)}.${until.slice(20, 20 + Number(digits)) || '0'}Z`);
}
