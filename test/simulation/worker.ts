/** A simulation thread. A planted bug is registered before any shipping module is loaded. */
import { parentPort, workerData } from 'node:worker_threads';
import { plant } from './planted-bugs/planting.ts';
import { Tally } from './tally.ts';
import type { Done, Told, Work } from './work.ts';

// Faults are thousands of errors: recording their stacks would cost more than everything else.
Error.stackTraceLimit = 0;

const work = workerData as Work;
if (work.mutant !== undefined) plant(work.mutant);
/** The options that replay the world being played. */
let playing = '';
if (work.mutant === undefined) {
  process.on('unhandledRejection', (thrown) => {
    throw new Error(`${playing}: a promise rejected and nobody awaited it: ${String(thrown)}`);
  });
}
tell({ kind: 'done', done: await run(work) });

function tell(told: Told): void {
  // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a message port between threads has no origin
  parentPort?.postMessage(told);
}

async function run(asked: Work): Promise<Done> {
  if (asked.kind === 'cases') return playCases({ ...asked, isEnough: false });
  const { simulateSeed } = await import('./simulate-seed.ts');
  const [from, to] = asked.kind === 'seeds' ? [asked.from, asked.to] : [1, asked.seeds_max];
  const tally = new Tally(tell);
  for (let seed = from; seed <= to; seed += 1) {
    playing = `--seed ${seed}`;
    const played = await simulateSeed(seed);
    const { violation } = played;
    tally.add(played, violation && { ...violation, replay: playing });
    if (asked.kind === 'mutant' && violation) return tally.done;
  }
  return asked.kind === 'mutant' ? playCases({ first: 0, of: 1, isEnough: true }) : tally.done;
}

interface Cases {
  readonly first: number;
  readonly of: number;
  /** Whether to stop at the first case that breaks a law. */
  readonly isEnough: boolean;
}

async function playCases({ first, of, isEnough }: Cases): Promise<Done> {
  const { allCases, playCase } = await import('./exhaustive.ts');
  const tally = new Tally(tell);
  const cases = await allCases();
  for (let number = first; number < cases.length; number += of) {
    const one = cases[number];
    if (!one) break;
    playing = `--case ${number}`;
    const played = await playCase(one);
    const { violation } = played;
    tally.add(played, violation && { ...violation, replay: playing });
    if (isEnough && violation) break;
  }
  return tally.done;
}
