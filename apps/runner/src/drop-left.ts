import { existsSync } from 'node:fs';
import { LocalQueue, QueueDatabase } from '@bronze/common/adapters/local/local-queue';
import { readQueues } from '@bronze/common/adapters/local/queue-reader';
import { RunLock } from '@bronze/common/adapters/local/run-lock';
import { entityIn } from '@bronze/common/load/messages';
import { queuesFile, runsFolder } from './folder-state.ts';

/** How many were dropped. */
export interface Dropped {
  /** Of runs that have ended. Messages of runs that live stay. */
  readonly messages: number;
  readonly dead_letters: number;
}

/** Deletes what ended runs have left of an entity in the queues of a run's folder, and its dead letters. */
export function dropLeft(out_dir: string, entity: string): Dropped {
  const path = queuesFile(out_dir);
  const isOf = ({ body }: { readonly body: string }) => entityIn(body) === entity;
  const dropped = { messages: 0, dead_letters: 0 };
  // A copy of a pipeline's state has none.
  if (!existsSync(path)) return dropped;
  const database = new QueueDatabase({ path, now_ms: Date.now, newId: () => '' });
  const lock = RunLock.take(runsFolder(out_dir));
  try {
    for (const queue of ['extract', 'write'].map((name) => new LocalQueue(database, name))) {
      const left = queue.left((owner) => lock.isOver(owner)).filter(isOf);
      for (const one of left) queue.drop(one);
      dropped.messages += left.length;
      dropped.dead_letters += queue.deadLetters().filter(isOf).length;
      queue.forgetDeadLetters((body) => isOf({ body }));
    }
    return dropped;
  } finally {
    lock.release();
    database.close();
  }
}

/** The entities that messages and dead letters in a run's folder are about. */
export function entitiesInQueues(out_dir: string): string[] {
  return [...new Set(readQueues(queuesFile(out_dir)).map(({ body }) => entityIn(body)))];
}
