/**
 * A process that takes the steps in a folder, and kills itself in the first call of a name in a step. It prints a byte
 * for each step that it has done.
 */
import fs from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { FolderObjectStore } from '@bronze/common/adapters/local/folder-object-store';
import { guardCalls, Life } from './dying-calls.ts';
import { takeSteps } from './folder-store-trial.ts';

const [folder = '', step = '', name = '', cut = ''] = process.argv.slice(2);
const { writeSync } = fs;
guardCalls();

async function live(life: Life, where: string, onDone: (done: number) => void): Promise<void> {
  await life.run(async () => {
    const store = await FolderObjectStore.open(where);
    await takeSteps(store, 0, onDone);
    store.close();
  });
}

/** The number of the call, which a life in another folder finds out. */
async function numberOfCall(): Promise<number> {
  const rehearsal = await mkdtemp(join(tmpdir(), 'bronze-crash-'));
  const life = new Life();
  const begins = [0];
  await live(life, rehearsal, () => begins.push(life.calls.length));
  await rm(rehearsal, { recursive: true });
  return life.calls.findIndex((call, number) => number >= (begins[Number(step)] ?? 0) && call.name === name);
}

const dies_at = { call: await numberOfCall(), cut: Number(cut) };
const life = new Life({ dies_at, onDeath: () => process.kill(process.pid, 'SIGKILL') });
await live(life, folder, () => writeSync(1, '.'));
