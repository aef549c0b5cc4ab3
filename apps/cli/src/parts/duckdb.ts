import { DuckDBInstance, type DuckDBConnection } from '@duckdb/node-api';

/** Works with DuckDB in memory. It reads and prints times in UTC, and fetches no extensions from the internet. */
export async function withDuckDb<T>(work: (connection: DuckDBConnection) => Promise<T>): Promise<T> {
  const settings = { autoinstall_known_extensions: 'false', autoload_known_extensions: 'false' };
  const instance = await DuckDBInstance.create(':memory:', settings);
  const connection = await instance.connect();
  try {
    await connection.run("SET TimeZone = 'UTC'");
    return await work(connection);
  } finally {
    connection.closeSync();
    instance.closeSync();
  }
}

/** The rows of Parquet files that have their columns in common. */
export function fromFiles(files: readonly string[]): string {
  const list = files.map((file) => `'${file.replaceAll("'", "''")}'`).join(', ');
  return `FROM read_parquet([${list}], hive_partitioning = false, union_by_name = true)`;
}

/** Puts rows of files with other columns together. One `read_parquet` can't: a column may have another type there. */
export const TOGETHER = ' UNION ALL BY NAME ';

/** Each column as text. */
export const AS_TEXT = 'COLUMNS(*)::VARCHAR';

export interface TextRows {
  readonly names: readonly string[];
  readonly rows: readonly (readonly (string | null)[])[];
}
