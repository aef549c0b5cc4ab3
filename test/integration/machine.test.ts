import { randomUUID } from 'node:crypto';
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { abandonCommand } from '@bronze/cli/commands/abandon-command';
import { statusCommand } from '@bronze/cli/commands/status-command';
import { exitCodeOf } from '@bronze/cli/exit-code';
import { FolderObjectStore } from '@bronze/common/adapters/local/folder-object-store';
import { LocalQueue, QueueDatabase } from '@bronze/common/adapters/local/local-queue';
import { type Failure, toFailure } from '@bronze/common/words/failure';
import { queuesFile } from '@bronze/runner/folder-state';
import { entitiesInQueues } from '@bronze/runner/drop-left';
import { LoopbackServer } from '@bronze/demo/source-api/loopback-server';
import { SourceApi } from '@bronze/demo/source-api/source-api';
import { describe, expect, onTestFinished, test } from 'vitest';
import { rowsInBronze } from '../bronze-folder.ts';
import { bronze, ended, start } from '../command.ts';

const ROOT = join(import.meta.dirname, '../..');
const STACK = /^ {4}at /m;

async function folder(): Promise<string> {
  const made = await mkdtemp(join(tmpdir(), 'bronze-machine-'));
  onTestFinished(() => rm(made, { recursive: true }));
  return made;
}

async function configFile(text: string): Promise<string> {
  const file = join(await folder(), 'bronze.config.ts');
  await writeFile(file, text);
  return file;
}

/** A configuration of one API of 50 records, in pages of 10. */
async function configOfApi(): Promise<string> {
  const updated_at = '2024-01-15T10:32:00.123456Z';
  const records = Array.from({ length: 50 }, (_, index) => {
    const id = String(index).padStart(2, '0');
    return { id, updated_at, json: JSON.stringify({ id, updated_at }) };
  });
  const list = { length: 50, slice: (from: number, to: number) => records.slice(from, to) };
  const numbers = { ...list, since: () => numbers, countUpTo: (_: string, id: string) => Number(id) + 1 };
  const api = new SourceApi({ lists: { '/numbers': () => numbers }, apiKey: async () => undefined });
  const server = await LoopbackServer.start(api);
  onTestFinished(() => server.stop());
  return configFile(`
    import { defineConfig } from ${JSON.stringify(pathToFileURL(join(ROOT, 'packages/common/src/config/config.ts')).href)};
    export default defineConfig({
      sources: { api: { type: 'rest', base_url: '${server.url}', requests_per_second: 1000 } },
      entities: { numbers: { source: 'api', endpoint: '/numbers', records_path: 'data', primary_key: ['id'],
        batch_rows: 10, paging: { style: 'cursor', cursor_path: 'meta.next_cursor', size: 10 } } },
    });`);
}

describe('a configuration that can’t be loaded is a mistake in it, with exit code 2 and no stack', () => {
  test.each([
    ['a mistake in its syntax', '\nexport default {{{', /line 2\b/],
    ['a package that is not installed', 'import "not-installed";', /'not-installed'[^]*npm install/],
    [
      'a file outside the clone',
      'import "@bronze/common/config";',
      /'@bronze\/common'[^]*Move the file into the clone/,
    ],
    ['a file that does not exist', 'import "./none.ts";', /none\.ts/],
    ['an error that it throws', '\n\nthrow new Error("no such shop");', /line 3: no such shop/],
  ])('%s', async (_, text, said) => {
    const { code, stderr } = await bronze(['run', '--config', await configFile(text)]);
    expect(stderr).toMatch(/CONFIG_INVALID: the configuration file .*bronze\.config\.ts can’t be loaded/);
    expect(stderr).toMatch(said);
    expect(stderr).not.toMatch(STACK);
    expect(code).toBe(2);
  });
});

test.each([
  ['run', 'FOLDER_UNUSABLE'],
  ['status', 'CONFIG_INVALID'],
])('bronze %s with an --out that is a file ends with %s and exit code 2', async (command, said) => {
  const config = await configOfApi();
  const given = command === 'run' ? ['--config', config] : [];
  const { code, stderr } = await bronze([command, ...given, '--out', config]);
  expect(stderr).toContain(`bronze: ${said}: `);
  expect(stderr).toContain(config);
  expect(stderr).not.toMatch(STACK);
  expect(code).toBe(2);
});

test.each([1, 4, 6, 8])(
  'a disk that is full after %i files ends a run at once; the next one continues it',
  async (n) => {
    const given = ['run', '--config', await configOfApi(), '--out', join(await folder(), 'out')];
    const out = given.at(-1) ?? '';
    const preload = pathToFileURL(join(import.meta.dirname, 'full-disk.ts')).href;
    const full = await bronze(given, { NODE_OPTIONS: `--import=${preload}`, FULL_AFTER: String(n) });
    expect(full.stderr).toContain('bronze: DISK_FULL: there is no space left on the disk: ');
    expect(full.stderr).not.toMatch(STACK);
    expect(full.code).toBe(3);
    expect(await readdir(join(out, '.bronze/writing'))).toEqual([]);
    const again = await bronze(given);
    expect(again.code, again.stderr).toBe(0);
    const ids = (await rowsInBronze(out, 'numbers')).map(({ id }) => id);
    expect([ids.length, new Set(ids).size]).toEqual([50, 50]);
  },
);

/** What a run that has ended left of `gone`, which is not configured any more: two messages and a dead letter. */
async function leave(out: string): Promise<void> {
  (await FolderObjectStore.open(out)).close();
  const database = new QueueDatabase({ path: queuesFile(out), now_ms: Date.now, newId: randomUUID });
  const queue = new LocalQueue(database, 'extract', randomUUID());
  await queue.send([1, 2, 3].map((n) => ({ entity: 'gone', load_id: `0000000${n}-0000-8000-8000-000000000000` })));
  const [first] = queue.receive(1, 1000);
  queue.deadLetter(first?.message_id ?? '', { code: 'TABLE_MISSING', kind: 'permanent', message: 'gone', hint: '' });
  database.close();
}

test('the command that a run proposes for what is left of an entity that is not configured drops it', async () => {
  const [config, out] = [await configOfApi(), join(await folder(), 'out')];
  await leave(out);
  const { code, stderr } = await bronze(['run', 'numbers', '--config', config, '--out', out]);
  const [, command, entity, folderOf] = /; npx --no -- bronze (\w+) (\w+) --out (\S+) drops them\n/.exec(stderr) ?? [];
  expect([code, command, entity, folderOf], stderr).toEqual([0, 'abandon', 'gone', out]);
  expect(entitiesInQueues(out)).toEqual(['gone']);
  expect(await abandonCommand('gone', { out })).toBe(0);
  expect(entitiesInQueues(out)).toEqual([]);
  expect(await statusCommand([], { out, output: 'json' })).toBe(0);
});

test('an entity that a folder does not know can’t be abandoned, and gets a suggestion', async () => {
  const out = join(await folder(), 'out');
  await leave(out);
  const unknown = await abandonCommand('gon', { out }).catch((thrown: unknown) => toFailure(thrown));
  expect(unknown).toMatchObject({
    code: 'ENTITY_UNKNOWN',
    message: `there is nothing of an entity "gon" in ${out}`,
    hint: 'Did you mean gone? Entities there: gone.',
  });
  expect(exitCodeOf(unknown as Failure)).toBe(2);
  expect(entitiesInQueues(out)).toEqual(['gone']);
});

test('a reader that closes the pipe leaves the run as it would have ended, without a stack', async () => {
  const out = join(await folder(), 'out');
  const given = ['run', '--config', await configOfApi(), '--out', out, '-o', 'json'];
  const child = start(process.execPath, [join(ROOT, 'apps/cli/src/bronze.ts'), ...given]);
  child.stdout?.destroy();
  const { code, stderr } = await ended(child);
  expect(stderr).not.toMatch(STACK);
  expect(code).toBe(0);
  expect(await rowsInBronze(out, 'numbers')).toHaveLength(50);
});
