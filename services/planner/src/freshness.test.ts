import type { Checkpoint } from '@bronze/common/load/checkpoint';
import { defineConfig } from '@bronze/common/config';
import { timestamp } from '@bronze/common/words/timestamp';
import { expect, test } from 'vitest';
import { freshnessOf, neverLoaded } from './freshness.ts';

const NOW = timestamp('2024-01-15T10:00:00Z');
const at = (text: string) => ({ last_sync_timestamp: timestamp(text) });

const table = { source: 'db', table: 'public.x' };
const config = defineConfig({
  sources: { db: { type: 'postgres', url: 'unused', fresh_within: '2h' }, slow: { type: 'postgres', url: 'unused' } },
  entities: {
    late: table,
    fresh: table,
    ahead: table,
    future: { ...table, fresh_within: '30d' },
    never: table,
    waiting: { ...table, fresh_within: '2d' },
    claimed: table,
    broken: table,
    daily: { ...table, source: 'slow' },
    off: { ...table, enabled: false },
  },
});
const checkpoints = new Map<string, Checkpoint | undefined>([
  ['late', at('2024-01-15T07:59:59.9Z')],
  ['fresh', at('2024-01-15T09:59:59.5Z')],
  ['ahead', at('2024-01-15T10:05:00Z')],
  ['future', at('2024-01-15T10:05:00.000001Z')],
  ['claimed', {}],
  ['off', at('2024-01-01')],
  ['broken', undefined],
  ['gone', at('2024-01-01')],
  ['daily', at('2024-01-14T08:00:00Z')],
]);
const measuredSince = new Map([
  ['never', timestamp('2024-01-15T07:00:00Z')],
  ['waiting', timestamp('2024-01-15T07:00:00Z')],
  // Of a time before its first load: its checkpoint counts.
  ['fresh', timestamp('2023-01-01')],
]);

test('every enabled entity has a lag, also one that was never loaded, is unreadable, or is ahead of the clock', () => {
  const found = freshnessOf(config, checkpoints, { now: NOW, measuredSince });
  expect(found.map(({ entity, lag_seconds, is_late, basis }) => [entity, lag_seconds, is_late, basis])).toEqual([
    ['late', 7200.1, true, 'checkpoint'],
    ['fresh', 0.5, false, 'checkpoint'],
    ['ahead', 0, false, 'checkpoint'],
    // A week would be within its thirty days.
    ['future', 60 * 86_400, true, 'future'],
    ['never', 10_800, true, 'never_loaded'],
    ['waiting', 10_800, false, 'never_loaded'],
    ['claimed', 0, false, 'never_loaded'],
    ['broken', 604_800, true, 'unreadable'],
    ['daily', 93_600, false, 'checkpoint'],
  ]);
});

test('an entity that is exactly as old as it may be is not late', () => {
  const one = new Map([['late', at('2024-01-15T08:00:00Z')]]);
  const [late] = freshnessOf(config, one, { now: NOW, measuredSince });
  expect(late).toMatchObject({ lag_seconds: 7200, fresh_within_seconds: 7200, is_late: false });
});

test('an entity that was reset is behind since then, and not since it was first measured', () => {
  const reset = (reset_at: string) => new Map([['never', { reset_at: timestamp(reset_at) }]]);
  const lagOf = (reset_at: string) =>
    freshnessOf(config, reset(reset_at), { now: NOW, measuredSince }).find(({ entity }) => entity === 'never');
  expect(lagOf('2024-01-15T09:59:00Z')).toMatchObject({ lag_seconds: 60, is_late: false, basis: 'never_loaded' });
  expect(lagOf('2024-01-15T06:00:00Z')).toMatchObject({ lag_seconds: 14_400, is_late: true });
});

test('never loaded are those without a readable time and without an entry that is broken', () => {
  expect(neverLoaded(config, checkpoints, NOW)).toEqual(['never', 'waiting', 'claimed']);
});
