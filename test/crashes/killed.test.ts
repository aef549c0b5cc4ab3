import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { checkFolder } from './folder-store-trial.ts';

/** @returns how many steps a process took in the folder before it killed itself */
async function killedIn(folder: string, step: number, call: string, cut: number): Promise<number> {
  const args = [join(import.meta.dirname, 'killed.ts'), folder, String(step), call, String(cut)];
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  const printed = child.stdout.toArray();
  const [, signal] = (await once(child, 'exit')) as [number | null, string | null];
  expect(signal).toBe('SIGKILL');
  return Buffer.concat(await printed).length;
}

/** Step 0 puts, step 3 swaps: see `STEPS`. */
test.each([
  ['a put, half written', 0, 'writeFile', 2, 1],
  ['a put, before it is cleaned up', 0, 'rm', 0, 1],
  ['a swap, with the lock', 3, 'exec', 1, 0],
  ['a swap, half written', 3, 'writeFileSync', 2, 1],
  ['a swap, renamed but not yet unlocked', 3, 'renameSync', 1, 0],
])('a process killed in %s leaves each object whole, and the next one sweeps', async (_, step, call, cut, half) => {
  const folder = await mkdtemp(join(tmpdir(), 'bronze-crash-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  expect(await killedIn(folder, step, call, cut)).toBe(step);
  const writing = join(folder, '.bronze', 'writing');
  expect(await readdir(writing)).toHaveLength(half);
  await checkFolder(folder, step);
  expect(await readdir(writing)).toEqual([]);
});
