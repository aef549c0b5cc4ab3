/** Each recovery command heals its case: on AWS with the real functions and the real SDK over HTTP, and in a folder. */
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { abandonCommand } from '@bronze/cli/commands/abandon-command';
import {
  checkpointGetCommand,
  checkpointResetCommand,
  checkpointSetCommand,
} from '@bronze/cli/commands/checkpoint-command';
import {
  checkpointExportCommand,
  checkpointImportCommand,
  checkpointRestoreCommand,
} from '@bronze/cli/commands/checkpoint-copies';
import { dlqDropCommand, dlqListCommand, dlqReplayCommand, dlqShowCommand } from '@bronze/cli/commands/dlq-command';
import { planCommand } from '@bronze/cli/commands/plan-command';
import { runHereOrThere } from '@bronze/cli/commands/run-here-or-there';
import { statusCommand } from '@bronze/cli/commands/status-command';
import { waitForLoads } from '@bronze/cli/commands/wait-for-loads';
import { capturing } from '@bronze/cli/terminal/fake-terminal.fixtures';
import { CHECKPOINTS_KEY } from '@bronze/common/load/object-keys';
import { timestamp } from '@bronze/common/words/timestamp';
import { MovingList } from '@bronze/demo/source-api/api-record';
import { LoopbackServer } from '@bronze/demo/source-api/loopback-server';
import { SourceApi } from '@bronze/demo/source-api/source-api';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { AwsWorld, type Functions, SHOP_KEY } from './aws-world.ts';
import { recordOf } from './rest-world.ts';

vi.mock('../../bronze.config.ts', () => import('./operations.config.ts'));

const ROWS = 30;
const PENDING = {
  load_id: '00000000-0000-8000-8000-000000000003',
  load_type: 'full',
  since: '2024-01-01',
  until: '2024-01-02',
  ingested_at: '2024-01-02',
};
const CONFIG = fileURLToPath(new URL('operations.config.ts', import.meta.url));

let world: AwsWorld;
let api: LoopbackServer;
let functions: Pick<Functions, 'extractor' | 'writer'>;
let folder: string;

beforeAll(async () => {
  world = await AwsWorld.open('postgresql://nobody@127.0.0.1:1/none');
  const list = new MovingList(Array.from({ length: ROWS }, (_, n) => recordOf(n)));
  api = await LoopbackServer.start(
    new SourceApi({ lists: { '/things': () => list }, apiKey: async () => SHOP_KEY, move: () => 0 }),
  );
  process.env['PAYMENTS_API_URL'] = api.url;
  const { handler: extractor } = await import('@bronze/extractor/handler');
  const { handler: writer } = await import('@bronze/writer/handler');
  functions = { extractor, writer };
  folder = await mkdtemp(join(tmpdir(), 'bronze-operations-'));
});

afterAll(async () => {
  await api.stop();
  await world.close();
  await rm(folder, { recursive: true });
});

const aws = () => ({ bucket: 'shop-bronze', endpoint: world.endpoint.url, config: CONFIG });
const json = () => ({ ...aws(), output: 'json' }) as const;
const table = () => ({ ...aws(), output: 'table' }) as const;
const running = { retryFor: 0, config: CONFIG };

async function said(command: () => Promise<number>) {
  let code = -1;
  const { stdout, stderr } = await capturing(undefined, async () => void (code = await command()));
  return { code, stdout, stderr };
}

async function parsed<T>(command: () => Promise<number>): Promise<T> {
  return JSON.parse((await said(command)).stdout) as T;
}

interface ShownLetter {
  readonly message_id: string;
  readonly entity: string;
  readonly code: string;
  readonly failure_record: string;
}

const checkpointOf = async (entity: string) => (await world.checkpoints.read(entity)).checkpoint;
const rowsOf = async (entity: string) => (await world.rows(entity)).length;

async function putFile(text: string): Promise<void> {
  const stored = await world.objects.get(CHECKPOINTS_KEY);
  await world.objects.replace(CHECKPOINTS_KEY, Buffer.from(text), stored?.etag);
}

async function settled(entity: string): Promise<object | undefined> {
  await world.send(JSON.stringify({ entity }));
  await world.drain(functions);
  return checkpointOf(entity);
}

describe('a pipeline on AWS', () => {
  test('is asked for loads by run --remote, which checks the names and prints the loads', async () => {
    await expect(runHereOrThere(['paymnts'], { ...json(), ...running, remote: true })).rejects.toMatchObject({
      code: 'ENTITY_UNKNOWN',
    });
    expect(await world.depth('extract')).toBe(0);
    const plan = await parsed<{ planned: object[] }>(() => planCommand([], json()));
    expect(plan.planned).toMatchObject([
      { entity: 'payments', load_type: 'full' },
      { entity: 'refunds', load_type: 'full' },
    ]);
    const asked = await parsed<{ entity: string; load_id: string }[]>(() =>
      runHereOrThere([], { ...json(), ...running, remote: true }),
    );
    expect(asked.map(({ entity }) => entity)).toEqual(['payments', 'refunds']);
    const ports = {
      given: {},
      objects: world.objects,
      checkpoints: world.checkpoints,
      clock: { now: () => timestamp(new Date().toISOString()), sleep: () => world.drain(functions) },
    };
    let ended: readonly object[] = [];
    await said(async () => {
      ended = await (await waitForLoads(ports, new Map(), asked))();
      return 0;
    });
    expect(ended).toMatchObject(
      asked.map(({ entity, load_id }) => ({ entity, load_id, status: 'completed', rows: ROWS })),
    );
  });

  test('loads nothing once checkpoints.json is gone, says so everywhere, and goes on after restore and replay', async () => {
    const before = await checkpointOf('payments');
    await world.objects.remove(CHECKPOINTS_KEY);
    const plan = await said(() => planCommand([], table()));
    expect([plan.code, plan.stdout]).toEqual([4, expect.stringContaining('would fail: CHECKPOINT_LOST')]);
    const status = await said(() => statusCommand([], table()));
    expect([status.code, status.stdout]).toEqual([4, expect.stringContaining('checkpoint lost')]);
    expect(status.stderr).toContain('npx --no -- bronze checkpoint restore payments --stack');
    expect(await settled('payments').catch((thrown: unknown) => thrown)).toBeUndefined();
    expect(await rowsOf('payments')).toBe(ROWS);

    await expect(abandonCommand('payments', aws())).rejects.toMatchObject({ code: 'CHECKPOINT_LOST' });
    await expect(abandonCommand('paymnts', aws())).rejects.toMatchObject({ code: 'ENTITY_UNKNOWN' });
    const exported = await said(() => checkpointExportCommand(undefined, table()));
    expect([exported.code, exported.stdout]).toEqual([4, '{}\n']);
    expect(exported.stderr).toContain('have load records and no checkpoint: payments, refunds. To rebuild');

    const [letter] = await parsed<ShownLetter[]>(() => dlqListCommand(json()));
    expect(letter).toMatchObject({ entity: 'payments', queue: 'extract', code: 'CHECKPOINT_LOST' });
    expect(await world.objects.get(letter?.failure_record ?? '')).toBeDefined();
    const shown = await said(() => dlqShowCommand(letter?.message_id.slice(0, 8) ?? '', table()));
    expect(shown.stdout).toMatch(
      /CHECKPOINT_LOST \(permanent\): payments has no checkpoint, although loads of it have completed/,
    );
    expect(shown.stdout).toContain('message: {"entity":"payments"}');

    const restored = await said(() => checkpointRestoreCommand([], table()));
    expect([restored.code, restored.stderr]).toEqual([
      0,
      expect.stringMatching(
        /Were the checkpoints in a DynamoDB table\?[^]+payments: restored.+\n.*refunds: restored.+\nWhat checkpoint set or reset changed/,
      ),
    ]);
    const { updated_at: _, ...rest } = before ?? {};
    expect(await checkpointOf('payments')).toMatchObject(rest);
    expect((await said(() => dlqReplayCommand({ ...json(), entity: 'payments' }))).code).toBe(0);
    await world.drain(functions);
    expect(await checkpointOf('payments')).not.toEqual(before);
    expect(await world.record('payments')).toMatchObject({ load_type: 'incremental' });
    expect(await parsed(() => dlqListCommand(json()))).toEqual([]);
  });

  test('is restored from one entry that can’t be read, and no other entry is touched', async () => {
    const before = await checkpointOf('payments');
    await putFile('{"payments":{"last_sync_timestamp":"yesterday"},"refunds":{"note":"kept"}}');
    const { code, stderr } = await said(() => checkpointRestoreCommand([], table()));
    expect([code, stderr]).toEqual([0, expect.stringContaining('payments: restored')]);
    expect(await checkpointOf('payments')).toMatchObject({ last_sync_timestamp: before?.last_sync_timestamp });
    expect(await checkpointOf('refunds')).toEqual({ note: 'kept' });
    await said(() => checkpointRestoreCommand(['refunds'], { ...table(), force: true }));
    expect(await checkpointOf('refunds')).toMatchObject({ record_count: ROWS });
  });

  test('is restored from a file that is no JSON, which is kept', async () => {
    const before = await checkpointOf('payments');
    await putFile('{"payments": {');
    const { code, stderr } = await said(() => checkpointRestoreCommand([], table()));
    expect(code).toBe(0);
    expect(stderr).toContain('kept as s3://shop-bronze/logs/pipeline/ingestion/checkpoints-unreadable-');
    expect(stderr).toMatch(/payments: restored.+\n.*refunds: restored/);
    expect(await checkpointOf('payments')).toMatchObject({ last_sync_timestamp: before?.last_sync_timestamp });
  });

  test('has its checkpoint set only to where the operator means, and reset on purpose', async () => {
    const before = await checkpointOf('payments');
    const set = (to: string, more: object = {}) => checkpointSetCommand('payments', to, { ...table(), ...more });
    await expect(checkpointSetCommand('paymnts', '2024-01-15', table())).rejects.toMatchObject({
      code: 'ENTITY_UNKNOWN',
      hint: expect.stringContaining('Did you mean payments?') as string,
    });
    const future = { code: 'CONFIG_INVALID', message: expect.stringContaining('in the future') as string };
    await expect(set('2999-01-01')).rejects.toMatchObject(future);
    expect(await checkpointOf('payments')).toEqual(before);
    expect((await said(() => set('2999-01-01', { yes: true }))).code).toBe(0);
    await expect(set('2999-01-02')).rejects.toMatchObject(future);
    expect((await said(() => set('2020-01-01'))).code).toBe(0);
    await expect(set('2020-01-03')).rejects.toMatchObject({
      message: expect.stringContaining(
        'this leaves out 2 days, from 2020-01-01T00:00:00.000000Z to 2020-01-03',
      ) as string,
    });

    await said(() => checkpointResetCommand('payments', table()));
    const shown = await said(() => checkpointGetCommand('payments', table()));
    expect(shown.stdout).toContain('none: the next load is full');
    const loaded = await rowsOf('payments');
    expect(await settled('payments')).toMatchObject({ record_count: ROWS });
    expect([await world.record('payments'), await rowsOf('payments')]).toMatchObject([
      { load_type: 'full' },
      loaded + ROWS,
    ]);
  });

  test('has its checkpoints exported and imported, where they are not newer', async () => {
    const file = join(folder, 'exported.json');
    expect((await said(() => checkpointExportCommand(file, table()))).code).toBe(0);
    const exported = JSON.parse(await readFile(file, 'utf8')) as Record<string, object>;
    await expect(checkpointExportCommand(file, table())).rejects.toMatchObject({ code: 'CONFIG_INVALID' });
    await said(() => checkpointSetCommand('refunds', '2020-01-01', table()));
    const newer = { ...exported, payments: { ...exported['payments'], last_sync_timestamp: '2020-01-01' }, broken: 7 };
    await writeFile(file, JSON.stringify(newer));
    const { code, stderr } = await said(() => checkpointImportCommand(file, table()));
    expect(code).toBe(4);
    expect(stderr).toMatch(/payments: left as it is: it is further[^]+refunds: imported[^]+broken: left as it is/);
    expect(await checkpointOf('refunds')).toEqual(exported['refunds']);
    expect(await checkpointOf('payments')).toEqual(exported['payments']);

    await putFile(JSON.stringify({ payments: { pending_load: PENDING }, refunds: exported['refunds'] }));
    const ahead = { payments: exported['payments'], refunds: { last_sync_timestamp: '2999-01-01' } };
    await writeFile(file, JSON.stringify({ ...ahead, lost: exported['payments'] }));
    const refused = await said(() => checkpointImportCommand(file, table()));
    expect([refused.code, refused.stderr]).toEqual([
      4,
      expect.stringMatching(
        /payments: CHECKPOINT_BUSY[^]+refunds: left as it is: 2999-01-01.+ in the future[^]+lost: imp/,
      ),
    ]);
    await putFile(JSON.stringify(exported));
  });

  test('gives up nothing by run --remote --restart before it knows all names', async () => {
    const all = JSON.parse(Buffer.from((await world.objects.get(CHECKPOINTS_KEY))?.body ?? []).toString()) as object;
    const pending = { ...all, payments: { pending_load: PENDING } };
    await putFile(JSON.stringify(pending));
    const restart = (...names: string[]) =>
      said(() => runHereOrThere(names, { ...json(), ...running, remote: true, restart: true }));
    await expect(restart()).rejects.toMatchObject({ code: 'CONFIG_INVALID' });
    await expect(restart('payments', 'refnds')).rejects.toMatchObject({ code: 'ENTITY_UNKNOWN' });
    expect(await checkpointOf('payments')).toMatchObject({ pending_load: { load_id: PENDING.load_id } });
    const { code, stderr } = await restart('payments');
    expect([code, stderr]).toEqual([0, expect.stringContaining(`load ${PENDING.load_id} is abandoned`)]);
    await world.drain(functions);
    expect(await checkpointOf('payments')).toMatchObject({ record_count: ROWS });
  });

  test('takes FULL in a message that somebody writes by hand, and drops the dead letters that are chosen', async () => {
    await world.send('{"entity":"payments","load_type":"FULL"}');
    await world.send('{"entity":"payments","load_type":"EVERYTHING"}');
    await world.send('{"entity":"refunds","load_type":"EVERYTHING"}');
    await world.drain(functions);
    expect(await world.record('payments')).toMatchObject({ load_type: 'full' });
    const letters = await parsed<ShownLetter[]>(() => dlqListCommand(json()));
    expect(letters.map(({ entity, code }) => `${entity} ${code}`).toSorted()).toEqual([
      'payments MESSAGE_INVALID',
      'refunds MESSAGE_INVALID',
    ]);
    await expect(dlqDropCommand(json())).rejects.toMatchObject({ code: 'CONFIG_INVALID' });
    await expect(dlqDropCommand({ ...json(), entity: 'paymnts' })).rejects.toMatchObject({ code: 'ENTITY_UNKNOWN' });
    const { stderr } = await said(() => dlqDropCommand({ ...table(), entity: 'refunds' }));
    expect(stderr).toMatch(/Dropped: 1 dead letter\.\nrefunds: its next load begins at .+, as before\./);
    const id = letters.find(({ entity }) => entity === 'payments')?.message_id ?? '';
    expect((await said(() => dlqDropCommand({ ...json(), id }))).code).toBe(0);
    expect((await said(() => dlqListCommand({ ...table(), entity: 'payments' }))).stdout).toBe(
      'payments has no dead letters.\n',
    );
  });
});

test('a folder has the same commands: a lost checkpoint, its dead letters, restore, replay and drop', async () => {
  const out = join(folder, 'out');
  const here = { out, config: CONFIG, output: 'json' as const };
  const run = () => said(() => runHereOrThere(['payments'], { ...here, ...running }));
  expect((await run()).code).toBe(0);
  await rm(join(out, CHECKPOINTS_KEY));
  expect((await said(() => statusCommand([], here))).code).toBe(4);
  const failed = await run();
  expect([failed.code, failed.stdout]).toEqual([4, expect.stringContaining('CHECKPOINT_LOST')]);
  const [letter] = await parsed<ShownLetter[]>(() => dlqListCommand(here));
  expect(letter).toMatchObject({ entity: 'payments', queue: 'extract', code: 'CHECKPOINT_LOST', receive_count: 1 });
  const [details] = await parsed<ShownLetter[]>(() => dlqShowCommand('payments', here));
  expect(details?.failure_record).toContain(`/${letter?.message_id}.json`);

  expect((await said(() => checkpointRestoreCommand([], here))).code).toBe(0);
  const replayed = await said(() => dlqReplayCommand({ ...here, all: true }));
  expect([replayed.code, replayed.stderr]).toEqual([0, expect.stringContaining('bronze run payments --out')]);
  expect(await parsed(() => dlqListCommand(here))).toEqual([]);
  const again = await run();
  expect([again.code, again.stdout]).toEqual([0, expect.stringContaining('"load_type": "incremental"')]);

  await rm(join(out, CHECKPOINTS_KEY));
  await run();
  expect((await said(() => dlqDropCommand({ ...here, entity: 'payments' }))).code).toBe(0);
  expect(await parsed(() => dlqListCommand(here))).toEqual([]);
});
