import { count, plural } from './terminal/numbers.ts';

/** What the last line of a run counts of each entity. */
export interface Counted {
  readonly status: 'completed' | 'failed' | 'interrupted' | 'abandoned';
  readonly rows_quarantined: number;
}

const STATUSES = ['completed', 'failed', 'interrupted', 'abandoned'] as const;

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

/** `0.4 s`, `61 s`, `12 min 5 s`, `2 h 3 min`. */
export function lasted(seconds: number): string {
  if (seconds < 9.95) return `${seconds.toFixed(1)} s`;
  const whole = Math.round(seconds);
  if (whole < 120) return `${whole} s`;
  if (whole < 3600) return `${Math.floor(whole / 60)} min ${whole % 60} s`;
  return `${count(Math.floor(whole / 3600))} h ${Math.floor((whole % 3600) / 60)} min`;
}
