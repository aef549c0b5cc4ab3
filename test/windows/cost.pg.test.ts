import { expect, test } from 'vitest';
import { measureCost, RATIO_MAX } from './cost.ts';

const ROWS = 100_000;

async function pagesOf(nulls: number) {
  const costs = await measureCost(ROWS, nulls);
  const [plain, exact, unbounded, counting] = costs;
  if (!plain || !exact || !unbounded || !counting) throw new Error('measureCost explains four readings');
  expect([plain.rows, exact.rows, unbounded.rows]).toEqual([ROWS / 100, ROWS / 100, ROWS / 100]);
  return { plain: plain.pages, exact: exact.pages, unbounded: unbounded.pages, counting: counting.pages };
}

test('an exact load reads at most 1.2 times the plain range’s pages, counting ten rows without a cursor too', async () => {
  const { plain, exact, unbounded, counting } = await pagesOf(10);
  expect(counting).toBeGreaterThan(0);
  expect(exact / plain).toBeLessThanOrEqual(RATIO_MAX);
  // The scan's lower bound is what saves the other pages.
  expect(unbounded / plain).toBeGreaterThan(5);
});

/**
 * The index on the cursor finds the rows without one, but only the rows themselves show which of them the window's
 * transactions wrote. So each incremental load reads every page that holds such a row: if they are 1 % of the rows, all
 * over the table, that is ten times what the plain range reads; if they are half of the rows, the whole table. The
 * pages that a load reads for its own rows don't change. The count can't be bounded, because no index holds `xmin`.
 */
test('rows without a cursor cost each load at most about one page each, and nothing else costs more', async () => {
  const nulls = ROWS / 100;
  const { plain, exact, counting } = await pagesOf(nulls);
  expect(counting).toBeGreaterThan(nulls * 0.5);
  expect(counting).toBeLessThan(nulls * 1.1);
  expect((exact - counting) / plain).toBeLessThanOrEqual(RATIO_MAX);
});
