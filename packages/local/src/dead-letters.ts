import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { STATE_FOLDER } from './folder-object-store.ts';
import { LocalQueue, QueueDatabase } from './local-queue.ts';

/** File of the queues in a run's folder. */
export function queuesFile(out_dir: string): string {
  return join(out_dir, STATE_FOLDER, 'queues.sqlite');
}

export interface DeadLetter {
  readonly entity: string;
  readonly failure: string;
}

/** What lies in the dead-letter queues of a run's folder. */
export function readDeadLetters(out_dir: string): DeadLetter[] {
  if (!existsSync(queuesFile(out_dir))) return [];
  const database = new QueueDatabase({ path: queuesFile(out_dir), now_ms: Date.now, newId: () => '' });
  try {
    const letters = ['extract', 'write'].flatMap((name) => new LocalQueue(database, name).deadLetters());
    return letters.map(({ body, failure }) => ({ entity: entityIn(body), failure }));
  } finally {
    database.close();
  }
}

/** Whose message it is, also when the rest of it can't be read. */
export function entityIn(body: string): string {
  return /"entity"\s*:\s*"([a-z0-9_]{1,63})"/.exec(body)?.[1] ?? '(unknown)';
}
