/** The commands about a folder of runs, which work on AWS too: `aws-commands.test.ts` has those. */
import { abandonCommand } from '@bronze/cli/commands/abandon-command';
import { queryCommand } from '@bronze/cli/commands/query-command';
import { abandonBefore } from '@bronze/cli/commands/restart';
import { runsCommand, runsShowCommand } from '@bronze/cli/commands/runs-command';
import { schemaCommand } from '@bronze/cli/commands/schema-command';
import { capturing } from '@bronze/cli/terminal/fake-terminal.fixtures';
import { FolderObjectStore } from '@bronze/common/adapters/local/folder-object-store';
import { defineConfig } from '@bronze/common/config';
import { CheckpointFile } from '@bronze/common/load/checkpoint-file';
import { partKey } from '@bronze/common/load/object-keys';
import { EPOCH, timestamp } from '@bronze/common/words/timestamp';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { bronze } from '../command.ts';
import { RestWorld } from './rest-world.ts';

const RECORDS = 40;
const ENTITY = { source: 'api', endpoint: '/things', primary_key: ['id'], paging: { style: 'none' as const } };
const CONFIG = defineConfig({
  sources: { api: { type: 'rest', base_url: 'http://127.0.0.1:1', margin_seconds: 0 } },
  entities: { things: ENTITY, never_loaded: ENTITY },
});
let world: RestWorld;

beforeAll(async () => {
  world = await RestWorld.open({ records: RECORDS });
  await world.run();
  await world.run();
});

afterAll(async () => world[Symbol.asyncDispose]());

const json = () => ({ out: world.out, output: 'json' }) as const;
const table = () => ({ out: world.out, output: 'table' }) as const;

async function said(command: () => Promise<unknown>): Promise<{ stdout: string; stderr: string }> {
  return capturing(undefined, async () => void (await command()));
}

const parsed = async <T>(command: () => Promise<unknown>) => JSON.parse((await said(command)).stdout) as T;

test('a folder has the run log that the bucket has', async () => {
  const objects = await FolderObjectStore.open(world.out);
  const keys = await objects.list('logs/pipeline/ingestion/date=');
  const texts = await Promise.all(
    keys.map(async (key) => Buffer.from((await objects.get(key))?.body ?? []).toString()),
  );
  objects.close();
  const lines = texts.join('').split('\n');
  for (const line of lines.filter(Boolean)) expect(line).toMatch(/^\[\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\] /);
  expect(lines.map((line) => line.slice('[2024-01-15 10:30:45] '.length))).toEqual(
    expect.arrayContaining([
      'Starting: Configuration Validation',
      'Completed: Configuration Validation',
      'Starting: Processing things',
      `Processing things: Extracted ${RECORDS} records`,
      'Completed: Processing things',
    ]),
  );
});

describe('the commands about what was loaded', () => {
  test('runs lists each run with its loads, the newest first; show finds one by its load', async () => {
    const runs = await parsed<{ id: string; loads: { load_id: string }[] }[]>(() =>
      runsCommand([], { ...json(), limit: 20 }),
    );
    expect(runs).toMatchObject([
      { loads: [{ entity: 'things', load_type: 'incremental' }], failures: [] },
      { loads: [{ load_type: 'full', rows: RECORDS, status: 'completed' }], failures: [] },
    ]);
    const load_id = runs[1]?.loads[0]?.load_id ?? '';
    expect(await parsed(() => runsShowCommand(load_id, json()))).toMatchObject({ id: runs[1]?.id });
    const { stdout, stderr } = await said(() => runsCommand(['things'], { ...table(), limit: 1 }));
    expect([stdout.includes(runs[0]?.id ?? ''), stderr]).toEqual([true, expect.stringContaining('1 more since then')]);
    expect((await said(() => runsCommand([], { ...table(), limit: 1, since: '2100-01-01' }))).stdout).toContain(
      'No runs',
    );
  });

  test.each([
    ['after show', (id: string) => ['runs', 'show', id, '--out', world.out, '-o', 'json']],
    ['before it', (id: string) => ['runs', '--out', world.out, '-o', 'json', 'show', id]],
  ])('runs show takes its options %s', async (_, given) => {
    const [run] = await parsed<{ id: string }[]>(() => runsCommand([], { ...json(), limit: 1 }));
    const { code, stdout } = await bronze(given(run?.id ?? ''));
    expect([code, JSON.parse(stdout)]).toMatchObject([0, { id: run?.id }]);
  });

  test('query has a view for each entity, with the parts of completed loads only', async () => {
    const sql = "SELECT id, amount FROM things WHERE id = 'r0000039' -- the last";
    expect(await parsed(() => queryCommand(sql, { ...json(), fetchMax: 0 }))).toEqual([
      { id: 'r0000039', amount: '39.340' },
    ]);
    const count = () => parsed(() => queryCommand('SELECT count(*) AS n FROM things', { ...json(), fetchMax: 0 }));
    const before = await count();
    expect(before).toEqual([{ n: String(RECORDS) }]);
    const [objects, load_id] = [await FolderObjectStore.open(world.out), '00000000-0000-8000-8000-000000000009'];
    const key = { entity: 'things', load_id, load_type: 'full', ingested_at: timestamp('2024-01-15') } as const;
    await objects.putIfAbsent(partKey(key, null, 0), Buffer.from('no Parquet: a load that is not complete'));
    objects.close();
    expect(await count()).toEqual(before);
  });

  test.each(['SELECT 1 FROM nothing', 'SELEC 1', 'SELECT 1; SELECT 2'])(
    'query: what DuckDB says of %j',
    async (sql) => {
      await expect(queryCommand(sql, { ...json(), fetchMax: 0 })).rejects.toMatchObject({
        code: 'CONFIG_INVALID',
        message: expect.stringContaining('DuckDB refuses the query: ') as string,
      });
    },
  );

  test('schema shows the columns, and says so if there is no such entity', async () => {
    const { stdout, stderr } = await said(() => schemaCommand('things', { ...table(), history: true }));
    expect(stdout).toMatch(/amount .* numeric\(12,3\) .* decimal\(12,3\)/);
    expect(stderr).toContain('Every row also has _ingestion_ts');
    await expect(schemaCommand('thing', json())).rejects.toMatchObject({ code: 'ENTITY_UNKNOWN' });
  });
});

describe('a pending load', () => {
  const load_id = '00000000-0000-8000-8000-000000000007';
  const load = {
    load_id,
    load_type: 'full',
    since: EPOCH,
    until: EPOCH,
    ingested_at: timestamp('2024-03-01'),
  } as const;
  const part = partKey({ entity: 'things', ...load }, null, 0);

  /** What a run that was killed leaves, with a part already written. */
  async function pending(): Promise<void> {
    const objects = await FolderObjectStore.open(world.out);
    const checkpoints = new CheckpointFile(objects);
    const { checkpoint, version } = await checkpoints.read('things');
    await checkpoints.swap('things', version, { ...checkpoint, pending_load: load });
    await objects.putIfAbsent(part, Buffer.from('a part'));
    objects.close();
  }

  test('is given up by run --restart, only for entities that are named; abandon deletes its parts', async () => {
    await pending();
    await expect(abandonBefore(CONFIG, [], world.out)).rejects.toMatchObject({ code: 'CONFIG_INVALID' });
    await expect(abandonBefore(CONFIG, ['things', 'thongs'], world.out)).rejects.toMatchObject({
      code: 'ENTITY_UNKNOWN',
    });
    const { stderr } = await said(() => abandonBefore(CONFIG, ['things', 'never_loaded'], world.out));
    expect(stderr).toContain(`things: load ${load_id} is abandoned`);
    expect(stderr).toContain(`1 part of the abandoned load ${load_id} can be seen by queries`);
    expect(stderr).toContain('never_loaded has no pending load.');
    await abandonBefore(CONFIG, ['things'], `${world.out}/nowhere`);
    const deleted = await said(() => abandonCommand('things', { out: world.out, deleteParts: true }));
    expect(deleted.stderr).toContain('Deleted 1 part of the abandoned load');
    const again = await said(() => abandonCommand('things', { out: world.out }));
    expect(again.stderr).toBe('things has no pending load.\n');
    expect((await world.run()).status).toBe('completed');
  });
});
