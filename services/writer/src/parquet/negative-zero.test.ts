import { expect, test } from 'vitest';
import { hasNegativeZero, hasSignedZeros } from './negative-zero.ts';

test.each(['-0', '-0.0', '-0.000', '-0e5', '-0.0E-7'])('%s is a negative zero', (text) => {
  expect(hasNegativeZero(Buffer.from(`{"a":"1","b":"${text}"}\n`))).toBe(true);
});

test.each(['0', '0.0', '-0.5', '-0e5x', '-00.1', '-0 ', '- 0'])('%s is not', (text) => {
  expect(hasNegativeZero(Buffer.from(`{"a":"-0.25","b":"${text}"}\n{"a":"-1"}\n`))).toBe(false);
});

test('only columns of floats have two zeros', () => {
  expect(
    hasSignedZeros([
      { name: 'a', type: 'numeric(10,2)' },
      { name: 'b', type: 'integer' },
    ]),
  ).toBe(false);
  expect(
    hasSignedZeros([
      { name: 'a', type: 'text' },
      { name: 'b', type: 'real' },
    ]),
  ).toBe(true);
  expect(hasSignedZeros([{ name: 'a', type: 'double precision' }])).toBe(true);
});
