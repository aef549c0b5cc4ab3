import { join } from 'node:path';
import { LocalQueue, QueueDatabase } from '@bronze/common/adapters/local/local-queue';

/** A process that takes part in the queue of a folder. */
export interface Participant {
  readonly queue: LocalQueue<object>;
  leave(): void;
}

export type Join = (folder: string) => Promise<Participant>;

interface Queues {
  readonly LocalQueue: typeof LocalQueue;
  readonly QueueDatabase: typeof QueueDatabase;
}

function joinWith(queues: Queues, folder: string): Participant {
  const path = join(folder, 'queues.sqlite');
  const database = new queues.QueueDatabase({ path, now_ms: Date.now, newId: () => crypto.randomUUID() });
  database.releaseFromDead();
  return { queue: new queues.LocalQueue<object>(database, 'extract'), leave: () => database.close() };
}

/** The process that dies. */
export const joinFirst: Join = async (folder) => joinWith({ LocalQueue, QueueDatabase }, folder);

/** The next process: the same code with an identity of its own, which gets what the dead one held. */
export const joinNext: Join = async (folder) => {
  const url = import.meta.resolve('@bronze/common/adapters/local/local-queue');
  return joinWith((await import(`${url}?next-process`)) as Queues, folder);
};
