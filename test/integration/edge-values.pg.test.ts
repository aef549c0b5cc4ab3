import { execFile } from 'node:child_process';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { defineConfig } from '@bronze/common/config';
import { runLocally } from '@bronze/runner/run-locally';
import { ENGINE_NAMES } from '@bronze/writer/adapters/engines';
import { queryParquet } from '@bronze/writer/adapters/duckdb-reader.fixtures';
import pg from 'pg';
import { beforeAll, describe, expect, test } from 'vitest';
import { filesOf, rowsInBronze } from '../bronze-folder.ts';
import { newDatabase, newFolder, textRows } from '../database.ts';
import { floatText } from '../postgres-text.ts';
import { EDGE_COLUMNS, EDGE_VALUES, TYPES_SQL } from './edge-values.ts';

const run = promisify(execFile);
const SCRIPT = join(import.meta.dirname, 'parquet-text.py');
const TYPE_OF = new Map(EDGE_COLUMNS.map(({ name, type }) => [name, type]));
const MAX_OUTPUT_BYTES = 64 * 1024 * 1024;

type Row = Readonly<Record<string, string | null>>;
interface Loaded {
  readonly out: string;
  readonly rows: number;
  readonly rows_quarantined: number;
}

const hasPyarrow = await run('python3', ['-c', 'import pyarrow.parquet']).then(
  () => true,
  () => false,
);

async function readByPyarrow(out: string): Promise<Row[]> {
  const files = await filesOf(out, 'edges');
  const { stdout } = await run('python3', [SCRIPT, ...files], { maxBuffer: MAX_OUTPUT_BYTES });
  return JSON.parse(stdout) as Row[];
}

const READERS: readonly (readonly [string, (out: string) => Promise<readonly Row[]>])[] = [
  ['DuckDB', async (out) => queryParquet(await filesOf(out, 'edges'), 'FROM bronze')],
  ['hyparquet', (out) => rowsInBronze(out, 'edges')],
  ['pyarrow', readByPyarrow],
];

/** Id, type and text of each value in these rows; the same number has the same text. */
function valuesOf(rows: readonly Row[], isWanted: (id: string) => boolean): string[] {
  const found = rows.flatMap((row) =>
    Object.entries(row).flatMap(([name, text]) => {
      const type = TYPE_OF.get(name);
      return type && text !== null && isWanted(row['id'] ?? '') ? [`${row['id']} ${type}: ${spelled(type, text)}`] : [];
    }),
  );
  return found.toSorted((a, b) => Number.parseInt(a, 10) - Number.parseInt(b, 10));
}

/** Floats as JavaScript prints them, whoever printed them first. */
function spelled(type: string, text: string): string {
  if (type === 'double precision') return floatText(Number(text));
  return type === 'real' ? floatText(Math.fround(Number(text))) : text;
}

const QUARANTINED = new Set(EDGE_VALUES.filter(({ isQuarantined }) => isQuarantined).map(({ id }) => id));

async function databaseOfEdges(): Promise<string> {
  const columns = EDGE_COLUMNS.map(({ name, type }) => `${name} ${type}`);
  const inserts = EDGE_VALUES.map(
    ({ id, column, type, text }) =>
      `INSERT INTO edges (id, ${column}) VALUES (${id}, CAST(${pg.escapeLiteral(text)} AS ${type}))`,
  );
  return newDatabase(
    `${TYPES_SQL} CREATE TABLE edges (id integer PRIMARY KEY, ${columns.join(', ')}); ${inserts.join('; ')}`,
  );
}

async function printedByPostgres(url: string): Promise<Row[]> {
  const columns = EDGE_COLUMNS.map(({ name, type }) => (type === 'money' ? `${name}::numeric AS ${name}` : name));
  return textRows(url, `SELECT id, ${columns.join(', ')} FROM edges`);
}

async function load(url: string, engine: (typeof ENGINE_NAMES)[number]): Promise<Loaded> {
  const config = defineConfig({
    sources: { db: { type: 'postgres', url } },
    entities: { edges: { source: 'db', table: 'public.edges', cursor: null } },
  });
  const out = await newFolder();
  const options = { config, out_dir: out, engine, environment: {}, log: { event: () => undefined } };
  const { results } = await runLocally(options, { stop: new AbortController().signal });
  const [result] = results;
  const [record] = result?.loads ?? [];
  if (!record) throw new Error(`the load did not complete: ${JSON.stringify(result?.failure)}`);
  return { out, ...record };
}

/** The records in the quarantine of a folder. */
async function quarantineIn(out: string): Promise<Row[]> {
  const entries = await readdir(join(out, 'data/quarantine'), { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
  const bodies = await Promise.all(files.map((file) => readFile(file, 'utf8')));
  const lines = bodies.flatMap((body) => body.split('\n').filter((line) => line !== ''));
  return lines.map((line) => (JSON.parse(line) as { record: Row }).record);
}

let url: string;
beforeAll(async () => {
  url = await databaseOfEdges();
});

test('there are more than 300 edge values, of which a few dozen can’t be held exactly', () => {
  expect(EDGE_VALUES.length - QUARANTINED.size).toBeGreaterThan(300);
  expect(QUARANTINED.size).toBeGreaterThan(20);
});

describe.each(ENGINE_NAMES)('edge values of a PostgreSQL table that %s writes', (engine) => {
  let loaded: Loaded;

  beforeAll(async () => {
    loaded = await load(url, engine);
  });

  test.for(READERS)(
    'are, with each sign of a zero, what PostgreSQL prints, read by %s',
    async ([name, read], { skip }) => {
      skip(name === 'pyarrow' && !hasPyarrow, 'python3 has no pyarrow here: pip install pyarrow');
      const source = await printedByPostgres(url);
      const arrived = valuesOf(await read(loaded.out), () => true);
      expect(arrived).toEqual(valuesOf(source, (id) => !QUARANTINED.has(id)));
      expect(arrived).toHaveLength(EDGE_VALUES.length - QUARANTINED.size);
    },
  );

  test('are quarantined, as PostgreSQL prints them, where Parquet can’t hold them exactly', async () => {
    const source = await printedByPostgres(url);
    expect(loaded).toMatchObject({ rows: EDGE_VALUES.length, rows_quarantined: QUARANTINED.size });
    expect(valuesOf(await quarantineIn(loaded.out), () => true)).toEqual(valuesOf(source, (id) => QUARANTINED.has(id)));
  });
});
