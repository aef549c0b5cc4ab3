import type { RunReport } from '@bronze/runner/run-locally';
import { expect, test } from 'vitest';
import { configOf, reportOf } from '../terminal/captures.fixtures.ts';
import { capturing } from '../terminal/fake-terminal.fixtures.ts';
import { printEnd } from './run-command.ts';

const OPTIONS = { config: 'bronze.config.ts', out: 'out', retryFor: 0, output: 'table' } as const;

/** The end of a run of `orders` whose loads are of these types, each with 512 rows in quarantine. */
async function endOf(types: readonly ('full' | 'incremental')[]): Promise<string> {
  const { results, ...rest } = reportOf(3);
  const orders = results.find(({ entity }) => entity === 'orders');
  const [load] = orders?.loads ?? [];
  if (!orders || !load) throw new RangeError('there is no load of orders');
  const loads = types.map((load_type, index) => ({ ...load, load_id: `load ${index}`, load_type }));
  const report: RunReport = { ...rest, results: [{ ...orders, loads, load: loads.at(-1) }] };
  const shown = { config: configOf(3), duration_seconds: 1 };
  const { both } = await capturing(undefined, () => printEnd(report, OPTIONS, shown));
  return both;
}

test('rows in quarantine that a later full load of the run read again are counted once, as status does', async () => {
  expect(await endOf(['incremental', 'full'])).toContain('1 completed, 1 quarantined 512 rows, in 1.0 s');
  expect(await endOf(['incremental', 'full', 'incremental'])).toContain(
    'orders: 1,024 rows in quarantine, not in bronze',
  );
});
