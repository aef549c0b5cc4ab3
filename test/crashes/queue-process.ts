import { join as joinPath } from 'node:path';
import { LocalQueue, QueueDatabase } from '@bronze/common/adapters/local/local-queue';
import { RunLock } from '@bronze/common/adapters/local/run-lock';

/** A run that takes part in the queue of a folder. */
export interface Participant {
  readonly queue: LocalQueue<object>;
  leave(): void;
}

/** Joins as a run of its own, which takes over everything that runs which are over have left. */
export async function join(folder: string): Promise<Participant> {
  const lock = RunLock.take(joinPath(folder, 'runs'));
  const database = new QueueDatabase(optionsIn(folder));
  const queue = new LocalQueue<object>(database, 'extract', lock.run_id);
  for (const left of queue.left((owner) => lock.isOver(owner))) queue.takeOver(left);
  const leave = () => {
    database.close();
    lock.release();
  };
  return { queue, leave };
}

/** Sees the messages of all runs, and receives none. What it sends belongs to no run. */
export function watch(folder: string): Participant {
  const database = new QueueDatabase(optionsIn(folder));
  return { queue: new LocalQueue<object>(database, 'extract'), leave: () => database.close() };
}

function optionsIn(folder: string) {
  return { path: joinPath(folder, 'queues.sqlite'), now_ms: Date.now, newId: () => crypto.randomUUID() };
}
