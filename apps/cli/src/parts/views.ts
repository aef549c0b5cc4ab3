import type { DuckDBConnection } from '@duckdb/node-api';
import type { Part } from '@bronze/common/load/receipts';
import { inLine } from '@bronze/common/load/schema-changes';
import { identifier } from '@bronze/writer/parquet/duckdb-sql';
import { writtenType } from '@bronze/writer/parquet/type-mapping';
import { readTogether } from '../drift/read-together.ts';
import { say } from '../terminal/output.ts';
import type { PartGroup } from './completed-loads.ts';
import { fromFiles, TOGETHER } from './duckdb.ts';

/** The parts that a query reads of one entity. */
export interface View {
  readonly entity: string;
  /** The names of its columns, for a view without parts. */
  readonly columns: readonly string[];
  readonly groups: readonly PartGroup[];
}

/**
 * Makes an entity a view. A column that changed from one type to another, where none holds the values of both exactly, is
 * text, which is said.
 */
export async function createView(
  connection: DuckDBConnection,
  { entity, columns, groups }: View,
  fileOf: (part: Part) => string,
): Promise<void> {
  const asText = columnsAsText(groups);
  const selects: string[] = [];
  for (const { parts } of groups) {
    const from = fromFiles(parts.map(fileOf));
    const names = (await connection.runAndReadAll(`DESCRIBE ${from}`)).getRows().map(([name]) => String(name));
    selects.push(`SELECT ${names.map((name) => columnOf(name, asText.has(name))).join(', ')} ${from}`);
  }
  const nothing = columns.map((name) => `NULL::VARCHAR AS ${identifier(name)}`).join(', ') || 'NULL AS nothing';
  const select = selects.length > 0 ? selects.join(TOGETHER) : `SELECT ${nothing} WHERE false`;
  await connection.run(`CREATE VIEW ${identifier(entity)} AS ${select}`);
  if (asText.size > 0) {
    say(`${entity}: no type holds exactly what its loads have of ${[...asText].map(inLine).join(', ')}: text here.`);
  }
}

function columnOf(name: string, isText: boolean): string {
  return isText ? `${identifier(name)}::VARCHAR AS ${identifier(name)}` : identifier(name);
}

/** The names of columns that have types in two groups which DuckDB can't read together without changing values. */
function columnsAsText(groups: readonly PartGroup[]): Set<string> {
  const typed = groups.flatMap(({ columns, engine }) =>
    columns.map(({ name, type }) => ({ name, type: writtenType(type, engine) })),
  );
  const names = [...Map.groupBy(typed, ({ name }) => name)].flatMap(([name, all]) => {
    const isMixed = all.some((one, index) => all.slice(index + 1).some((two) => !isSafe(one.type, two.type)));
    return isMixed ? [name] : [];
  });
  return new Set(names);
}

function isSafe(...types: Parameters<typeof readTogether>): boolean {
  const { kind } = readTogether(...types);
  return kind === 'same' || kind === 'exact';
}
