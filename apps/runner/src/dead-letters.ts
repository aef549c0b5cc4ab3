import { randomUUID } from 'node:crypto';
import { existsSync } from 'node:fs';
import { LocalQueue, QueueDatabase } from '@bronze/common/adapters/local/local-queue';
import { queuesFile } from './folder-state.ts';

/**
 * Moves dead letters of a run's folder back to their queues, where they belong to no run: the next one that asks for their
 * entity takes a request for a full load over and does the work of the others.
 *
 * @returns the ids that they had, of those that were still there: in their queues they have new ones
 */
export function replayDeadLetters(out_dir: string, message_ids: readonly string[]): string[] {
  return inQueues(out_dir, (queue) => message_ids.filter((message_id) => queue.redrive(message_id)));
}

/** Deletes dead letters of a run's folder. @returns the ids of those that were still there */
export function dropDeadLetters(out_dir: string, message_ids: readonly string[]): string[] {
  return inQueues(out_dir, (queue) => message_ids.filter((message_id) => queue.dropDeadLetter(message_id)));
}

function inQueues(out_dir: string, act: (queue: LocalQueue<never>) => string[]): string[] {
  const path = queuesFile(out_dir);
  if (!existsSync(path)) return [];
  const database = new QueueDatabase({ path, now_ms: Date.now, newId: randomUUID });
  try {
    return ['extract', 'write'].flatMap((name) => act(new LocalQueue<never>(database, name)));
  } finally {
    database.close();
  }
}
