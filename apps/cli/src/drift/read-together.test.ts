import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parquetType, typeName, writtenType } from '@bronze/writer/parquet/type-mapping';
import { type DuckDBConnection, DuckDBInstance } from '@duckdb/node-api';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { readTogether } from './read-together.ts';

/** Values of each type that no narrower type holds, and what the type is called in SQL. */
const VALUES: Readonly<Record<string, readonly [sqlType: string, ...values: string[]]>> = {
  boolean: ['BOOLEAN', 'true', 'false'],
  integer: ['INTEGER', '2147483647', '-2147483648', '16777217'],
  bigint: ['BIGINT', '9223372036854775807', '-9223372036854775808'],
  'numeric(8,2)': ['DECIMAL(8,2)', '999999.99'],
  'numeric(29,10)': ['DECIMAL(29,10)', '9999999999999999999.9999999999'],
  'numeric(38,0)': ['DECIMAL(38,0)', '99999999999999999999999999999999999999'],
  real: ['FLOAT', '0.1', '3.4028235e38', 'NaN'],
  'double precision': ['DOUBLE', '0.1', '1e300'],
  date: ['DATE', '0001-01-01', '9999-12-31'],
  'timestamp without time zone': ['TIMESTAMP', '2024-01-15 10:32:00.123456'],
  'timestamp with time zone': ['TIMESTAMPTZ', '2024-01-15 10:32:00.123456+00'],
  bytea: ['BLOB', String.raw`\xFF\x00`],
  text: ['VARCHAR', 'two', String.raw`C:\x`],
};
const TYPES = Object.keys(VALUES);
const folder = mkdtempSync(join(tmpdir(), 'bronze-read-together-'));
const fileOf = (type: string) => join(folder, `${TYPES.indexOf(type)}.parquet`);
let connection: DuckDBConnection;

beforeAll(async () => {
  connection = await (await DuckDBInstance.create(':memory:', { threads: '1' })).connect();
  await connection.run("SET TimeZone = 'UTC'");
  for (const [type, [sqlType, ...values]] of Object.entries(VALUES)) {
    const list = values.map((value) => `('${value}'::${sqlType})`).join(', ');
    await connection.run(`COPY (SELECT q FROM (VALUES ${list}) v(q)) TO '${fileOf(type)}' (FORMAT parquet)`);
  }
});
afterAll(() => {
  connection.closeSync();
  rmSync(folder, { recursive: true });
});

/** The type as which DuckDB reads both files, and whether each value comes back from it as it was. */
async function measured(before: string, now: string) {
  const files = `['${fileOf(before)}', '${fileOf(now)}'], union_by_name = true, hive_partitioning = false`;
  const sides = [before, now].map((type) => {
    const sqlType = VALUES[type]?.[0] ?? '';
    const read = `SELECT TRY_CAST(q AS ${sqlType}) AS q FROM read_parquet(${files}, filename = 'f') WHERE f = '${fileOf(type)}'`;
    return `(SELECT count(*) FROM (FROM read_parquet('${fileOf(type)}') EXCEPT ALL (${read})))`;
  });
  try {
    const sql = `SELECT ${sides.join(' + ')}, (SELECT max(typeof(q)) FROM read_parquet(${files}))`;
    const [[lost, as] = []] = (await connection.runAndReadAll(sql)).getRowsJson();
    return { lost: Number(lost), as };
  } catch (thrown) {
    return { error: String(thrown) };
  }
}

/** A decimal may come back from one, and still is another number there. */
const isFloat = (type: unknown) => type === 'FLOAT' || type === 'DOUBLE';

test('what is said of reading two types together is what DuckDB does, for each pair', async () => {
  const wrong: unknown[] = [];
  for (const [index, before] of TYPES.entries()) {
    for (const now of TYPES.slice(index + 1)) {
      const said = readTogether(parquetType(before), parquetType(now));
      expect(readTogether(parquetType(now), parquetType(before))).toEqual(said);
      const found = await measured(before, now);
      const isSo =
        said.kind === 'impossible'
          ? 'error' in found
          : said.kind === 'exact'
            ? found.lost === 0 && found.as === said.as
            : 'error' in found || found.lost > 0 || isFloat(found.as);
      if (!isSo) wrong.push({ before, now, said, found });
    }
  }
  expect(wrong).toEqual([]);
});

test('types that are one in Parquet are the same', () => {
  for (const [before, now] of [
    ['character varying(45)', 'text'],
    ['smallint', 'integer'],
    ['jsonb', 'text'],
  ] as const) {
    expect(readTogether(writtenType(before, 'duckdb'), writtenType(now, 'duckdb')), before).toEqual({ kind: 'same' });
  }
  expect(typeName(writtenType('bigint', 'parquetjs-lite'))).toBe('text');
});
