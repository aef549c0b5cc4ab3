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

/**
 * A query of the rows of files, which are grouped by their columns. Not all in one `read_parquet`: a column may have types
 * in two groups that it can't combine.
 *
 * @param columns `*`, or an expression for each column
 */
export function selectFrom(groups: readonly (readonly string[])[], columns: string): string {
  const selects = groups.map((files) => {
    const list = files.map((file) => `'${file.replaceAll("'", "''")}'`).join(', ');
    return `SELECT ${columns} FROM read_parquet([${list}], hive_partitioning = false, union_by_name = true)`;
  });
  return selects.join(' UNION ALL BY NAME ');
}

/** Each column as text. */
export const AS_TEXT = 'COLUMNS(*)::VARCHAR';

export interface TextRows {
  readonly names: readonly string[];
  readonly rows: readonly (readonly (string | null)[])[];
}
