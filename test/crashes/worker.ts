/** A thread that makes the attempts of one trial, with a mistake in the shipping code if one is asked for. */
import { readFileSync } from 'node:fs';
import { registerHooks } from 'node:module';
import { parentPort, workerData } from 'node:worker_threads';
import { guardCalls } from './dying-calls.ts';
import type { Asked } from './mistakes.ts';
import { tell } from './trial.ts';

const { trial, mistake } = workerData as Asked;

if (mistake) {
  registerHooks({
    load(url, context, nextLoad) {
      if (!new URL(url).pathname.endsWith(`/${mistake.file}`)) return nextLoad(url, context);
      const source = readFileSync(new URL(new URL(url).pathname, 'file:'), 'utf8');
      if (source.split(mistake.find).length !== 2)
        throw new RangeError(`${mistake.file} does not contain this exactly once: ${mistake.find}`);
      return {
        format: 'module-typescript',
        source: source.replace(mistake.find, () => mistake.put),
        shortCircuit: true,
      };
    },
  });
}
// What dies in a callback rejects a promise that nobody awaits any more.
process.on('unhandledRejection', () => undefined);
guardCalls();

const TRIALS = {
  'folder store': async () => (await import('./folder-store-trial.ts')).folderStoreTrial,
  'event loop': async () => (await import('./event-loop-trial.ts')).eventLoopTrial,
  'temporary folders': async () => (await import('./temporary-folders-trial.ts')).temporaryFoldersTrial,
};
const told = await tell(await TRIALS[trial](), mistake !== undefined);
// oxlint-disable-next-line unicorn/require-post-message-target-origin -- a message port between threads has no origin
parentPort?.postMessage(told);
