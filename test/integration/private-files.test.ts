import { mkdtemp, readdir, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { FolderObjectStore } from '@bronze/common/adapters/local/folder-object-store';
import { QueueDatabase } from '@bronze/common/adapters/local/local-queue';
import { expect, onTestFinished, test } from 'vitest';
import { RestWorld } from './rest-world.ts';

/** What is in a folder that others could read or write. */
async function openToOthers(folder: string): Promise<{ readonly seen: number; readonly open: string[] }> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const found = entries.map(async (entry) => {
    const { mode } = await stat(join(entry.parentPath, entry.name));
    const rights = (mode & 0o777).toString(8);
    return rights === (entry.isDirectory() ? '700' : '600') ? [] : [`${entry.name} is ${rights}`];
  });
  return { seen: entries.length, open: (await Promise.all(found)).flat() };
}

test('what a run leaves under --out is for its user only: staging, Parquet, records, logs and queues', async () => {
  await using world = await RestWorld.open();
  await world.load();
  const { seen, open } = await openToOthers(world.out);
  expect(seen).toBeGreaterThan(10);
  expect(open).toEqual([]);
});

test('so are the folder itself and the files that SQLite keeps beside an open queue', async () => {
  const root = await mkdtemp(join(tmpdir(), 'bronze-private-'));
  const out = join(root, 'new', 'out');
  const store = await FolderObjectStore.open(out);
  onTestFinished(() => store.close());
  await store.replace('a/b', Buffer.from('rows'), undefined);
  await store.putIfAbsent('a/c/d', Buffer.from('rows'));
  const path = join(out, '.bronze', 'queues.sqlite');
  const queues = new QueueDatabase({ path, now_ms: () => 0, newId: () => '1' });
  onTestFinished(() => queues.close());
  const { open } = await openToOthers(root);
  expect(open).toEqual([]);
  expect(await readdir(join(out, '.bronze'))).toContain('queues.sqlite-wal');
});
