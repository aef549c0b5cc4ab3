import { join, resolve } from 'node:path';
import { readLoadRecord, type LoadRecord } from '@bronze/common/load/load-record';
import { loadIdOfRecord, loadRecordsPrefix } from '@bronze/common/load/object-keys';
import { FolderObjectStore } from '@bronze/common/adapters/local/folder-object-store';
import { DuckDBInstance } from '@duckdb/node-api';
import { EXIT, usageError } from '../exit-code.ts';
import { type Format, kept, printJson, printTable } from '../terminal/output.ts';
import { visible } from '../terminal/text.ts';
import { assertFolder } from './status-command.ts';

export interface PreviewOptions {
  readonly limit: number;
  readonly out: string;
  readonly output: Format;
}

/** `bronze preview <entity>`: rows of the entity's completed loads, newest load first, read from Parquet by DuckDB. */
export async function previewCommand(entity: string, options: PreviewOptions): Promise<number> {
  await assertFolder(options.out);
  const files = await newestParts(entity, options);
  if (files.length === 0) {
    throw usageError(`${entity} has no rows in ${options.out}`, 'Run bronze status to see what has been loaded there.');
  }
  const { names, rows } = await readRows(files, options.limit);
  if (options.output === 'json') {
    printJson(rows.map((row) => Object.fromEntries(names.map((name, index) => [name, row[index] ?? null]))));
  } else printRows(names, rows);
  return EXIT.ok;
}

/** No column is left out: where they don't fit, each row becomes a block of lines. */
export function printRows(names: readonly string[], rows: readonly (readonly (string | null)[])[]): void {
  printTable(
    names.map(kept),
    rows.map((row) => row.map((value) => visible(value ?? ''))),
  );
}

/** Paths of parts of completed loads, newest load first, until they hold `limit` rows. */
async function newestParts(entity: string, options: PreviewOptions): Promise<string[]> {
  const objects = await FolderObjectStore.open(options.out);
  try {
    const keys = await objects.list(loadRecordsPrefix(entity));
    const ids = keys.map((key) => loadIdOfRecord(entity, key)).filter((load_id) => load_id !== undefined);
    const records = await Promise.all(ids.map((load_id) => readLoadRecord(objects, { entity, load_id })));
    const completed = records.filter((record): record is LoadRecord => record?.status === 'completed');
    const parts = completed.toSorted((a, b) => (a.ingested_at < b.ingested_at ? 1 : -1)).flatMap(({ parts }) => parts);
    const files: string[] = [];
    for (let rows = 0, next = parts.shift(); next && rows < options.limit; next = parts.shift()) {
      files.push(join(resolve(options.out), next.key));
      rows += next.rows;
    }
    return files;
  } finally {
    objects.close();
  }
}

async function readRows(
  files: readonly string[],
  limit: number,
): Promise<{ names: string[]; rows: (string | null)[][] }> {
  const instance = await DuckDBInstance.create(':memory:');
  const connection = await instance.connect();
  try {
    const list = files.map((file) => `'${file.replaceAll("'", "''")}'`).join(', ');
    await connection.run("SET TimeZone = 'UTC'");
    const reader = await connection.runAndReadAll(
      `SELECT COLUMNS(*)::VARCHAR FROM read_parquet([${list}], hive_partitioning = false, union_by_name = true) LIMIT ${limit}`,
    );
    const text = (value: unknown) => (value === null ? null : String(value));
    return { names: reader.columnNames(), rows: reader.getRows().map((row) => row.map(text)) };
  } finally {
    connection.closeSync();
    instance.closeSync();
  }
}
