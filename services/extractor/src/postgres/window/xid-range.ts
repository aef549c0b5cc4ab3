/** Rows carry only the low 32 bits of their transaction's id: in a wider range they would be ambiguous. */
const WINDOW_XIDS_MAX = 2n ** 31n;
const LOW_BITS = 2n ** 32n;

/**
 * An SQL condition that is true for rows which transactions `[from, until)` wrote. It compares the distance of the
 * row's 32-bit `xmin` from `from` on the circle of 2^32, so it needs no CASE and widens no id.
 *
 * @param from 64-bit transaction ids, as `pg_snapshot_xmin` prints them
 * @throws RangeError if the range runs backwards or is 2^31 ids wide or wider
 */
export function writtenWithin(from: string, until: string): string {
  if (!fitsIn32Bits(from, until))
    throw new RangeError(`${from} to ${until} is not a window of transaction ids: it is too wide, or runs backwards`);
  const width = BigInt(until) - BigInt(from);
  return `((xmin::text::bigint - ${BigInt(from) % LOW_BITS}) & ${LOW_BITS - 1n}) < ${width}`;
}

/** SQL for `snapshot_xmax` of the statement that contains it: no transaction with this id or above is finished. */
export const STATEMENT_XMAX_SQL = '(SELECT pg_snapshot_xmax(pg_current_snapshot())::text::bigint)';

/** As {@link writtenWithin}, for all transactions from `from` on that the statement's own snapshot can see. */
export function writtenSince(from: string): string {
  return `((xmin::text::bigint - ${BigInt(from) % LOW_BITS}) & ${LOW_BITS - 1n}) < ${STATEMENT_XMAX_SQL} - ${BigInt(from)}`;
}

/** Whether 32 bits are enough to identify what the transactions `[from, until)` wrote. */
export function fitsIn32Bits(from: string, until: string): boolean {
  const width = BigInt(until) - BigInt(from);
  return width >= 0n && width < WINDOW_XIDS_MAX;
}
