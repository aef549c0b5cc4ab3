import type { LoadRecord } from '@bronze/common/load/load-record';
import { inLine } from '@bronze/common/load/schema-changes';
import { EXIT } from '../exit-code.ts';
import { allLoads, isCompleted, type PartGroup, partsByColumns } from '../parts/completed-loads.ts';
import { AS_TEXT, fromFiles, TOGETHER, type TextRows, withDuckDb } from '../parts/duckdb.ts';
import { withFiles } from '../parts/local-files.ts';
import { readStored } from '../pipeline-state.ts';
import { onTarget } from '../target/open-target.ts';
import type { Target } from '../target/target.ts';
import type { TargetOptions } from '../target/target-options.ts';
import { commandLine } from '../terminal/command-line.ts';
import { type Format, kept, printJson, printTable, say } from '../terminal/output.ts';
import { visible } from '../terminal/text.ts';
import { chosen } from '../unknown-entity.ts';

export interface PreviewOptions extends TargetOptions {
  readonly limit: number;
  readonly output: Format;
}

/**
 * `bronze preview <entity>`: rows of the entity's completed loads, newest load first, read from Parquet by DuckDB. On AWS
 * the newest parts are fetched, as many as hold the rows.
 *
 * @throws BronzeError ENTITY_UNKNOWN if the target has nothing of the entity
 */
export async function previewCommand(entity: string, options: PreviewOptions): Promise<number> {
  return onTarget(options, async (target) => {
    const completed = (await allLoads(target.objects, entity)).filter(isCompleted);
    const loads = completed.filter(({ parts }) => parts.length > 0);
    if (loads.length === 0) return sayEmpty(target, entity, completed.length > 0, options);
    const { names, rows } = await readRows(target, partsByColumns(loads, options.limit), options.limit);
    if (options.output === 'json') printJson(asObjects({ names, rows }));
    else printRows(names, rows);
    sayHidden(names, loads);
    return EXIT.ok;
  });
}

function sayHidden(names: readonly string[], loads: readonly LoadRecord[]): void {
  const shown = new Set(names.map((name) => name.toLowerCase()));
  const all = new Set(loads.flatMap(({ columns }) => columns.map(({ name }) => name)));
  const hidden = [...all].filter((name) => !shown.has(name.toLowerCase()));
  if (hidden.length > 0) say(`Older rows also have ${hidden.map(inLine).join(', ')}.`);
}

async function sayEmpty(target: Target, entity: string, isLoaded: boolean, { output }: PreviewOptions) {
  const { name, given } = target;
  if (!isLoaded) chosen([entity], (await readStored(target)).entities, name);
  if (output === 'json') printJson([]);
  const status = commandLine(['status', entity], given);
  say(
    isLoaded ? `${entity} has no rows in ${name}.` : `${entity}: no load of it has completed in ${name}: see ${status}`,
  );
  return EXIT.ok;
}

export function asObjects({ names, rows }: TextRows): Record<string, string | null>[] {
  return rows.map((row) => Object.fromEntries(names.map((name, index) => [name, row[index] ?? null])));
}

/** No column is left out: where they don't fit, each row becomes a block of lines. */
export function printRows(names: readonly string[], rows: readonly (readonly (string | null)[])[]): void {
  printTable(
    names.map(kept),
    rows.map((row) => row.map((value) => visible(value ?? ''))),
  );
}

async function readRows(target: Target, groups: readonly PartGroup[], limit: number): Promise<TextRows> {
  const all = groups.flatMap(({ parts }) => parts);
  return withFiles(target, all, async (fileOf) =>
    withDuckDb(async (connection) => {
      const selects = groups.map(({ parts }) => `SELECT ${AS_TEXT} ${fromFiles(parts.map(fileOf))}`);
      const reader = await connection.runAndReadAll(`${selects.join(TOGETHER)} LIMIT ${limit}`);
      const text = (value: unknown) => (value === null ? null : String(value));
      return { names: reader.columnNames(), rows: reader.getRows().map((row) => row.map(text)) };
    }),
  );
}
