import { expect, test } from 'vitest';
import { RunWatch } from './run-watch.ts';

test('rows are counted that this process wrote, not those of a load that others wrote', () => {
  const watch = new RunWatch({ event: () => undefined });
  const load = { entity: 'orders', load_id: 'l' };
  watch.event({ kind: 'load_continued', ...load, run_id: undefined, claimed_at: '' });
  watch.event({ kind: 'task_written', ...load, slice: 3, task: 0, rows: 90, parts: 1, bytes: 1, rows_quarantined: 10 });
  watch.event({ kind: 'load_completed', ...load, rows: 1_000_000, rows_quarantined: 0, parts: 20, until: '' });
  expect(watch.rowsWritten('orders')).toBe(100);
  expect(watch.rowsWritten('stock')).toBe(0);
});
