import { expect, test } from 'vitest';
import { columnsOf } from './screen.ts';

test.each([
  ['a terminal has its own width', { isTTY: true, columns: 132 }, undefined, 132],
  ['a terminal that does not tell it has 80', { isTTY: true, columns: 0 }, undefined, 80],
  ['a pipe has any', { isTTY: false }, undefined, Infinity],
  ['COLUMNS has the first word', { isTTY: true, columns: 132 }, '100', 100],
  ['COLUMNS has the first word in a pipe too', {}, '100', 100],
  ['COLUMNS that is not a number is ignored', { isTTY: true, columns: 132 }, 'wide', 132],
  ['COLUMNS that is empty is nothing', {}, '', Infinity],
  ['COLUMNS that is negative is nothing', {}, '-1', Infinity],
])('%s', (_, stream, COLUMNS, expected) => {
  expect(columnsOf(stream, { COLUMNS })).toBe(expected);
});
