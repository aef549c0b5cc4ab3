import { isRepresentable } from '@bronze/writer/parquet/representable';
import { expect, test } from 'vitest';
import { newDatabase, textRows } from '../database.ts';

test.each([
  ['float', 'real', -149, 127, 8],
  ['double', 'double precision', -1074, 1023, 16],
] as const)('every %s counts as PostgreSQL prints it', async (kind, type, lowest, highest, digits) => {
  const url = await newDatabase();
  const rows = await textRows(
    url,
    `SELECT CAST(power(2::numeric, e) AS ${type}) AS v FROM generate_series(${lowest}, ${highest}) AS e
      UNION ALL SELECT CAST((random() * 9 + 1) * power(10::numeric, e % 70 - 35)::float8 AS ${type}) FROM generate_series(1, 20000) AS e
      UNION ALL SELECT CAST(n || 'e' || ${digits} AS ${type}) FROM generate_series(1, 999) AS n`,
  );
  const texts = rows.map(({ v }) => v ?? '');
  expect(texts.length).toBeGreaterThan(20_000);
  expect(texts.filter((text) => !isRepresentable({ kind }, text))).toEqual([]);
});
