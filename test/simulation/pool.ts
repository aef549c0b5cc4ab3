import { Worker } from 'node:worker_threads';
import type { Done, Told, Work } from './work.ts';

/** Runs each work in a thread of its own, at most `threads` at a time. @returns the results, in the order of `works` */
export async function runInThreads(works: readonly Work[], threads: number): Promise<Done[]> {
  const progress = new Progress(works.length);
  const done: Done[] = [];
  let next = 0;
  const lane = async () => {
    for (let index = next++; index < works.length; index = next++) {
      const work = works[index];
      if (work) done[index] = await runInThread(work, (worlds, broken) => progress.tell(index, worlds, broken));
    }
  };
  await Promise.all(Array.from({ length: Math.max(1, threads) }, lane));
  progress.end();
  return done;
}

/** @throws the thread's own error, or an Error when it exits before it reports a result */
export function runInThread(
  work: Work,
  onProgress: (worlds: number, broken: number) => void = () => undefined,
): Promise<Done> {
  return new Promise((resolve, reject) => {
    const thread = new Worker(new URL('./worker.ts', import.meta.url), { workerData: work });
    thread.on('message', (told: Told) => {
      if (told.kind === 'progress') onProgress(told.worlds, told.broken);
      else resolve(told.done);
    });
    thread.on('error', reject);
    thread.on('exit', () => reject(new Error('a simulation thread exited before it reported a result')));
  });
}

/** One line on stderr that is overwritten as worlds finish. Silent when stderr is not a terminal. */
class Progress {
  readonly #worlds: number[];
  readonly #broken: number[];
  readonly #started_ms = performance.now();
  #shown_ms = 0;

  constructor(works: number) {
    this.#worlds = Array.from({ length: works }, () => 0);
    this.#broken = Array.from({ length: works }, () => 0);
  }

  tell(index: number, worlds: number, broken: number): void {
    this.#worlds[index] = worlds;
    this.#broken[index] = broken;
    if (!process.stderr.isTTY || performance.now() - this.#shown_ms < 200) return;
    this.#shown_ms = performance.now();
    const total = this.#worlds.reduce((sum, one) => sum + one, 0);
    const rate = total / ((this.#shown_ms - this.#started_ms) / 1000);
    const violations = this.#broken.reduce((sum, one) => sum + one, 0);
    process.stderr.write(`\r${total} worlds, ${rate.toFixed(0)}/s, ${violations} violations `);
  }

  end(): void {
    if (process.stderr.isTTY) process.stderr.write('\r\u001B[K');
  }
}
