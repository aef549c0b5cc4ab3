import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { FolderObjectStore } from '@bronze/common/adapters/local/folder-object-store';
import { CheckpointFile } from '@bronze/common/load/checkpoint-file';
import type { LoadRecord } from '@bronze/common/load/load-record';
import { loadRecordKey, quarantineKey } from '@bronze/common/load/object-keys';
import { quarantineLine } from '@bronze/common/load/quarantine-lines';
import { encodeJson } from '@bronze/common/words/json';
import { EPOCH, timestamp } from '@bronze/common/words/timestamp';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import {
  quarantineAcknowledgeCommand,
  quarantineListCommand,
  quarantineReleaseCommand,
  quarantineShowCommand,
} from './quarantine-command.ts';
import { previewCommand } from './preview-command.ts';
import { statusCommand } from './status-command.ts';

const ID = '00000000-0000-8000-8000-000000000001';
const DEFINE = join(import.meta.dirname, '../../../../packages/common/src/config/config.ts');
const CONFIG = `import { defineConfig } from '${DEFINE}';
  export default defineConfig({
    sources: { db: { type: 'postgres', url: 'unused', fresh_within: '2d' } },
    entities: {
      leases: { source: 'db', table: 'public.l', allow_quarantine: true },
      late_one: { source: 'db', table: 'public.a', fresh_within: '26h' },
      late_two: { source: 'db', table: 'public.b' },
      off: { source: 'db', table: 'public.b', enabled: false },
    },
  });`;
const AT = timestamp('2024-01-15T10:00:00Z');

let out = '';
let config = '';
let objects: FolderObjectStore;
const said: string[] = [];

beforeEach(async () => {
  out = await mkdtemp(join(tmpdir(), 'bronze-quarantine-'));
  config = join(out, 'bronze.config.ts');
  await writeFile(config, CONFIG);
  objects = await FolderObjectStore.open(out);
  for (const stream of [process.stdout, process.stderr]) {
    vi.spyOn(stream, 'write').mockImplementation((text) => said.push(String(text)) > 0);
  }
  const load = { entity: 'orders', load_id: ID, load_type: 'incremental', ingested_at: AT } as const;
  const key = quarantineKey(load, 0, 0);
  const lines = ['infinity', '-infinity'].map((due) =>
    quarantineLine(`due: "${due}" is not exactly a timestamptz`, Buffer.from(JSON.stringify({ id: '1', due }))),
  );
  await objects.putIfAbsent(key, Buffer.concat(lines));
  const record: LoadRecord = {
    version: 1,
    status: 'completed',
    ...load,
    since: EPOCH,
    until: AT,
    completed_at: AT,
    rows: 7,
    rows_in_bronze: 5,
    rows_quarantined: 2,
    slices: 1,
    write_tasks: 1,
    engines: [],
    columns: [],
    parts: [],
    quarantine: [{ key, rows: 2, reasons: [{ reason: 'due is not exactly a timestamptz', rows: 2 }] }],
  };
  await objects.putIfAbsent(loadRecordKey(load), encodeJson(record));
  await new CheckpointFile(objects).swap('orders', 'absent', { last_sync_timestamp: AT, last_load_id: ID });
});

afterEach(async () => {
  vi.restoreAllMocks();
  objects.close();
  await rm(out, { recursive: true });
});

async function saidBy(command: Promise<number>): Promise<{ code: number; text: string }> {
  said.length = 0;
  return { code: await command, text: said.join('') };
}

const table = () => ({ out, output: 'table' }) as const;
const list = (all = false) => saidBy(quarantineListCommand([], { ...table(), all }));

test('list shows count, reason and state, and ends with 4 while rows are missing', async () => {
  const { code, text } = await list();
  expect(code).toBe(4);
  expect(text).toContain('due is not exactly a timestamptz (2)');
  expect(text).toContain(`They are in ${join(out, 'data/quarantine/')}`);
});

test('list allows what the configuration or the command allows, as status does', async () => {
  const allowed = config.replace('bronze.config', 'allowed.config');
  await writeFile(allowed, CONFIG.replace('leases', 'orders'));
  for (const options of [{ config: allowed }, { config, allowQuarantine: true }]) {
    expect(await saidBy(quarantineListCommand([], { ...table(), ...options }))).toMatchObject({
      code: 0,
      text: expect.stringContaining('due is not exactly a timestamptz (2)') as string,
    });
  }
  expect((await saidBy(quarantineListCommand([], { ...table(), config }))).code).toBe(4);
  // It is known, and nothing of it was ever loaded.
  expect((await saidBy(quarantineListCommand(['off'], { ...table(), config }))).code).toBe(0);
});

test('an entity that nobody knows is refused by each command, with a suggestion', async () => {
  const commands: readonly ((entity: string) => Promise<number>)[] = [
    (entity) => quarantineListCommand([entity], table()),
    (entity) => quarantineShowCommand(entity, { ...table(), limit: 1 }),
    (entity) => quarantineReleaseCommand(entity, table()),
    (entity) => quarantineAcknowledgeCommand(entity, table()),
    (entity) => previewCommand(entity, { ...table(), limit: 1 }),
    (entity) => statusCommand([entity], table()),
  ];
  for (const command of commands) {
    const hint = expect.stringMatching(/^Did you mean orders\?/) as string;
    await expect(command('ordres')).rejects.toMatchObject({ code: 'ENTITY_UNKNOWN', hint });
  }
});

test('preview of an entity without rows says so', async () => {
  expect(await saidBy(previewCommand('orders', { ...table(), limit: 1 }))).toEqual({
    code: 0,
    text: `orders has no rows in ${out}.\n`,
  });
  expect(await saidBy(previewCommand('orders', { out, output: 'json', limit: 1 }))).toMatchObject({
    code: 0,
    text: expect.stringMatching(/^\[\]\n/) as string,
  });
});

test('show prints the rows with their reasons and values, at most as many as it is asked for', async () => {
  const { text } = await saidBy(quarantineShowCommand('orders', { ...table(), limit: 1 }));
  expect(text).toContain('due: "infinity" is not exactly a timestamptz\n  {"id":"1","due":"infinity"}');
  const path = join(out, `data/quarantine/orders/ingestion_date=2024-01-15/${ID}-00000-00000.ndjson`);
  expect(text).toContain(`orders: 1 of 2 rows in quarantine\n  ${path}`);
  const json = await saidBy(quarantineShowCommand('orders', { out, output: 'json', limit: 10 }));
  expect(JSON.parse(json.text)).toMatchObject([{ load_id: ID, record: { due: 'infinity' } }, { load_id: ID }]);
});

test('acknowledged rows stay on disk and are no longer in status', async () => {
  const status = () => saidBy(statusCommand(['orders'], { ...table(), config }));
  const before = await status();
  expect([before.code, before.text.includes('2 rows in quarantine, not loaded when they came')]).toEqual([4, true]);
  expect((await saidBy(quarantineAcknowledgeCommand('orders', table()))).text).toContain('2 rows in quarantine');
  expect(await status()).toMatchObject({ code: 0, text: expect.not.stringContaining('in quarantine') as string });
  expect(await list()).toEqual({ code: 0, text: 'No rows are in quarantine that need anything: see --all.\n' });
  expect((await list(true)).text).toContain('acknowledged');
  const settled = `orders: no rows in quarantine that need anything. 2 rows acknowledged: still stored in ${out}/data/`;
  for (const command of [
    () => quarantineAcknowledgeCommand('orders', table()),
    () => quarantineShowCommand('orders', { ...table(), limit: 1 }),
  ]) {
    expect((await saidBy(command())).text).toContain(settled);
  }
});

test('release lets one full load wait for the next run', async () => {
  const { text } = await saidBy(quarantineReleaseCommand('orders', table()));
  expect(text).toContain(`npx --no -- bronze run orders --out ${out}`);
  expect((await saidBy(quarantineReleaseCommand('orders', table()))).text).toContain('pending already');
  const { checkpoint } = await new CheckpointFile(objects).read('orders');
  expect(checkpoint?.next_requests).toMatchObject([{ entity: 'orders', load_type: 'full' }]);
  expect((await list()).text).toContain('releasing');
});

test('status names an entity that is late, refuses one that nobody knows, and marks one that is not configured', async () => {
  const { code, text } = await saidBy(statusCommand([], { ...table(), config, allowQuarantine: true }));
  expect(code).toBe(4);
  expect(text).toContain('late_one is late: it was never loaded, and should be fresh within 26h');
  expect(text).toContain('late_two is late: it was never loaded, and should be fresh within 2d');
  expect(text).toMatch(/orders +│ idle, not configured/);
  expect(text).toContain(`Not in ${config}: orders; its state is kept. If another configuration has`);
  const hint = expect.stringContaining('Did you mean orders?') as string;
  await expect(statusCommand(['ordres'], table())).rejects.toMatchObject({ code: 'ENTITY_UNKNOWN', hint });
});
