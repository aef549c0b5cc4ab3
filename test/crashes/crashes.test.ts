/** Every call to the machine is a point to die at: in the folder store, the local event loop and temporary folders. */
import { Worker } from 'node:worker_threads';
import { expect, test } from 'vitest';
import { type Asked, MISTAKES } from './mistakes.ts';
import type { Told } from './trial.ts';

function tried(asked: Asked): Promise<Told> {
  return new Promise((resolve, reject) => {
    const thread = new Worker(new URL('worker.ts', import.meta.url), { workerData: asked });
    thread.on('message', resolve);
    thread.on('error', reject);
    thread.on('exit', () => reject(new Error('the thread ended before it told anything')));
  });
}

test.each([
  ['folder store', 120],
  ['event loop', 45],
  ['temporary folders', 20],
] as const)('%s: nothing is lost, half or left for ever, wherever a process dies', async (trial, attempts_min) => {
  const { attempts, broken } = await tried({ trial });
  expect(broken).toEqual([]);
  expect(attempts).toBeGreaterThan(attempts_min);
});

test.each(MISTAKES.map((mistake) => [mistake.trial, mistake.name, mistake] as const))(
  'the trial of the %s catches: %s',
  async (trial, _, mistake) => {
    const { broken } = await tried({ trial, mistake });
    expect(broken).not.toEqual([]);
  },
);
