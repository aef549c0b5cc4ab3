import { expect, test } from 'vitest';
import { describeSeconds, secondsOf } from './duration.ts';

test('a duration is a whole number and a unit', () => {
  expect(['45s', '90m', '26h', '2d'].map(secondsOf)).toEqual([45, 5400, 93_600, 172_800]);
  for (const text of ['', '26', 'h', '0h', '1.5h', '26 h', '26h ', '1w', '-1h', '1000000s']) {
    expect(() => secondsOf(text), text).toThrow(RangeError);
  }
});

test('a time span is said in one unit', () => {
  const spans = [-5, 0.9, 59.9, 60, 7199, 7200, 86_400, 172_799, 172_800, 777_600];
  expect(spans.map(describeSeconds)).toEqual([
    '0 s',
    '0 s',
    '59 s',
    '1 min',
    '119 min',
    '2 h',
    '24 h',
    '47 h',
    '2 days',
    '9 days',
  ]);
});
