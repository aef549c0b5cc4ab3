/** Rows carry the low 32 bits of their transaction's id: a wider window could not tell two of them apart. */
const WINDOW_XIDS_MAX = 2n ** 31n;
const LOW_BITS = 2n ** 32n;

/**
 * SQL that is true for rows which transactions `[from, until)` wrote, by the 32 bits of `xmin` that a row carries:
 * their distance from `from` on the circle of 2^32. No CASE, no widening per row.
 *
 * @throws RangeError when the range is too wide to be told from the rest of the circle
 */
export function writtenWithin(from: string, until: string): string {
  if (!fitsIn32Bits(from, until)) throw new RangeError(`no window of transaction ids: ${from} to ${until}`);
  const width = BigInt(until) - BigInt(from);
  return `((xmin::text::bigint - ${BigInt(from) % LOW_BITS}) & ${LOW_BITS - 1n}) < ${width}`;
}

/** SQL for the id from which on nothing is finished, in the snapshot of the statement that it stands in. */
export const STATEMENT_XMAX_SQL = '(SELECT pg_snapshot_xmax(pg_current_snapshot())::text::bigint)';

/** As {@link writtenWithin}, for all that transactions from `from` on wrote, as far as the statement's own snapshot goes. */
export function writtenSince(from: string): string {
  return `((xmin::text::bigint - ${BigInt(from) % LOW_BITS}) & ${LOW_BITS - 1n}) < ${STATEMENT_XMAX_SQL} - ${BigInt(from)}`;
}

/** Whether 32 bits are enough to tell what the transactions `[from, until)` wrote. */
export function fitsIn32Bits(from: string, until: string): boolean {
  const width = BigInt(until) - BigInt(from);
  return width >= 0n && width < WINDOW_XIDS_MAX;
}
