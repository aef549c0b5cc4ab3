import type { Column } from '@bronze/common/words/entity';
import { parquetType } from './type-mapping.ts';

const BEGINNING = '"-0';
const QUOTE = 0x22;
const NEGATIVE_ZERO = /^-0(?:\.0+)?(?:e[+-]?[0-9]+)?$/i;

/** Whether any column has two zeros. A decimal has one. */
export function hasSignedZeros(columns: readonly Column[]): boolean {
  return columns.some(({ type }) => ['float', 'double'].includes(parquetType(type).kind));
}

/** Whether any value of the staged lines is a zero with a minus: `-0`, `-0.0`, `-0e5`. Also one of another column. */
export function hasNegativeZero(ndjson: Uint8Array): boolean {
  const bytes = Buffer.from(ndjson.buffer, ndjson.byteOffset, ndjson.length);
  for (let at = bytes.indexOf(BEGINNING); at >= 0; at = bytes.indexOf(BEGINNING, at + 1)) {
    const end = bytes.indexOf(QUOTE, at + 1);
    if (NEGATIVE_ZERO.test(bytes.toString('latin1', at + 1, end))) return true;
  }
  return false;
}
