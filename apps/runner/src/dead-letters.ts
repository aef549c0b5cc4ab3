import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { Failure } from '@bronze/common/words/failure';
import { entityIn } from '@bronze/common/load/messages';
import { STATE_FOLDER } from '@bronze/common/adapters/local/folder-object-store';
import { LocalQueue, QueueDatabase } from '@bronze/common/adapters/local/local-queue';

/** The file of the queues in a run's folder. */
export function queuesFile(out_dir: string): string {
  return join(out_dir, STATE_FOLDER, 'queues.sqlite');
}

/** Holds the locks of all runs on a folder. */
export function runsFolder(out_dir: string): string {
  return join(out_dir, STATE_FOLDER, 'runs');
}

export interface DeadLetter {
  readonly message_id: string;
  readonly entity: string;
  readonly failure: Failure;
}

/** The messages in the dead-letter queues of a run's folder; none if the folder has no queues. */
export function readDeadLetters(out_dir: string): DeadLetter[] {
  return withQueues(out_dir, deadLettersOf) ?? [];
}

/** What `act` makes of the queues of a run's folder; undefined if it has none, as a copy of a pipeline's state. */
export function withQueues<T>(out_dir: string, act: (queues: readonly LocalQueue<never>[]) => T): T | undefined {
  if (!existsSync(queuesFile(out_dir))) return undefined;
  const database = new QueueDatabase({ path: queuesFile(out_dir), now_ms: Date.now, newId: () => '' });
  try {
    return act(['extract', 'write'].map((name) => new LocalQueue(database, name)));
  } finally {
    database.close();
  }
}

export function deadLettersOf(queues: readonly Pick<LocalQueue<never>, 'deadLetters'>[]): DeadLetter[] {
  const letters = queues.flatMap((queue) => queue.deadLetters());
  return letters.map(({ message_id, body, failure }) => ({ message_id, entity: entityIn(body), failure }));
}
