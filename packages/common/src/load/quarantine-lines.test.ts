import { expect, test } from 'vitest';
import { quarantinedRows, quarantineLine, reasonsIn } from './quarantine-lines.ts';

const body = (...lines: readonly (readonly [reason: string, record: string])[]) =>
  Buffer.concat(lines.map(([reason, record]) => quarantineLine(reason, Buffer.from(record))));

test('reasons are counted without the rows’ values, however these look', () => {
  const value = JSON.stringify('a"; b: "c" is not exactly a date; \\","record":');
  const lines = body(
    ['due: "infinity" is not exactly a timestamptz', '{"due":"infinity"}'],
    [`due: ${value} is not exactly a timestamptz; n: "x" is not exactly a int32`, '{"due":"…","n":"x"}'],
    ['due: undefined is not exactly a timestamptz', '{}'],
  );
  expect(reasonsIn(lines)).toEqual([
    { reason: 'due is not exactly a timestamptz', rows: 3 },
    { reason: 'n is not exactly a int32', rows: 1 },
  ]);
});

test('a load record names at most twenty reasons, those of most rows', () => {
  const lines = Array.from({ length: 30 }, (_, n) =>
    Array.from({ length: n + 1 }, () => [`c${n}: "" is not exactly a date`, '{}'] as const),
  );
  const reasons = reasonsIn(body(...lines.flat()));
  expect(reasons).toHaveLength(20);
  expect(reasons[0]).toEqual({ reason: 'c29 is not exactly a date', rows: 30 });
});

test('the first rows of a quarantine object come with reason and record', () => {
  const lines = body(['a: "x" is not exactly a date', '{"a":"x","b":null}'], ['planted', '{"a":"y"}']);
  expect(quarantinedRows(lines, 1)).toEqual([{ reason: 'a: "x" is not exactly a date', record: { a: 'x', b: null } }]);
  expect(quarantinedRows(lines, 5).map(({ reason }) => reason)).toEqual(['a: "x" is not exactly a date', 'planted']);
  expect(reasonsIn(lines)).toContainEqual({ reason: 'planted', rows: 1 });
});
