import { expect, test } from 'vitest';
import { measureCost, RATIO_MAX } from './cost.ts';

const ROWS = 100_000;

async function pagesOf(nulls: number) {
  const costs = await measureCost(ROWS, nulls);
  const [plain, exact, unbounded, counting] = costs;
  if (!plain || !exact || !unbounded || !counting) throw new Error('four readings are explained');
  expect([plain.rows, exact.rows, unbounded.rows]).toEqual([ROWS / 100, ROWS / 100, ROWS / 100]);
  return { plain: plain.pages, exact: exact.pages, unbounded: unbounded.pages, counting: counting.pages };
}

test('an exact load reads at most 1.2 times the pages of the plain range, counting the few rows without a cursor', async () => {
  const { plain, exact, unbounded, counting } = await pagesOf(10);
  expect(counting).toBeGreaterThan(0);
  expect(exact / plain).toBeLessThanOrEqual(RATIO_MAX);
  // It is the scan's lower bound that saves the others.
  expect(unbounded / plain).toBeGreaterThan(5);
});

/**
 * The index of the cursor finds the rows without one, but which of them a window's transactions wrote only the rows
 * themselves tell. So each incremental load reads every page with such a row on it: with 1 % of them all over the table
 * that is ten times what the plain range reads, and with half of them the whole table. What a load reads for its rows
 * stays as it is. Nothing bounds the count but that: no index has `xmin`.
 */
test('rows without a cursor cost a page each, at each load, and no more than that', async () => {
  const nulls = ROWS / 100;
  const { plain, exact, counting } = await pagesOf(nulls);
  expect(counting).toBeGreaterThan(nulls * 0.5);
  expect(counting).toBeLessThan(nulls * 1.1);
  expect((exact - counting) / plain).toBeLessThanOrEqual(RATIO_MAX);
});
