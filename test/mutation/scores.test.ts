import { expect, test } from 'vitest';
import { scoresOf } from './scores.ts';

const fileOf = (...statuses: string[]) => ({ mutants: statuses.map((status) => ({ status })) });

test('the score of a file is the percentage of its mutants that were noticed; a timeout counts as noticed', () => {
  const files = {
    'all.ts': fileOf('Killed', 'Timeout'),
    'half.ts': fileOf('Killed', 'Survived'),
    'third.ts': fileOf('Killed', 'Survived', 'NoCoverage'),
    'none.ts': fileOf('NoCoverage'),
  };
  expect(scoresOf({ files }).map(({ file, score }) => [file, Math.floor(score)])).toEqual([
    ['all.ts', 100],
    ['half.ts', 50],
    ['third.ts', 33],
    ['none.ts', 0],
  ]);
});

test('mutants that could not be tried count neither way', () => {
  const files = { 'a.ts': fileOf('Killed', 'RuntimeError', 'CompileError', 'Ignored'), 'b.ts': fileOf('RuntimeError') };
  expect(scoresOf({ files })).toEqual([{ file: 'a.ts', score: 100 }]);
});
