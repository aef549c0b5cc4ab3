import type { DuckDBConnection } from '@duckdb/node-api';
import type { LoadRecord } from '@bronze/common/load/load-record';
import type { Part } from '@bronze/common/load/receipts';
import type { Timestamp } from '@bronze/common/words/timestamp';
import { EXIT, usageError } from '../exit-code.ts';
import { allLoads, isCompleted, partsByColumns } from '../parts/completed-loads.ts';
import { AS_TEXT, type TextRows, withDuckDb } from '../parts/duckdb.ts';
import { createView, type View } from '../parts/views.ts';
import { withFiles } from '../parts/local-files.ts';
import { readStored } from '../pipeline-state.ts';
import { onTarget } from '../target/open-target.ts';
import type { Target } from '../target/target.ts';
import type { TargetOptions } from '../target/target-options.ts';
import { bytes, plural } from '../terminal/numbers.ts';
import { type Format, printJson, say } from '../terminal/output.ts';
import { asObjects, printRows } from './preview-command.ts';
import { timestampOf } from './runs-command.ts';

export interface QueryOptions extends TargetOptions {
  /** Only loads that were claimed at or after this timestamp. */
  readonly since?: string;
  /** On AWS: how many bytes may be fetched. */
  readonly fetchMax: number;
  readonly output: Format;
}

/**
 * `bronze query "<SQL>"`: runs a query of DuckDB in which each entity is a view of the parts of its completed loads. Only
 * entities that the query names are read; on AWS, their parts are fetched first.
 *
 * @throws BronzeError CONFIG_INVALID with DuckDB's own words if it refuses the query, or if more than `fetchMax` bytes
 *   would be fetched
 */
export async function queryCommand(query: string, options: QueryOptions): Promise<number> {
  return onTarget(options, async (target) =>
    withDuckDb(async (connection) => {
      const since = options.since === undefined ? undefined : timestampOf('--since', options.since);
      const known = (await readStored(target)).entities;
      const named = refusing(known, () => connection.getTableNames(query, false));
      const entities = known.filter((entity) => named.some((name) => name.toLowerCase() === entity));
      const views: View[] = [];
      for (const entity of entities) views.push(await viewOf(target, entity, since));
      const parts = views.flatMap(({ groups }) => groups.flatMap((group) => group.parts));
      if (target.kind === 'aws') assertFetchable(target, parts, options.fetchMax);
      const result = await withFiles(target, parts, async (fileOf) => {
        for (const view of views) await createView(connection, view, fileOf);
        return resultOf(connection, query, known);
      });
      if (options.output === 'json') printJson(asObjects(result));
      else printRows(result.names, result.rows);
      return EXIT.ok;
    }),
  );
}

async function viewOf({ objects }: Target, entity: string, since: Timestamp | undefined): Promise<View> {
  const completed = (await allLoads(objects, entity)).filter(isCompleted);
  const records = completed.filter(({ ingested_at }) => since === undefined || ingested_at >= since);
  return { entity, columns: namesOf(completed), groups: partsByColumns(records) };
}

function namesOf(records: readonly LoadRecord[]): string[] {
  return [...new Set(records.flatMap(({ columns }) => columns.map(({ name }) => name)))];
}

function assertFetchable(target: Target, parts: readonly Part[], bytes_max: number): void {
  const size_bytes = parts.reduce((sum, part) => sum + part.bytes, 0);
  const what = `${plural(parts.length, 'part')}, ${bytes(size_bytes)}, from ${target.name}`;
  if (size_bytes > bytes_max) {
    throw usageError(
      `the query would fetch ${what}: more than ${bytes(bytes_max)}`,
      'Pass --since for the parts of newer loads only, or a larger --fetch-max; Athena reads them where they are.',
    );
  }
  if (parts.length > 0) say(`Fetching ${what}`);
}

/** The line break ends a comment at the end of the query. */
async function resultOf(connection: DuckDBConnection, query: string, known: readonly string[]): Promise<TextRows> {
  const text = query.trim().replace(/;+$/, '');
  const reader = await connection.runAndReadAll(`SELECT ${AS_TEXT} FROM (${text}\n)`).catch((thrown: unknown) => {
    throw refused(thrown, known);
  });
  const rows = reader.getRows().map((row) => row.map((value) => (value === null ? null : String(value))));
  return { names: reader.columnNames(), rows };
}

function refusing<T>(known: readonly string[], act: () => T): T {
  try {
    return act();
  } catch (thrown) {
    throw refused(thrown, known);
  }
}

function refused(thrown: unknown, known: readonly string[]): Error {
  const message = thrown instanceof Error ? thrown.message : String(thrown);
  const names = known.toSorted().join(', ') || 'none';
  return usageError(`DuckDB refuses the query: ${message}`, `Write one SELECT. Its tables are the entities: ${names}.`);
}
