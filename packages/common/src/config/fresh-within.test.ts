import { expect, test } from 'vitest';
import { defineConfig } from './config.ts';
import { freshWithinSeconds } from './fresh-within.ts';

test('how far an entity may be behind is its own setting, else its source’s, else 26 hours; disabled ones have none', () => {
  const table = { source: 'db', table: 'public.x' };
  const config = defineConfig({
    sources: { db: { type: 'postgres', url: 'unused', fresh_within: '2h' }, slow: { type: 'postgres', url: 'unused' } },
    entities: {
      own: { ...table, fresh_within: '2d' },
      inherited: table,
      neither: { ...table, source: 'slow' },
      off: { ...table, enabled: false },
    },
  });
  expect([...freshWithinSeconds(config)]).toEqual([
    ['own', 2 * 86_400],
    ['inherited', 7200],
    ['neither', 26 * 3600],
  ]);
});
