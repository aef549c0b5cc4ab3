import type { LoadRecord } from '@bronze/common/load/load-record';
import { timestamp } from '@bronze/common/words/timestamp';
import type { EntityResult, RunReport } from '@bronze/runner/run-locally';
import { expect, test } from 'vitest';
import { configOf, reportOf } from '../terminal/captures.fixtures.ts';
import { capturing } from '../terminal/fake-terminal.fixtures.ts';
import { printEnd } from './run-command.ts';

/** What a run says that ended these loads of one entity, the last of which it had asked for if it is completed. */
async function saidOf(status: 'completed' | 'failed', ...loads: Partial<LoadRecord>[]) {
  const report = reportOf(3);
  const [result] = report.results;
  if (!result?.load) throw new Error('the fixture has no load');
  const base = result.load;
  const all = loads.map((one, index) => ({ ...base, load_id: `l${index}`, ...one }));
  const results: EntityResult[] = [
    { ...result, status, loads: all, load: status === 'failed' ? undefined : all.at(-1) },
  ];
  const end = async (output: 'table' | 'json') => {
    const options = { config: 'bronze.config.ts', out: 'bronze-data', retryFor: 0, output };
    return capturing(undefined, () =>
      printEnd({ ...report, results }, options, { config: configOf(3), duration_seconds: 1 }),
    );
  };
  const { entities } = JSON.parse((await end('json')).stdout) as { entities: Record<string, unknown>[] };
  const { stdout, stderr } = await end('table');
  return { stdout, stderr: stderr.split('\n'), json: entities[0] };
}

const seen = (late: number) => ({ newest: timestamp('2024-01-10'), late });

test('what any load of a run left out or took late is said, and what was left for later of the last load only', async () => {
  const { stderr, json } = await saidOf(
    'completed',
    {
      since: timestamp('2024-01-01'),
      left_out: { without_cursor: 2, outside_window: 5, left_for_later: 5, repeated: 3 },
      seen_cursors: seen(4),
    },
    {
      since: timestamp('2024-01-09'),
      left_out: { without_cursor: 1, outside_window: 499, left_for_later: 1, repeated: 0 },
    },
  );
  expect(json).toMatchObject({
    left_out: { without_cursor: 3, outside_window: 499, left_for_later: 1, repeated: 3 },
    late: 4,
  });
  const at = (text: string) => stderr.filter((line) => line.includes(text));
  expect(at('did not take')).toEqual([
    'customers: records that its loads saw and did not take: 3 without a cursor, 3 repeated',
  ]);
  expect(at('for later')).toHaveLength(1);
  expect(at('left 1 for later')).toHaveLength(1);
  expect(at('showed late')).toEqual([
    `customers: took 4 records that showed late, with cursors before ${timestamp('2024-01-01')}`,
  ]);
});

test('a failed entity says what its load left out that ended before', async () => {
  const left_out = { without_cursor: 1, outside_window: 498, repeated: 0 };
  const { stderr, stdout } = await saidOf('failed', { load_type: 'full', left_out });
  expect(stderr).toContain('customers: records that this load saw and did not take: 1 without a cursor');
  expect(stdout).toMatch(/failed +│ full /);
});

test('records from before the window alone are no news: earlier loads have them', async () => {
  const { stderr } = await saidOf('completed', { left_out: { without_cursor: 0, outside_window: 498, repeated: 0 } });
  expect(stderr.join('\n')).not.toContain('did not take');
});

test('rows of two loads are said to be of both', async () => {
  const { stdout, json } = await saidOf(
    'completed',
    { load_type: 'full', rows_in_bronze: 20 },
    { load_type: 'incremental', rows_in_bronze: 3 },
  );
  expect(stdout).toContain('full + incremental');
  expect(json).toMatchObject({
    load_type: 'incremental',
    rows: 23,
    loads: [
      { load_id: 'l0', load_type: 'full', rows: 20, rows_quarantined: 0 },
      { load_id: 'l1', load_type: 'incremental', rows: 3, rows_quarantined: 0 },
    ],
  });
});

const OPTIONS = { config: 'bronze.config.ts', out: 'out', retryFor: 0, output: 'table' } as const;

/** The end of a run of `orders` whose loads are of these types, each with 512 rows in quarantine. */
async function endOf(types: readonly ('full' | 'incremental')[]): Promise<string> {
  const { results, ...rest } = reportOf(3);
  const orders = results.find(({ entity }) => entity === 'orders');
  const [load] = orders?.loads ?? [];
  if (!orders || !load) throw new RangeError('the fixture has no load of orders');
  const loads = types.map((load_type, index) => ({ ...load, load_id: `load ${index}`, load_type }));
  const report: RunReport = { ...rest, results: [{ ...orders, loads, load: loads.at(-1) }] };
  const shown = { config: configOf(3), duration_seconds: 1 };
  const { both } = await capturing(undefined, () => printEnd(report, OPTIONS, shown));
  return both;
}

test('rows in quarantine that a later full load of the run read again are counted once, as status does', async () => {
  expect(await endOf(['incremental', 'full'])).toContain('1 completed, 1 quarantined 512 rows, in 1.0 s');
  expect(await endOf(['incremental', 'full', 'incremental'])).toContain('orders: 1,024 rows in quarantine, not loaded');
});
