import type { Skipped } from '@bronze/common/load/position';
import type { Queries } from '../database.ts';
import { tableName } from '../table/table-sql.ts';
import { laterConditions, type WindowRead } from './window-condition.ts';

export type LeftForLater = Pick<Skipped, 'outside_window' | 'left_for_later' | 'in_the_future'>;

const NONE: LeftForLater = { outside_window: 0 };

/**
 * Counts the rows that a load by time leaves to later ones. A load by transaction ids leaves none for their cursor's
 * sake.
 */
export async function countLeftForLater(session: Queries, read: WindowRead): Promise<LeftForLater> {
  const { entity, load } = read;
  if (entity.cursor === null || load.exact_window) return NONE;
  const { changed, future } = laterConditions(read, session.quoting);
  const count = async (condition: string) => {
    const sql = `SELECT count(*)::text AS rows FROM ${tableName(entity, session.quoting)} WHERE ${condition}`;
    const [row] = await session.rows(sql, []);
    return Number(row?.['rows']);
  };
  const left_for_later = await count(changed);
  if (left_for_later === 0) return NONE;
  const in_the_future = load.load_type === 'full' ? 0 : await count(future);
  return { outside_window: left_for_later, left_for_later, ...(in_the_future > 0 && { in_the_future }) };
}
