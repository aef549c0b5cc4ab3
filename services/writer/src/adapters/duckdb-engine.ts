import { mkdir, readFile, rm, unlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { BronzeError, machineError } from '@bronze/common/words/failure';
import { asEventDate, NULL_EVENT_DATE } from '@bronze/common/load/object-keys';
import { type DuckDBConnection, DuckDBInstance } from '@duckdb/node-api';
import { hasNegativeZero, hasSignedZeros } from '../parquet/negative-zero.ts';
import { makeTemporaryFolder, sweepTemporaryFolders } from './temporary-folders.ts';
import { unpack } from './unpack.ts';
import * as sql from '../parquet/duckdb-sql.ts';
import type { Conversion, Converted, ParquetEngine } from '../parquet/parquet-engine.ts';
import { rowCountIfOurs } from '../parquet/provenance.ts';
import { quarantineLine } from '@bronze/common/load/quarantine-lines';

/** Measured: with it, the whole process takes less than 300 MB for 250,000 rows of orders. */
const MEMORY_LIMIT_MB = 256;
/** The most that wide rows and long lines get (decision 12). Measured: a line of 120 MB needed 2 GB. */
const MEMORY_LIMIT_MB_MAX = 4096;

/**
 * Writes Parquet with DuckDB: one generated statement types, checks, hashes and partitions the rows of a task. It uses
 * one thread, because another number of threads gives other bytes.
 */
export class DuckDbEngine implements ParquetEngine {
  readonly rowCountIfOurs = rowCountIfOurs;
  readonly name = 'duckdb';
  /** Once per engine: a killed process left its folders long before. */
  #swept: Promise<void> | undefined;

  degraded(): [] {
    return [];
  }

  async *convert(conversion: Conversion): AsyncGenerator<Converted> {
    if (conversion.batches.length === 0) return;
    await (this.#swept ??= sweepTemporaryFolders());
    const folder = await makeTemporaryFolder();
    try {
      yield* await convertIn(folder, conversion);
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  }
}

async function convertIn(folder: string, conversion: Conversion): Promise<AsyncGenerator<Converted>> {
  try {
    return await withEnoughMemory(await writeBatchFiles(conversion, folder), folder);
  } catch (thrown) {
    throw machineError(thrown, folder) ?? thrown;
  }
}

async function writeBatchFiles(conversion: Conversion, folder: string): Promise<sql.DuckDbTask> {
  const { batches, ...rest } = conversion;
  const files: string[] = [];
  for (const [index, batch] of batches.entries()) {
    const file = join(folder, `batch-${index}.ndjson.zst`);
    await writeFile(file, batch.body);
    files.push(file);
  }
  const rows = batches.reduce((sum, batch) => sum + batch.rows, 0);
  const bytes = batches.reduce((sum, batch) => sum + batch.ndjson_bytes, 0);
  const row_bytes_max = Math.max(...batches.map((batch) => batch.row_bytes_max));
  const has_negative_zero = hasSignedZeros(rest.columns) && (await someNegativeZero(batches));
  return { ...rest, files, row_bytes_max, row_bytes_mean: bytes / Math.max(1, rows), has_negative_zero };
}

async function someNegativeZero(batches: Conversion['batches']): Promise<boolean> {
  for (const batch of batches) if (hasNegativeZero(await unpack(batch))) return true;
  return false;
}

/** The limit is for ordinary tasks: one that needs more runs again with twice as much. Its bytes are the same. */
async function withEnoughMemory(task: sql.DuckDbTask, folder: string): Promise<AsyncGenerator<Converted>> {
  for (let memory_mb = MEMORY_LIMIT_MB; ; memory_mb *= 2) {
    const attempt = join(folder, `${memory_mb}`);
    try {
      await mkdir(attempt);
      return await run(task, { folder: attempt, memory_mb });
    } catch (thrown) {
      if (!(thrown instanceof Error && thrown.message.includes('Out of Memory'))) throw thrown;
      // It may be the room to spill that is too small, not the memory.
      if (memory_mb >= MEMORY_LIMIT_MB_MAX) throw machineError(thrown, folder) ?? tooLarge(task);
      await rm(attempt, { recursive: true });
    }
  }
}

function tooLarge(task: sql.DuckDbTask): BronzeError {
  return new BronzeError('ENGINE_LIMIT', {
    message: `DuckDB can't convert a write task of ${task.columns.length} columns and rows of up to ${task.row_bytes_max} bytes in ${MEMORY_LIMIT_MB_MAX} MB`,
    hint: 'Lower task_bytes of the entity, abandon the load and run it again; or ingest a view without the largest columns.',
  });
}

interface Workspace {
  readonly folder: string;
  readonly memory_mb: number;
}

/** All files are written and DuckDB is closed before the first part is returned. */
async function run(task: sql.DuckDbTask, { folder, memory_mb }: Workspace): Promise<AsyncGenerator<Converted>> {
  const instance = await DuckDBInstance.create(':memory:', {
    threads: '1',
    memory_limit: `${memory_mb}MB`,
    temp_directory: join(folder, 'spill'),
    preserve_insertion_order: 'true',
    autoinstall_known_extensions: 'false',
    autoload_known_extensions: 'false',
  });
  try {
    const connection = await instance.connect();
    try {
      for (const setting of sql.settingsSql(task)) await connection.run(setting);
      const files = await copyParts(connection, task, folder);
      const isClean = files.every((file) => file.part !== sql.QUARANTINED);
      const parts = toParts(files, task.event_date_column);
      return emitParts(parts, isClean ? undefined : await readQuarantine(connection, task));
    } finally {
      connection.closeSync();
    }
  } finally {
    instance.closeSync();
  }
}

interface PartFile {
  /** The event date, or one of the names in duckdb-sql. */
  readonly part: string;
  readonly path: string;
  readonly rows: number;
}

/** Copies straight from the staged lines if they have few event dates; else from a table that spills, in turns. */
async function copyParts(connection: DuckDBConnection, task: sql.DuckDbTask, folder: string): Promise<PartFile[]> {
  const [guess] = task.event_date_column === null ? [1] : await firstColumn(connection, sql.guessDatesSql(task));
  if (Number(guess) <= sql.datesPerCopy(task)) {
    const files = await copy(connection, sql.copySql(task, join(folder, 'direct'), `(${sql.rowsSql(task)})`));
    // If there are more dates than guessed, DuckDB closes some files and begins others for the same date.
    if (new Set(files.map(({ part }) => part)).size === files.length) return files;
    await rm(join(folder, 'direct'), { recursive: true });
  }
  await connection.run(`ATTACH ${sql.literal(join(folder, 'stage.duckdb'))} AS stage`);
  await connection.run('SET write_buffer_row_group_count = 1');
  await connection.run(sql.stageSql(task));
  const parts = await firstColumn(connection, 'SELECT DISTINCT part FROM stage.typed ORDER BY part');
  const files: PartFile[] = [];
  for (const from of sql.stagedRanges(task, parts.map(String))) {
    files.push(...(await copy(connection, sql.copySql(task, join(folder, 'staged'), from))));
  }
  return files;
}

async function copy(connection: DuckDBConnection, query: string): Promise<PartFile[]> {
  const copied = await connection.runAndReadAll(query);
  return copied.getRowObjects().map((row) => {
    const path = String(row['filename']);
    const part = /=([^/\\]*)[/\\][^/\\]*$/.exec(path)?.[1] ?? '';
    return { part, path, rows: Number(row['count']) };
  });
}

async function firstColumn(connection: DuckDBConnection, query: string): Promise<unknown[]> {
  return (await connection.runAndReadAll(query)).getRows().map((row) => row[0]);
}

async function readQuarantine(connection: DuckDBConnection, task: sql.DuckDbTask): Promise<Converted> {
  const lines: Uint8Array[] = [];
  const result = await connection.stream(sql.quarantineSql(task));
  for (let chunk = await result.fetchChunk(); chunk && chunk.rowCount > 0; chunk = await result.fetchChunk()) {
    for (const [reason, raw] of chunk.getRows()) lines.push(quarantineLine(String(reason), Buffer.from(String(raw))));
  }
  return { kind: 'quarantine', rows: lines.length, body: Buffer.concat(lines) };
}

interface DatedFile extends Omit<PartFile, 'part'> {
  readonly event_date: string | null;
}

/** All names are checked before anything is given away. */
function toParts(files: readonly PartFile[], column: string | null): DatedFile[] {
  const sorted = files.filter(({ part }) => part !== sql.QUARANTINED).toSorted((a, b) => (a.part < b.part ? -1 : 1));
  return sorted.map(({ part, path, rows }) => ({ event_date: eventDate(part, column), path, rows }));
}

async function* emitParts(parts: readonly DatedFile[], quarantine: Converted | undefined): AsyncGenerator<Converted> {
  if (quarantine) yield quarantine;
  for (const { event_date, path, rows } of parts) {
    const body = await readFile(path);
    await unlink(path);
    yield { kind: 'part', event_date, rows, body };
  }
}

/** @throws BronzeError COLUMN_UNSUPPORTED for the text of a column that holds no dates, even one like our own names */
function eventDate(part: string, column: string | null): string | null {
  if (column === null) return null;
  return part === sql.NO_DATE ? NULL_EVENT_DATE : asEventDate(part);
}
