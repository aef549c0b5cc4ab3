import { describeSeconds } from '@bronze/common/words/duration';
import type { EntityStatus } from '../entity-status.ts';
import { leftForLater, leftOut } from './left-out.ts';
import { count } from './numbers.ts';
import { flexible, kept, keptIfSaid, right } from './output.ts';
import type { Cell, Head } from './table.ts';

interface StatusColumn {
  readonly head: Head;
  cell(status: EntityStatus): string;
  readonly isRight?: boolean;
  /** Whether the column is there even if it is empty for every entity. */
  readonly isAlways?: boolean;
}

const STATES: Readonly<Record<EntityStatus['state'], string>> = {
  idle: 'idle',
  loading: 'loading',
  pending: 'pending',
  interrupted: 'interrupted',
  failed: 'failed',
  never_loaded: 'never loaded',
  lost: 'checkpoint lost',
  unreadable: 'unreadable',
};

const COLUMNS: readonly StatusColumn[] = [
  { head: 'entity', isAlways: true, cell: ({ entity }) => entity },
  { head: kept('state'), isAlways: true, cell: describeState },
  {
    head: kept('last load'),
    isAlways: true,
    isRight: true,
    cell: ({ seconds_since_last_load: ago }) => (ago === null ? '' : `${describeSeconds(ago)} ago`),
  },
  {
    head: 'rows',
    isAlways: true,
    isRight: true,
    cell: ({ record_count }) => (record_count === null ? '' : count(record_count)),
  },
  { head: kept('behind'), isAlways: true, isRight: true, cell: describeAge },
  { head: keptIfSaid('quarantined'), isRight: true, cell: ({ rows_quarantined }) => positive(rows_quarantined) },
  {
    head: flexible('failure', 10),
    cell: ({ dead_letters }) => dead_letters[0]?.split(':', 1)[0] ?? '',
  },
  { head: 'held back', isRight: true, cell: ({ watermark_lag_seconds: lag }) => seconds(lag) },
  { head: 'left for later', isRight: true, cell: ({ left_out }) => leftForLater(left_out ?? {}) },
  { head: 'left out', cell: ({ left_out }) => leftOut(left_out ?? {}) },
  { head: 'waiting', isRight: true, cell: ({ waiting_requests }) => positive(waiting_requests) },
  { head: 'guarantee', isAlways: true, cell: ({ guarantee }) => guarantee ?? '' },
  {
    head: 'checkpoint',
    isAlways: true,
    cell: ({ last_sync_timestamp: at, is_ahead }) => (is_ahead ? `${at} (in the future)` : (at ?? '')),
  },
];

/** Header and rows of the table of `bronze status`. Columns that would be empty are left out. */
export function statusTable(entities: readonly EntityStatus[]): { head: Head[]; rows: Cell[][] } {
  const shown = COLUMNS.filter(({ isAlways, cell }) => isAlways || entities.some((one) => cell(one) !== ''));
  return {
    head: shown.map(({ head }) => head),
    rows: entities.map((one) => shown.map(({ cell, isRight }) => (isRight ? right(cell(one)) : cell(one)))),
  };
}

function describeState({ state, is_configured, is_enabled }: EntityStatus): string {
  if (is_configured === false) return `${STATES[state]}, not configured`;
  if (is_enabled !== false) return STATES[state];
  // Nothing is to be expected of it, unless it is loaded by name.
  return state === 'idle' || state === 'never_loaded' ? 'disabled' : `${STATES[state]}, disabled`;
}

/** `3 days, late`. An entity that was never loaded has no age, but can be late. */
function describeAge({ behind_seconds, is_late, is_ahead }: EntityStatus): string {
  const age = behind_seconds === null || is_ahead ? '' : describeSeconds(behind_seconds);
  return [age, is_late ? 'late' : ''].filter((text) => text !== '').join(', ');
}

function positive(value: number): string {
  return value > 0 ? count(value) : '';
}

function seconds(value: number | null): string {
  return value === null || value < 1 ? '' : describeSeconds(value);
}
