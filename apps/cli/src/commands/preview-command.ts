import { join, resolve } from 'node:path';
import { readLoadRecord, type LoadRecord } from '@bronze/common/load/load-record';
import { loadIdOfRecord, loadRecordsPrefix } from '@bronze/common/load/object-keys';
import { inLine, schemaDigest } from '@bronze/common/load/schema-changes';
import { FolderObjectStore } from '@bronze/common/adapters/local/folder-object-store';
import { DuckDBInstance } from '@duckdb/node-api';
import { EXIT } from '../exit-code.ts';
import { assertFolder, readFolder } from '../folder.ts';
import { commandLine } from '../terminal/command-line.ts';
import { type Format, kept, printJson, printTable, say } from '../terminal/output.ts';
import { visible } from '../terminal/text.ts';
import { chosen } from '../unknown-entity.ts';

export interface PreviewOptions {
  readonly limit: number;
  readonly out: string;
  readonly output: Format;
}

/**
 * `bronze preview <entity>`: rows of the entity's completed loads, newest load first, read from Parquet by DuckDB.
 *
 * @throws BronzeError ENTITY_UNKNOWN if the folder has nothing of the entity
 */
export async function previewCommand(entity: string, options: PreviewOptions): Promise<number> {
  await assertFolder(options.out);
  const { files, columns, isLoaded } = await newestParts(entity, options);
  if (files.length === 0) return sayEmpty(entity, isLoaded, options);
  const { names, rows } = await readRows(files, options.limit);
  if (options.output === 'json') {
    printJson(rows.map((row) => Object.fromEntries(names.map((name, index) => [name, row[index] ?? null]))));
  } else printRows(names, rows);
  const shown = new Set(names.map((name) => name.toLowerCase()));
  const hidden = columns.filter((name) => !shown.has(name.toLowerCase()));
  if (hidden.length > 0) say(`Older rows also have ${hidden.map(inLine).join(', ')}.`);
  return EXIT.ok;
}

async function sayEmpty(entity: string, isLoaded: boolean, { out, output }: PreviewOptions): Promise<number> {
  if (!isLoaded) chosen([entity], (await readFolder(out)).entities, out);
  if (output === 'json') printJson([]);
  const status = commandLine(['status', entity], { out });
  say(
    isLoaded ? `${entity} has no rows in ${out}.` : `${entity}: no load of it has completed in ${out}: see ${status}`,
  );
  return EXIT.ok;
}

/** No column is left out: where they don't fit, each row becomes a block of lines. */
export function printRows(names: readonly string[], rows: readonly (readonly (string | null)[])[]): void {
  printTable(
    names.map(kept),
    rows.map((row) => row.map((value) => visible(value ?? ''))),
  );
}

interface NewestParts {
  /** Paths of parts of completed loads, newest load first, until they hold `limit` rows; by loads with the same columns. */
  readonly files: readonly (readonly string[])[];
  /** The columns of all parts of completed loads. */
  readonly columns: readonly string[];
  /** Whether a load has completed, with or without rows. */
  readonly isLoaded: boolean;
}

async function newestParts(entity: string, { out, limit }: PreviewOptions): Promise<NewestParts> {
  const objects = await FolderObjectStore.open(out);
  try {
    const keys = await objects.list(loadRecordsPrefix(entity));
    const ids = keys.map((key) => loadIdOfRecord(entity, key)).filter((load_id) => load_id !== undefined);
    const records = await Promise.all(ids.map((load_id) => readLoadRecord(objects, { entity, load_id })));
    const completed = records.filter((record): record is LoadRecord => record?.status === 'completed');
    const newest = completed
      .filter(({ parts }) => parts.length > 0)
      .toSorted((a, b) => (a.ingested_at < b.ingested_at ? 1 : -1));
    const names = newest.flatMap(({ columns }) => columns.map(({ name }) => name));
    return {
      files: filesOf(newest, resolve(out), limit),
      columns: [...new Set(names)],
      isLoaded: completed.length > 0,
    };
  } finally {
    objects.close();
  }
}

function filesOf(records: readonly LoadRecord[], out: string, limit: number): string[][] {
  const files: string[][] = [];
  let schema: string | undefined;
  let rows = 0;
  for (const record of records) {
    const digest = schemaDigest(record);
    for (const part of record.parts) {
      if (rows >= limit) return files;
      if (schema !== digest) files.push([]);
      schema = digest;
      files.at(-1)?.push(join(out, part.key));
      rows += part.rows;
    }
  }
  return files;
}

async function readRows(
  files: NewestParts['files'],
  limit: number,
): Promise<{ names: string[]; rows: (string | null)[][] }> {
  const instance = await DuckDBInstance.create(':memory:');
  const connection = await instance.connect();
  try {
    // Not all in one: a column may have types in two of them that DuckDB can't combine.
    const selects = files.map((some) => {
      const list = some.map((file) => `'${file.replaceAll("'", "''")}'`).join(', ');
      return `SELECT COLUMNS(*)::VARCHAR FROM read_parquet([${list}], hive_partitioning = false, union_by_name = true)`;
    });
    await connection.run("SET TimeZone = 'UTC'");
    const reader = await connection.runAndReadAll(`${selects.join(' UNION ALL BY NAME ')} LIMIT ${limit}`);
    const text = (value: unknown) => (value === null ? null : String(value));
    return { names: reader.columnNames(), rows: reader.getRows().map((row) => row.map(text)) };
  } finally {
    connection.closeSync();
    instance.closeSync();
  }
}
