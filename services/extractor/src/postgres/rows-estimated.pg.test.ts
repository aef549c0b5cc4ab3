import { expect, test } from 'vitest';
import { newDatabase } from '../../../../test/database.ts';
import { sourceOf } from './postgres-source.fixtures.ts';

const DATABASE = ['as_analyzed', 'doubled', 'emptied', 'without_rows', 'never_analyzed']
  .map((name) => `CREATE TABLE ${name} (id integer PRIMARY KEY) WITH (autovacuum_enabled = false)`)
  .concat(
    ['partitioned', 'half_analyzed'].flatMap((name) => [
      `CREATE TABLE ${name} (id integer PRIMARY KEY) PARTITION BY RANGE (id)`,
      `CREATE TABLE ${name}_low PARTITION OF ${name} FOR VALUES FROM (0) TO (501)`,
      `CREATE TABLE ${name}_high PARTITION OF ${name} FOR VALUES FROM (501) TO (1001)`,
      `CREATE TABLE ${name}_ahead PARTITION OF ${name} FOR VALUES FROM (1001) TO (2001)`,
    ]),
    ['as_analyzed', 'doubled', 'emptied', 'never_analyzed', 'partitioned', 'half_analyzed'].map(
      (name) => `INSERT INTO ${name} SELECT generate_series(1, 1000)`,
    ),
    'ANALYZE as_analyzed, doubled, emptied, partitioned, half_analyzed_low',
    'INSERT INTO doubled SELECT generate_series(1001, 2000)',
    'TRUNCATE emptied',
    'CREATE VIEW a_view AS SELECT * FROM as_analyzed',
  )
  .join('; ');

test('a claim gives the planner’s estimate of a table’s rows as it is now, and none where statistics are missing', async () => {
  const url = await newDatabase(DATABASE);
  const estimateOf = async (name: string) => {
    const { source, entity } = sourceOf(url, { table: `public.${name}`, cursor: null, primary_key: ['id'] });
    return (await source.readHighWatermark(entity)).rows_estimated;
  };
  expect(await estimateOf('as_analyzed')).toBe(1000);
  // Pages are whole, and so the density is not exact.
  const doubled = await estimateOf('doubled');
  expect(doubled).toBeGreaterThan(1600);
  expect(doubled).toBeLessThan(2400);
  expect(await estimateOf('emptied')).toBe(0);
  expect(await estimateOf('without_rows')).toBe(0);
  expect(await estimateOf('never_analyzed')).toBeUndefined();
  expect(await estimateOf('partitioned')).toBe(1000);
  expect(await estimateOf('half_analyzed')).toBeUndefined();
  expect(await estimateOf('a_view')).toBeUndefined();
});
