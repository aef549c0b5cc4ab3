import { expect, test } from 'vitest';
import { type Counted, summaryLine } from './summary-line.ts';
import { lasted } from './terminal/numbers.ts';

const ended = (status: Counted['status'], entities: number, rows_quarantined = 0): Counted[] =>
  Array.from({ length: entities }, () => ({ status, rows_quarantined }));

test('the last line of a run counts entities by status, rows in quarantine, and time', () => {
  expect(summaryLine([...ended('completed', 52), ...ended('completed', 2, 256), ...ended('failed', 6)], 61.4)).toBe(
    '54 completed, 6 failed, 2 quarantined 512 rows, in 61 s',
  );
});

test.each([
  [[], 0.04, '0 completed, in 0.0 s'],
  [ended('completed', 1), 3.25, '1 completed, in 3.3 s'],
  [ended('failed', 60), 60, '0 completed, 60 failed, in 60 s'],
  [ended('failed', 1, 1), 9.96, '0 completed, 1 failed, 1 quarantined 1 row, in 10 s'],
  [
    [...ended('interrupted', 2), ...ended('abandoned', 1)],
    725,
    '0 completed, 2 interrupted, 1 abandoned, in 12 min 5 s',
  ],
] as const)('%j in %d s is %j', (results, seconds, line) => {
  expect(summaryLine(results, seconds)).toBe(line);
});

test('a long time is told in the units of people', () => {
  expect([119.4, 120, 3599, 3600, 7384, 3_700_000].map(lasted)).toEqual([
    '119 s',
    '2 min 0 s',
    '59 min 59 s',
    '1 h 0 min',
    '2 h 3 min',
    '1,027 h 46 min',
  ]);
});
