import { defineConfig } from '@bronze/common/config';
import { timestamp } from '@bronze/common/words/timestamp';
import { expect, test } from 'vitest';
import { freshnessOf } from './freshness.ts';

test('an enabled entity’s lag counts from its checkpoint; without a readable checkpoint it has none', () => {
  const table = { source: 'db', table: 'public.x' };
  const config = defineConfig({
    sources: { db: { type: 'postgres', url: 'unused' } },
    entities: {
      late: table,
      fresh: table,
      ahead: table,
      future: table,
      never: table,
      broken: table,
      off: { ...table, enabled: false },
    },
  });
  const at = (text: string) => ({ last_sync_timestamp: timestamp(text) });
  const checkpoints = new Map([
    ['late', at('2024-01-14T10:00:00Z')],
    ['fresh', at('2024-01-15T09:59:59.5Z')],
    ['ahead', at('2024-01-15T10:00:05Z')],
    ['future', at('2025-01-15T10:00:00Z')],
    ['off', at('2024-01-01')],
    ['broken', undefined],
    ['gone', at('2024-01-01')],
  ]);
  expect(freshnessOf(config, checkpoints, timestamp('2024-01-15T10:00:00Z'))).toEqual([
    { entity: 'late', lag_seconds: 86_400 },
    { entity: 'fresh', lag_seconds: 0.5 },
    { entity: 'ahead', lag_seconds: 0 },
    // Nothing is loaded before that year is over: this must not look fresh.
    { entity: 'future', lag_seconds: 604_800 },
  ]);
});
