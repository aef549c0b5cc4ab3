import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, rm, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test, vi } from 'vitest';
import { makeTemporaryFolder, sweepTemporaryFolders } from './temporary-folders.ts';

const HERE = join(import.meta.dirname, 'temporary-folders.ts');

async function ownTemporaryFolder(): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'bronze-sweep-'));
  vi.stubEnv('TMPDIR', folder);
  onTestFinished(async () => {
    vi.unstubAllEnvs();
    await rm(folder, { recursive: true });
  });
}

test('folders of killed processes are removed, those of living ones and of strangers stay', async () => {
  await ownTemporaryFolder();
  const script = `const { makeTemporaryFolder } = await import(${JSON.stringify(HERE)});
    require('node:fs').writeSync(1, await makeTemporaryFolder());
    process.kill(process.pid, 'SIGKILL');`;
  const left = spawnSync(process.execPath, ['-e', script.replace('require(', 'process.getBuiltinModule(')]);
  const killed = left.stdout.toString();
  await writeFile(join(killed, 'batch-0.ndjson.zst'), 'rows');
  const own = await makeTemporaryFolder();
  const parent = own.replace(`-${process.pid}-`, `-${process.ppid}-`);
  const stranger = join(tmpdir(), 'bronze-duckdb-abcdef');
  await mkdir(parent);
  await mkdir(stranger);
  await sweepTemporaryFolders();
  expect([killed, own, parent, stranger].map((folder) => existsSync(folder))).toEqual([false, true, true, true]);
});

test('a folder of an earlier process with our id is removed', async () => {
  await ownTemporaryFolder();
  const [ours, earlier] = [await makeTemporaryFolder(), await makeTemporaryFolder()];
  await utimes(earlier, 0, 0);
  await sweepTemporaryFolders();
  expect([existsSync(ours), existsSync(earlier)]).toEqual([true, false]);
});
