import { count, lasted, plural } from './terminal/numbers.ts';

/** What the last line of a run counts of each entity. */
export interface Counted {
  readonly status: 'completed' | 'failed' | 'interrupted' | 'abandoned' | 'skipped';
  readonly rows_quarantined: number;
}

const STATUSES = ['completed', 'failed', 'interrupted', 'abandoned', 'skipped'] as const;

/**
 * The last line of a run: `54 completed, 6 failed, 2 quarantined 512 rows, in 61 s`. An entity with quarantined rows is
 * counted among its status too. What no entity is, is left out, except `0 completed`.
 */
export function summaryLine(results: readonly Counted[], duration_seconds: number): string {
  const statuses = STATUSES.map((status) => ({
    status,
    entities: results.filter((result) => result.status === status).length,
  }));
  const quarantined = results.filter(({ rows_quarantined }) => rows_quarantined > 0);
  const rows = quarantined.reduce((sum, { rows_quarantined }) => sum + rows_quarantined, 0);
  return [
    ...statuses
      .filter(({ status, entities }) => status === 'completed' || entities > 0)
      .map(({ status, entities }) => `${count(entities)} ${status}`),
    ...(rows > 0 ? [`${count(quarantined.length)} quarantined ${plural(rows, 'row')}`] : []),
    `in ${lasted(duration_seconds)}`,
  ].join(', ');
}
