import { readFile, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { bronze, ended, start } from '../command.ts';
import { execute, newDatabase, newFolder } from '../database.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const CONFIG = 'test/acceptance/three.config.ts';
const THREE = ['one', 'two', 'three']
  .map(
    (name) =>
      `CREATE TABLE ${name} (id integer PRIMARY KEY, updated_at timestamptz DEFAULT now()); INSERT INTO ${name} SELECT generate_series(1, 10)`,
  )
  .join('; ');

interface Report {
  readonly entities: readonly {
    readonly entity: string;
    readonly status: string;
    readonly load_id: string | null;
    readonly rows: number;
    readonly checkpoint: string | null;
    readonly error: { readonly code: string } | null;
  }[];
}

async function runThree(url: string, out: string, ...more: string[]) {
  const result = await bronze(['run', ...more, '--config', CONFIG, '--out', out, '-o', 'json'], { DATABASE_URL: url });
  return { ...result, report: result.stdout ? (JSON.parse(result.stdout) as Report) : { entities: [] } };
}

describe('L7 Alone: one broken entity', () => {
  test.each([
    ['a dropped table', 'DROP TABLE two', 'TABLE_MISSING', /public\.two/],
    [
      'a renamed column',
      'ALTER TABLE two RENAME COLUMN updated_at TO changed_at',
      'COLUMN_MISSING',
      /updated_at.*\n.*changed_at/,
    ],
  ])(
    '%s: the other entities complete, the exit code is 4, and the message names entity, cause and next step',
    async (_, breaking, code, message) => {
      const url = await newDatabase(THREE);
      const out = await newFolder();
      expect((await runThree(url, out)).code).toBe(0);
      const before = await readFile(join(out, 'logs/pipeline/ingestion/checkpoints.json'), 'utf8');
      await execute(url, `${breaking}; INSERT INTO one VALUES (11); INSERT INTO three VALUES (11)`);
      const broken = await runThree(url, out);
      expect(broken.code).toBe(4);
      expect(
        broken.report.entities.map(({ entity, status, rows, error }) => [entity, status, rows, error?.code]),
      ).toEqual([
        ['one', 'completed', 1, undefined],
        ['two', 'failed', 0, code],
        ['three', 'completed', 1, undefined],
      ]);
      expect(broken.stderr).toMatch(message);
      expect(broken.stderr).toContain('What to do:');
      const after = await readFile(join(out, 'logs/pipeline/ingestion/checkpoints.json'), 'utf8');
      const entry = (text: string) => (JSON.parse(text) as Record<string, unknown>)['two'];
      expect(entry(after)).toEqual(entry(before));
      const status = await bronze(['status', '--out', out, '-o', 'json']);
      expect(status.code).toBe(4);
      expect(status.stdout).toContain(code);
    },
  );

  test('an entity without SELECT permission fails alone, and completes once the permission is granted', async () => {
    const url = await newDatabase(THREE);
    const role = `cli_${new URL(url).pathname.slice(3, 20)}`;
    await execute(url, `CREATE ROLE ${role} LOGIN PASSWORD 's3cret-canary'; GRANT SELECT ON one, three TO ${role}`);
    const login = new URL(url);
    login.username = role;
    login.password = 's3cret-canary';
    const out = await newFolder();
    const denied = await runThree(login.href, out);
    expect(denied.code).toBe(4);
    expect(denied.report.entities.map(({ status }) => status)).toEqual(['completed', 'failed', 'completed']);
    expect(denied.stderr).toContain('GRANT SELECT ON public.two');
    expect(denied.stdout + denied.stderr).not.toMatch(/s3cret-canary|postgresql:/);
    await execute(url, `GRANT SELECT ON two TO ${role}`);
    expect((await runThree(login.href, out, 'two')).code).toBe(0);
    expect((await bronze(['status', '--out', out])).code).toBe(0);
  });
});

describe('exit codes', () => {
  test('the exit code is 2 for a configuration with mistakes, and the message names them all', async () => {
    const folder = await newFolder();
    const file = join(folder, 'bad.config.ts');
    await writeFile(
      file,
      `import { defineConfig } from '${join(ROOT, 'packages/common/src/config/config.ts')}';
       export default defineConfig({ sources: { shop: { type: 'postgres', url: 'postgresql://u:canary@h/d' } },
         entities: { orders: { source: 'shoop', table: 'orders', curser: 'updated_at' } } } as never);`,
    );
    const { code, stdout, stderr } = await bronze(['run', '--config', file, '--out', folder]);
    expect([code, stdout]).toEqual([2, '']);
    expect(stderr).toMatch(/entities\.orders\.curser = "updated_at": no such key; did you mean "cursor"\?/);
    expect(stderr).toMatch(/entities\.orders\.table = "orders": expected schema\.table/);
    expect(stderr).not.toContain('canary');
  });

  test.each([
    [['run', '--wrong']],
    [['run', '--retry-for', '60']],
    [['walk']],
    [['run', '--config', 'nowhere.ts']],
    [['run', 'fourth', '--config', CONFIG, '--out', join(tmpdir(), 'bronze-unused')]],
    [['status', '--out', 'nowhere']],
    [['preview', 'one', '--limit', 'ten']],
  ])('the exit code is 2 for %j', async (given) => {
    const { code, stdout, stderr } = await bronze(given, { DATABASE_URL: 'postgresql://127.0.0.1:1/none' });
    expect([code, stdout], stderr).toEqual([2, '']);
    expect(stderr).not.toBe('');
  });

  test('the exit code is 2 if the variable that the configuration names is not set', async () => {
    const { code, stderr } = await bronze(['run', '--config', CONFIG, '--out', await newFolder()], {
      DATABASE_URL: '',
    });
    expect(code, stderr).toBe(2);
    expect(stderr).toContain('DATABASE_URL is not set');
  });

  test('the exit code is 3 if the database can’t be reached', { timeout: 120_000 }, async () => {
    const url = 'postgresql://u:canary@127.0.0.1:1/none';
    const { code, stderr } = await runThree(url, await newFolder(), '--retry-for', '500ms');
    expect(code, stderr).toBe(3);
    expect(stderr).toContain('SOURCE_UNREACHABLE');
    expect(stderr).not.toContain('canary');
  });
});

test('preview prints rows of completed loads to stdout, at most --limit of them', async () => {
  const url = await newDatabase(THREE);
  const out = await newFolder();
  await runThree(url, out, 'one');
  const table = await bronze(['preview', 'one', '--out', out]);
  expect(table.stdout).toContain('_record_hash');
  const json = await bronze(['preview', 'one', '--out', out, '-o', 'json', '--limit', '3']);
  expect(JSON.parse(json.stdout)).toHaveLength(3);
});

test('--full loads everything again, and a disabled entity runs only when it is named', async () => {
  const url = await newDatabase(THREE);
  const out = await newFolder();
  const counts = async (...more: string[]) =>
    (await runThree(url, out, ...more)).report.entities.map(({ entity, rows }) => `${entity}:${rows}`);
  expect(await counts()).toEqual(['one:10', 'two:10', 'three:10']);
  expect(await counts('one')).toEqual(['one:0']);
  expect(await counts('one', '--full')).toEqual(['one:10']);
  expect(await counts('resting')).toEqual(['resting:10']);
});

test('PARQUET_ENGINE=parquetjs-lite writes all rows, and the load record says what it can’t express', async () => {
  const url = await newDatabase(THREE);
  const out = await newFolder();
  const given = ['run', 'one', '--config', CONFIG, '--out', out, '-o', 'json'];
  const { code, stdout } = await bronze(given, { DATABASE_URL: url, PARQUET_ENGINE: 'parquetjs-lite' });
  expect(code).toBe(0);
  const [{ load_id } = { load_id: '' }] = (JSON.parse(stdout) as Report).entities;
  const record = JSON.parse(
    await readFile(join(out, `logs/pipeline/ingestion/loads/one/${load_id}.json`), 'utf8'),
  ) as object;
  const degraded = ['updated_at', '_ingestion_ts'].map((column) => ({
    column,
    type: 'timestamptz',
    written_as: 'text',
  }));
  expect(record).toMatchObject({ rows: 10, rows_in_bronze: 10, engines: [{ name: 'parquetjs-lite', degraded }] });
  expect((await bronze(given, { DATABASE_URL: url, PARQUET_ENGINE: 'parquet' })).code).toBe(2);
});

test('three concurrent runs on the same folder ingest every row exactly once', async () => {
  const url = await newDatabase(THREE);
  const out = await newFolder();
  const both = await Promise.all([runThree(url, out), runThree(url, out), runThree(url, out)]);
  expect(both.map(({ code }) => code)).toEqual([0, 0, 0]);
  for (const name of ['one', 'two', 'three']) {
    const { stdout } = await bronze(['preview', name, '--out', out, '-o', 'json', '--limit', '1000']);
    const ids = (JSON.parse(stdout) as { id: string }[]).map(({ id }) => Number(id));
    expect(ids.toSorted((a, b) => a - b)).toEqual(Array.from({ length: 10 }, (_, index) => index + 1));
  }
});

test('two concurrent runs with one broken entity both end and both report that it failed', async () => {
  const url = await newDatabase(`${THREE}; DROP TABLE two`);
  const out = await newFolder();
  const both = await Promise.all([runThree(url, out), runThree(url, out)]);
  for (const { code, report } of both) {
    expect(code).toBe(4);
    expect(report.entities.map(({ entity, status }) => [entity, status])).toEqual([
      ['one', 'completed'],
      ['two', 'failed'],
      ['three', 'completed'],
    ]);
  }
});

test('L7: a checkpoint that can’t be read stops only its own entity', async () => {
  const url = await newDatabase(THREE);
  const out = await newFolder();
  await runThree(url, out);
  const file = join(out, 'logs/pipeline/ingestion/checkpoints.json');
  const checkpoints = JSON.parse(await readFile(file, 'utf8')) as Record<string, object>;
  await writeFile(file, JSON.stringify({ ...checkpoints, two: { last_sync_timestamp: 'yesterday' } }));
  const { code, report } = await runThree(url, out);
  expect(code).toBe(4);
  expect(report.entities.map(({ status, error }) => error?.code ?? status)).toEqual([
    'completed',
    'CHECKPOINTS_UNREADABLE',
    'completed',
  ]);
  expect((await bronze(['status', '--out', out])).stdout).toContain('unreadable');
});

test('Ctrl-C stops a run after the current batch, and the next run continues without loss or duplicates', async () => {
  const url = await newDatabase(`${THREE}; INSERT INTO one SELECT generate_series(11, 300000)`);
  const out = await newFolder();
  const child = start(
    process.execPath,
    ['apps/cli/src/bronze.ts', 'run', '--config', CONFIG, '--out', out, '-o', 'json'],
    { DATABASE_URL: url },
  );
  child.stderr?.once('data', () => child.kill('SIGINT'));
  const { code, stdout, stderr } = await ended(child);
  expect(code, stderr).toBe(130);
  const stopped = JSON.parse(stdout) as Report;
  expect(stopped.entities.every(({ status, load_id }) => status === 'interrupted' || load_id !== null)).toBe(true);
  const { report } = await runThree(url, out);
  expect(report.entities.map(({ status }) => status)).toEqual(['completed', 'completed', 'completed']);
  expect(report.entities.find(({ entity }) => entity === 'one')?.rows).toBe(300_000);
});
