import type { Quoting } from '../database.ts';
import type { PendingLoad } from '@bronze/common/load/checkpoint';
import type { ExactWindow } from '@bronze/common/words/exact-position';
import { cursorColumns, type TableEntity } from '@bronze/common/config/postgres';
import type { Timestamp } from '@bronze/common/words/timestamp';
import type { CatalogColumn } from '../table/table.ts';
import { writtenSince, writtenWithin } from './xid-range.ts';

/** A load's window, and what its bounds are compared with. */
export interface WindowRead {
  readonly entity: TableEntity;
  readonly columns: readonly CatalogColumn[];
  readonly load: PendingLoad;
  readonly zone: string;
  /** Whether transaction ids count, so that an exact window holds. */
  readonly is_exact: boolean;
}

/** SQL that is true for the rows that a load takes; undefined: all of them. */
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
 * An exact window takes what its transactions wrote. A full load, and one that had to fall back, takes everything but
 * what the next incremental load takes, so that between the two nothing is missing and nothing comes twice, whatever
 * commits while they are read (decision 24). `IS NOT TRUE`: the next load does not take a row with a NULL cursor.
 */
function writtenInWindow(read: WindowRead, window: ExactWindow, quoting: Quoting): string {
  const { from_xid, until_xid, next_scan_from } = window;
  if (from_xid !== null) return writtenWithin(from_xid, until_xid);
  // The cursor first: it is cheaper to look at, and already rules most rows out.
  const isNext = `${cursorSince(read, next_scan_from, quoting)} AND ${writtenSince(until_xid)}`;
  return `(${isNext}) IS NOT TRUE`;
}

/** The greatest of the cursors is at or after `since`. One condition for each, so that the index of each serves. */
function cursorSince(read: WindowRead, since: Timestamp | null, quoting: Quoting): string {
  const at = since === null ? undefined : momentOf(read, since, quoting);
  const conditions = cursorColumns(read.entity).map((name) => {
    const column = quoting.identifier(name);
    return at === undefined ? `${column} IS NOT NULL` : `${column} >= ${at}`;
  });
  return conditions.length === 1 ? conditions.join('') : `(${conditions.join(' OR ')})`;
}

/**
 * For rows without transaction ids: `cursor >= since AND cursor < until`, and in a full load all that no later
 * incremental load would take: all below `until`, and NULL and infinite cursors.
 */
function timeWindow(read: WindowRead, quoting: Quoting): string {
  const { entity, load } = read;
  const names = cursorColumns(entity).map((name) => quoting.identifier(name));
  const cursor = names.length === 1 ? names.join('') : `GREATEST(${names.join(', ')})`;
  const until = momentOf(read, load.until, quoting);
  if (load.load_type === 'full') return `(${cursor} < ${until} OR ${cursor} IS NULL OR ${cursor} = 'infinity')`;
  return `${cursor} >= ${momentOf(read, load.since, quoting)} AND ${cursor} < ${until}`;
}

function momentOf({ entity, columns, zone }: WindowRead, moment: Timestamp, quoting: Quoting): string {
  const [first] = cursorColumns(entity);
  const hasZone = columns.some(({ name, type }) => name === first && type.endsWith('with time zone'));
  const utc = `timestamptz ${quoting.literal(moment)}`;
  return hasZone ? utc : `(${utc} AT TIME ZONE ${quoting.literal(zone)})`;
}
