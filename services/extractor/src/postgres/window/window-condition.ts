import type { Quoting } from '../database.ts';
import type { PendingLoad } from '@bronze/common/load/checkpoint';
import type { ExactWindow } from '@bronze/common/words/exact-position';
import { cursorColumns, type TableEntity } from '@bronze/common/config/postgres';
import type { Timestamp } from '@bronze/common/words/timestamp';
import type { CatalogColumn } from '../table/table.ts';
import { writtenSince, writtenWithin } from './xid-range.ts';

/** A load's window, and the table whose cursors it is compared with. */
export interface WindowRead {
  readonly entity: TableEntity;
  readonly columns: readonly Pick<CatalogColumn, 'name' | 'type'>[];
  readonly load: PendingLoad;
  readonly zone: string;
  /** Whether transaction ids count, so that an exact window applies. */
  readonly is_exact: boolean;
}

/** An SQL condition that is true for the rows that a load takes; undefined: it takes all of them. */
export function windowCondition(read: WindowRead, quoting: Quoting): string | undefined {
  const { entity, load, is_exact } = read;
  if (entity.cursor === null) return undefined;
  const { exact_window } = load;
  if (!exact_window) return timeWindow(read, quoting);
  const since = exact_window.scan_from;
  const scan = load.load_type === 'full' ? [] : [cursorSince(read, since, quoting)];
  const written = is_exact ? [writtenInWindow(read, exact_window, quoting)] : [];
  const conditions = [...scan, ...written];
  return conditions.length === 0 ? undefined : conditions.join(' AND ');
}

/**
 * An exact window takes what its transactions wrote. A full load, and one that had to fall back, takes everything
 * except what the next incremental load takes: between the two nothing is missing and nothing comes twice, whatever
 * commits while they are read (decision 24). `IS NOT TRUE`, because the next load takes no rows with a NULL cursor.
 */
function writtenInWindow(read: WindowRead, window: ExactWindow, quoting: Quoting): string {
  const { from_xid, until_xid, next_scan_from } = window;
  if (from_xid !== null) return writtenWithin(from_xid, until_xid);
  // The cursor first: it is cheaper to compare and already excludes most rows.
  const isNext = `${cursorSince(read, next_scan_from, quoting)} AND ${writtenSince(until_xid)}`;
  return `(${isNext}) IS NOT TRUE`;
}

/** The greatest of the cursors is at or after `since`. One condition for each, so that each one's index can be used. */
function cursorSince(read: WindowRead, since: Timestamp | null, quoting: Quoting): string {
  const at = since === null ? undefined : literalOf(read, since, quoting);
  const conditions = cursorColumns(read.entity).map((name) => {
    const column = quoting.identifier(name);
    return at === undefined ? `${column} IS NOT NULL` : `${column} >= ${at}`;
  });
  return conditions.length === 1 ? conditions.join('') : `(${conditions.join(' OR ')})`;
}

/**
 * For rows without transaction ids: `cursor >= since AND cursor < until`. A full load takes everything that no later
 * incremental load would take: all cursors below `until`, and NULL and infinite ones.
 */
function timeWindow(read: WindowRead, quoting: Quoting): string {
  const { entity, load } = read;
  const names = cursorColumns(entity).map((name) => quoting.identifier(name));
  const cursor = names.length === 1 ? names.join('') : `GREATEST(${names.join(', ')})`;
  const until = literalOf(read, load.until, quoting);
  if (load.load_type === 'full') return `(${cursor} < ${until} OR ${cursor} IS NULL OR ${cursor} = 'infinity')`;
  return `${cursor} >= ${literalOf(read, load.since, quoting)} AND ${cursor} < ${until}`;
}

/** The timestamp as SQL, in the cursor's own type. */
function literalOf({ entity, columns, zone }: WindowRead, at: Timestamp, quoting: Quoting): string {
  const [first] = cursorColumns(entity);
  const hasZone = columns.some(({ name, type }) => name === first && type.endsWith('with time zone'));
  const utc = `timestamptz ${quoting.literal(at)}`;
  return hasZone ? utc : `(${utc} AT TIME ZONE ${quoting.literal(zone)})`;
}
