import type { Failure } from '@bronze/common/words/failure';
import { expect, test } from 'vitest';
import { exitCodeOfRun } from './exit-code.ts';

type Ended = Parameters<typeof exitCodeOfRun>[0][number];

const done: Ended = { status: 'completed', failure: undefined };
const interrupted: Ended = { status: 'interrupted', failure: undefined };
const abandoned: Ended = { status: 'abandoned', failure: undefined };
const failed = (kind: Failure['kind']): Ended => ({
  status: 'failed',
  failure: { code: 'UNEXPECTED', kind, message: '', hint: '' },
});

test.each([
  ['all completed', [done, done], 0],
  ['nothing was asked for', [], 0],
  ['one failure, transient', [done, done, failed('transient')], 3],
  ['six of eight failures, all transient', [done, done, ...Array<Ended>(6).fill(failed('transient'))], 3],
  ['all transient', [failed('transient'), failed('transient')], 3],
  ['transient failures, and what was interrupted meanwhile', [failed('transient'), interrupted], 3],
  ['one permanent among transient ones', [failed('transient'), failed('permanent')], 4],
  ['one permanent', [done, failed('permanent')], 4],
  ['all permanent', [failed('permanent')], 4],
  ['a mistake in the configuration of all', [failed('configuration'), failed('configuration')], 2],
  ['a mistake in the configuration of one', [done, failed('configuration')], 4],
  [
    'a mistake in the configuration of one, and another that is transient',
    [failed('configuration'), failed('transient')],
    4,
  ],
  ['a bug in each', [failed('bug')], 1],
  ['an abandoned load', [done, abandoned], 4],
  ['an abandoned load, and a transient failure', [failed('transient'), abandoned], 4],
  ['interrupted', [done, interrupted], 130],
] as const)('%s', (_, results, code) => {
  expect(exitCodeOfRun(results)).toBe(code);
});
