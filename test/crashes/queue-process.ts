import { join as joinPath } from 'node:path';
import { LocalQueue, QueueDatabase } from '@bronze/common/adapters/local/local-queue';

/** A process that takes part in the queue of a folder. */
export interface Participant {
  readonly queue: LocalQueue<object>;
  leave(): void;
}

let processes = 0;

/** Joins as a process with an identity of its own, which gets what dead processes held. */
export async function join(folder: string): Promise<Participant> {
  const url = import.meta.resolve('@bronze/common/adapters/local/local-queue');
  // Each instance of the module takes itself for another process.
  const queues = (await import(`${url}?process=${(processes += 1)}`)) as {
    readonly LocalQueue: typeof LocalQueue;
    readonly QueueDatabase: typeof QueueDatabase;
  };
  const database = new queues.QueueDatabase(optionsIn(folder));
  database.releaseFromDead();
  return { queue: new queues.LocalQueue<object>(database, 'extract'), leave: () => database.close() };
}

/** Sees the messages of all processes, and receives none. */
export function watch(folder: string): Participant {
  const database = new QueueDatabase(optionsIn(folder));
  return { queue: new LocalQueue<object>(database, 'extract'), leave: () => database.close() };
}

function optionsIn(folder: string) {
  return { path: joinPath(folder, 'queues.sqlite'), now_ms: Date.now, newId: () => crypto.randomUUID() };
}
