import { describe, expect, test } from 'vitest';
import { isRepresentable } from './representable.ts';
import { parquetType } from './type-mapping.ts';
import { cases, COLUMNS, FITTING, GOOD, SPELLED_OTHERWISE, UNFIT } from './values.fixtures.ts';

const typeOf = (name: string) => parquetType(COLUMNS.find((column) => column.name === name)?.type ?? '');

test.each([...cases(FITTING), ...cases(SPELLED_OTHERWISE), ...Object.entries(GOOD)])(
  '%s holds %j exactly',
  (name, text) => {
    expect(isRepresentable(typeOf(name), text ?? '')).toBe(true);
  },
);

test.each(cases(UNFIT))('%s does not hold %j', (name, text) => {
  expect(isRepresentable(typeOf(name), text)).toBe(false);
});

describe('the range of numbers', () => {
  const int32 = { kind: 'int32' } as const;
  const int64 = { kind: 'int64' } as const;
  const decimal = (precision: number, scale: number) => ({ kind: 'decimal', precision, scale }) as const;

  test.each([
    [int32, '-2147483648', '-2147483649'],
    [int32, '2147483647', '2147483648'],
    [int64, '-9223372036854775808', '-9223372036854775809'],
    [int64, '9223372036854775807', '9223372036854775808'],
    [decimal(38, 0), '9'.repeat(38), '1'.padEnd(39, '0')],
    [decimal(38, 38), `-0.${'9'.repeat(38)}`, '1'],
    [decimal(38, 38), `0.${'1'.repeat(38)}`, `0.${'1'.repeat(39)}`],
    [decimal(5, 2), '999.99', '1000'],
    [decimal(5, 2), '0.01', '0.001'],
    [decimal(5, 0), '99999.000', '99999.5'],
  ])('of %j ends between %s and %s', (type, last, beyond) => {
    expect([isRepresentable(type, last), isRepresentable(type, beyond)]).toEqual([true, false]);
  });

  test('is 9 significant digits for a float and 17 for a double, not counting zeros around them', () => {
    for (const [kind, exact] of [
      ['float', '134217728'],
      ['double', '18014398509481984'],
    ] as const) {
      for (const text of [exact, `${exact}.000`, `000${exact}`, `-${exact}e+00`]) {
        expect(isRepresentable({ kind }, text), `${kind} ${text}`).toBe(true);
      }
      for (const text of [`${exact}1`, `${exact}.01`, `0.${exact}1`, `1.${exact}e+05`, `${exact.slice(0, -1)}9`]) {
        expect(isRepresentable({ kind }, text), `${kind} ${text}`).toBe(false);
      }
    }
  });

  test('excludes what a float would make infinite or zero, even if a double can hold it', () => {
    for (const text of ['3.4028236e+38', '1e-46']) {
      expect([isRepresentable({ kind: 'float' }, text), isRepresentable({ kind: 'double' }, text)]).toEqual([
        false,
        true,
      ]);
    }
  });

  test('includes zero in any notation and with any sign', () => {
    for (const text of ['0', '-0', '0.000', '0e-400', '00'])
      expect(isRepresentable({ kind: 'double' }, text), text).toBe(true);
  });
});

describe('times of day', () => {
  test.each(['00:00:00', '09:59:59', '19:00:00', '20:00:00', '23:59:59.999999', '10:32:00.5', '10:32:00.000001'])(
    '%s is a time of day',
    (clock) => {
      expect(isRepresentable({ kind: 'timestamp' }, `2024-02-29 ${clock}`)).toBe(true);
      expect(isRepresentable({ kind: 'timestamptz' }, `2024-02-29 ${clock}+00`)).toBe(true);
      expect(isRepresentable({ kind: 'timestamptz' }, `2024-02-29 ${clock}`)).toBe(false);
      expect(isRepresentable({ kind: 'timestamp' }, `2023-02-29 ${clock}`)).toBe(false);
    },
  );

  test.each([
    '24:00:00',
    '30:00:00',
    '1:00:00',
    '10:60:00',
    '10:32:60',
    '10:32:00.10',
    '10:32:00.0000001',
    '10:32:00 ',
  ])('%s is not a time of day', (clock) => {
    expect(isRepresentable({ kind: 'timestamp' }, `2024-02-29 ${clock}`)).toBe(false);
    expect(isRepresentable({ kind: 'timestamptz' }, `2024-02-29 ${clock}+00`)).toBe(false);
  });

  test('a date has exactly ten characters', () => {
    expect(isRepresentable({ kind: 'date' }, '2024-01-15')).toBe(true);
    for (const text of ['2024-01-15 ', '02024-01-15', '2024-01-1x', '2O24-01-15', '2024-01-15 10:32:00']) {
      expect(isRepresentable({ kind: 'date' }, text), text).toBe(false);
    }
  });
});

test('bytes are pairs of lower-case hexadecimal digits after \\x', () => {
  for (const text of ['\\x', '\\x0af9']) expect(isRepresentable({ kind: 'bytes' }, text), text).toBe(true);
  for (const text of ['\\x0', '\\x0g', '\\x0A', 'x00', '00', '\\x00\\x00']) {
    expect(isRepresentable({ kind: 'bytes' }, text), text).toBe(false);
  }
});

test('a text of a million digits is judged in linear time', () => {
  const long = '0'.repeat(1_000_000);
  const began = performance.now();
  for (const type of ['bigint', 'numeric(12,2)', 'double precision', 'bytea', 'timestamp with time zone']) {
    isRepresentable(parquetType(type), `1${long}1`);
    isRepresentable(parquetType(type), `${long}x`);
    isRepresentable(parquetType(type), `1.${long}1`);
  }
  expect(performance.now() - began).toBeLessThan(2000);
});
