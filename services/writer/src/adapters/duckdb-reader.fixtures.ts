import {
  DuckDBBlobValue,
  DuckDBDateValue,
  DuckDBDecimalValue,
  DuckDBInstance,
  DuckDBTimestampTZValue,
  DuckDBTimestampValue,
  type DuckDBValue,
} from '@duckdb/node-api';
import { bytesText, dateText, decimalText, floatText, timestampText } from '../../../../test/postgres-text.ts';

const TEXT = /^(VARCHAR|JSON)$/;
const quoted = (name: string) => `"${name.replaceAll('"', '""')}"`;
const literal = (text: string) => `'${text.replaceAll("'", "''")}'`;

/**
 * What a query of DuckDB gives, each value as the text that PostgreSQL prints for it, floats as JavaScript does.
 *
 * @param files Parquet files; the query reads all their rows from `bronze`, as docs/how-we-know/semantics.md says
 */
export async function queryParquet(files: readonly string[], query: string): Promise<Record<string, string | null>[]> {
  const instance = await DuckDBInstance.create(':memory:', { threads: '1' });
  const connection = await instance.connect();
  try {
    await connection.run("SET TimeZone = 'UTC'");
    await connection.run(
      `CREATE VIEW bronze AS FROM read_parquet([${files.map(literal).join(', ')}], union_by_name = true, hive_partitioning = false)`,
    );
    const described = await connection.runAndReadAll(`SELECT column_name, column_type FROM (DESCRIBE ${query})`);
    const columns = described
      .getRows()
      .map(([name, type]) => ({ name: String(name), isText: TEXT.test(String(type)) }));
    const selected = columns.map(({ name, isText }) => (isText ? `encode(${quoted(name)}::VARCHAR)` : quoted(name)));
    const read = await connection.runAndReadAll(`SELECT ${selected.join(', ')} FROM (${query})`);
    return read.getRows().map((row) => {
      const text = (value: DuckDBValue, isText = false) => (isText ? utf8Of(value) : textOf(value));
      return Object.fromEntries(columns.map(({ name, isText }, index) => [name, text(row[index] ?? null, isText)]));
    });
  } finally {
    connection.closeSync();
    instance.closeSync();
  }
}

/** Text is read as bytes: DuckDB's package for Node.js drops a byte order mark at its start. */
function utf8Of(value: DuckDBValue): string | null {
  return value instanceof DuckDBBlobValue ? Buffer.from(value.bytes).toString() : null;
}

/** Not DuckDB's own text: it prints some doubles as another number. */
function textOf(value: DuckDBValue): string | null {
  if (value === null) return null;
  if (typeof value === 'boolean') return value ? 't' : 'f';
  if (typeof value === 'number') return floatText(value);
  if (value instanceof DuckDBDecimalValue) return decimalText(value.value, value.scale);
  if (value instanceof DuckDBDateValue) return dateText(value.days);
  if (value instanceof DuckDBTimestampValue) return timestampText(value.micros, false);
  if (value instanceof DuckDBTimestampTZValue) return timestampText(value.micros, true);
  if (value instanceof DuckDBBlobValue) return bytesText(value.bytes);
  return String(value);
}
