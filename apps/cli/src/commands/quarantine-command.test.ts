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
import { statusCommand } from './status-command.ts';

const ID = '00000000-0000-8000-8000-000000000001';
const DEFINE = join(import.meta.dirname, '../../../../packages/common/src/config/config.ts');
const CONFIG = `import { defineConfig } from '${DEFINE}';
  export default defineConfig({
    sources: { db: { type: 'postgres', url: 'unused', fresh_within: '2d' } },
    entities: {
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
  expect((await saidBy(quarantineListCommand(['other'], table()))).code).toBe(0);
});

test('show prints the rows with their reasons and values, at most as many as it is asked for', async () => {
  const { text } = await saidBy(quarantineShowCommand('orders', { ...table(), limit: 1 }));
  expect(text).toContain('due: "infinity" is not exactly a timestamptz\n  {"id":"1","due":"infinity"}');
  const path = join(out, `data/quarantine/orders/ingestion_date=2024-01-15/${ID}-00000-00000.ndjson`);
  expect(text).toContain(`orders: 1 of 2 rows in quarantine\n  ${path}`);
  const json = await saidBy(quarantineShowCommand('orders', { out, output: 'json', limit: 10 }));
  expect(JSON.parse(json.text)).toMatchObject([{ load_id: ID, record: { due: 'infinity' } }, { load_id: ID }]);
});

test('what is acknowledged stays on disk and is no longer in status', async () => {
  const status = () => saidBy(statusCommand(['orders'], { ...table(), config }));
  const before = await status();
  expect([before.code, before.text.includes('2 rows in quarantine')]).toEqual([4, true]);
  expect((await saidBy(quarantineAcknowledgeCommand('orders', table()))).text).toContain('2 rows in quarantine');
  expect(await status()).toMatchObject({ code: 0, text: expect.not.stringContaining('in quarantine') as string });
  expect(await list()).toEqual({ code: 0, text: 'No rows are in quarantine that need anything: see --all.\n' });
  expect((await list(true)).text).toContain('acknowledged');
  expect((await saidBy(quarantineAcknowledgeCommand('orders', table()))).text).toContain('nobody has acknowledged');
});

test('release lets one full load wait for the next run', async () => {
  await saidBy(quarantineReleaseCommand('orders', table()));
  expect((await saidBy(quarantineReleaseCommand('orders', table()))).text).toContain('pending already');
  const { checkpoint } = await new CheckpointFile(objects).read('orders');
  expect(checkpoint?.next_requests).toMatchObject([{ entity: 'orders', load_type: 'full' }]);
  expect((await list()).text).toContain('releasing');
  expect((await saidBy(quarantineReleaseCommand('other', table()))).text).toBe('other has no rows in quarantine.\n');
});

test('status names an entity that is late, refuses one that nobody knows, and marks one that is not configured', async () => {
  const { code, text } = await saidBy(statusCommand([], { ...table(), config, allowQuarantine: true }));
  expect(code).toBe(4);
  expect(text).toContain('late_one is late: it was never loaded, and should be fresh within 26h');
  expect(text).toContain('late_two is late: it was never loaded, and should be fresh within 2d');
  expect(text).toMatch(/orders +│ never loaded, not configured/);
  expect(text).toContain(`orders: not in ${config}; its state is kept`);
  const hint = expect.stringContaining('Did you mean orders?') as string;
  await expect(statusCommand(['ordres'], table())).rejects.toMatchObject({ code: 'ENTITY_UNKNOWN', hint });
});
