import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { fitsIn32Bits, writtenSince, writtenWithin } from './xid-range.ts';

describe('the condition on the 32 bits that a row carries', () => {
  test.each([
    ['90', '100', '((xmin::text::bigint - 90) & 4294967295) < 10'],
    ['4294967290', '4294967300', '((xmin::text::bigint - 4294967290) & 4294967295) < 10'],
    ['8589934597', '8589934597', '((xmin::text::bigint - 5) & 4294967295) < 0'],
  ])('for the ids [%s, %s) is %s', (from, until, sql) => {
    expect(writtenWithin(from, until)).toBe(sql);
  });

  test('selects the same rows as comparing 64-bit ids would', () => {
    fc.assert(
      fc.property(
        fc.bigInt(3n, 2n ** 40n),
        fc.bigInt(0n, 2n ** 31n - 1n),
        fc.bigInt(-(2n ** 31n), 2n ** 31n),
        (from, width, off) => {
          const xid = from + off < 3n ? 3n : from + off;
          const [low = 0n, mask = 0n, bound = 0n] = [
            ...writtenWithin(String(from), String(from + width)).matchAll(/(?<=[- &<] )\d+/g),
          ].map(([n]) => BigInt(n));
          const isWithin = (((xid % 2n ** 32n) - low) & mask) < bound;
          expect(isWithin).toBe(xid >= from && xid < from + width);
        },
      ),
    );
  });

  test('without an end reaches to the snapshot_xmax of the statement', () => {
    expect(writtenSince('4294967300')).toBe(
      '((xmin::text::bigint - 4) & 4294967295) < (SELECT pg_snapshot_xmax(pg_current_snapshot())::text::bigint) - 4294967300',
    );
  });

  test('is refused for a window that is too wide or runs backwards', () => {
    expect(() => writtenWithin('5', String(5n + 2n ** 31n))).toThrow(RangeError);
    expect(() => writtenWithin('5', '4')).toThrow(RangeError);
    expect(fitsIn32Bits('5', String(4n + 2n ** 31n))).toBe(true);
  });
});
