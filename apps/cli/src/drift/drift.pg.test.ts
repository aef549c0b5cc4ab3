import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { DuckDBInstance } from '@duckdb/node-api';
import { afterEach, expect, test, vi } from 'vitest';
import { execute, newDatabase, newFolder } from '../../../../test/database.ts';
import { previewCommand } from '../commands/preview-command.ts';
import { runCommand } from '../commands/run-command.ts';
import { statusCommand } from '../commands/status-command.ts';

afterEach(() => vi.restoreAllMocks());

/** What a command of this process printed, and its exit code. */
async function said(command: () => Promise<number>): Promise<{ code: number; stdout: string; stderr: string[] }> {
  const [stdout, stderr]: [string[], string[]] = [[], []];
  vi.spyOn(process.stdout, 'write').mockImplementation((text) => stdout.push(String(text)) > 0);
  vi.spyOn(process.stderr, 'write').mockImplementation((text) => stderr.push(String(text)) > 0);
  const code = await command();
  vi.restoreAllMocks();
  const lines = stderr.join('').split('\n');
  return { code, stdout: stdout.join(''), stderr: lines.filter((line) => line !== '' && !line.startsWith('[')) };
}

async function query(out: string, sql: string): Promise<unknown[]> {
  const connection = await (await DuckDBInstance.create(':memory:')).connect();
  const files = `read_parquet('${join(out, 'data/bronze/one/**/*.parquet')}', union_by_name = true, hive_partitioning = false)`;
  const reader = await connection.runAndReadAll(sql.replace('bronze', files));
  connection.closeSync();
  return reader.getRowsJson();
}

/** What the query in docs/recipes.md gives that reads the files of each type by themselves. */
async function rowsOfRecipe(out: string): Promise<unknown[]> {
  const page = await readFile('docs/recipes.md', 'utf8');
  const [, sql = ''] = /## A column that changed its type\n.*?```sql\n(.*?)```/s.exec(page) ?? [];
  const connection = await (await DuckDBInstance.create(':memory:')).connect();
  const statements = sql.replaceAll('bronze-data', out).replaceAll('/orders/', '/one/').split(';\n');
  for (const statement of statements.slice(0, 3)) await connection.run(statement);
  const reader = await connection.runAndReadAll(`FROM (${statements[3]}) ORDER BY id`);
  connection.closeSync();
  return reader.getRowObjectsJson();
}

const BEFORE = `CREATE TABLE one (id integer PRIMARY KEY, qty integer, old_name text, gone text, due integer,
    updated_at timestamptz DEFAULT now());
  CREATE TABLE two (id integer PRIMARY KEY, updated_at timestamptz DEFAULT now());
  INSERT INTO one SELECT n, n, 'n' || n, 'g', n FROM generate_series(1, 3) n`;
const CHANGE = `ALTER TABLE one ADD COLUMN vip boolean DEFAULT true;
  ALTER TABLE one DROP COLUMN gone;
  ALTER TABLE one RENAME COLUMN old_name TO new_name;
  ALTER TABLE one DROP COLUMN due, ADD COLUMN due date;
  INSERT INTO one (id, qty, new_name, due) VALUES (4, 4, 'n4', '2024-01-15')`;

test('the run, the status and the preview say how columns changed, and it is so in the files', async () => {
  const [url, out] = [await newDatabase(BEFORE), await newFolder()];
  const options = {
    config: 'test/acceptance/three.config.ts',
    out,
    databaseUrl: url,
    retryFor: 0,
    output: 'json',
  } as const;
  const run = async (full = false) => {
    const { code, stdout, stderr } = await said(() => runCommand(['one'], { ...options, full }));
    const { entities } = JSON.parse(stdout) as { entities: readonly Record<string, unknown>[] };
    expect([code, entities[0]?.['error']]).toEqual([0, null]);
    // The last line is about the run.
    return { shown: entities[0] ?? {}, stderr: stderr.slice(0, -1) };
  };
  const status = async (output: 'json' | 'table') =>
    said(() => statusCommand(['one'], { out, output, config: options.config }));
  expect(await run()).toMatchObject({ shown: { schema_changes: [] }, stderr: [] });
  expect((await status('table')).stderr).toEqual([]);

  await execute(url, CHANGE);
  const changed = await run();
  const changes = [
    { kind: 'renamed', column: 'new_name', from: 'old_name' },
    { kind: 'added', column: 'vip', to: 'boolean' },
    { kind: 'added', column: 'due', to: 'date' },
    { kind: 'dropped', column: 'gone', from: 'text' },
    { kind: 'dropped', column: 'due', from: 'integer' },
  ];
  expect(changed.shown).toMatchObject({ rows: 1, schema_changes: changes });
  const summary =
    'renamed old_name to new_name, added vip (boolean), added due (date), dropped gone (text), dropped due (integer)';
  expect(changed.stderr).toEqual([
    `one: its columns changed: ${summary}`,
    `  vip: rows loaded before have NULL there, whatever the source has now; npx --no -- bronze run one --full --config ${options.config} --out ${out} brings it`,
    '  gone: rows loaded before keep it, later ones have NULL there',
    '  new_name: rows loaded before have it as old_name: coalesce("new_name", "old_name") reads both',
    expect.stringContaining(
      '  due: another column has this name now; rows loaded before have values of the old one;',
    ) as string,
  ]);
  expect(await query(out, 'SELECT id, vip, gone, coalesce(new_name, old_name) FROM bronze ORDER BY id')).toEqual([
    [1, null, 'g', 'n1'],
    [2, null, 'g', 'n2'],
    [3, null, 'g', 'n3'],
    [4, true, null, 'n4'],
  ]);
  await expect(query(out, 'SELECT due FROM bronze')).rejects.toThrow('Conversion Error');
  expect(await rowsOfRecipe(out)).toMatchObject([
    { due: '1970-01-02' },
    {},
    { due: '1970-01-04' },
    { due: '2024-01-15' },
  ]);

  const preview = async (limit: number) => said(() => previewCommand('one', { limit, out, output: 'json' }));
  const newest = await preview(1);
  expect(newest.stderr).toEqual(['Older rows also have old_name, gone.']);
  expect(JSON.parse(newest.stdout)).toMatchObject([{ id: '4', due: '2024-01-15', vip: 'true' }]);
  const all = await preview(9);
  expect(all.stderr).toEqual([]);
  expect(JSON.parse(all.stdout)).toMatchObject([{ due: '2024-01-15', gone: null }, { due: '1', gone: 'g' }, {}, {}]);

  const line = expect.stringMatching(
    `^one: its columns last changed at .*Z: ${summary.replaceAll(/[()]/g, '.')}$`,
  ) as string;
  expect((await status('table')).stderr).toEqual([line]);
  const later = await run(true);
  expect(later).toMatchObject({ shown: { load_type: 'full', rows: 4, schema_changes: [] }, stderr: [] });
  expect(await query(out, 'SELECT count(*) FROM bronze WHERE vip')).toEqual([['5']]);
  expect(JSON.parse((await status('json')).stdout)).toMatchObject({
    entities: [{ entity: 'one', last_schema_change: { load_id: changed.shown['load_id'], changes } }],
  });
});
