import { QueueDatabase } from '@bronze/common/adapters/local/local-queue';

/** One database for all worlds of a thread: opening one takes longer than emptying it. */
const queues: { database: QueueDatabase | undefined; now_ms: () => number; newId: () => string } = {
  database: undefined,
  now_ms: () => 0,
  newId: () => '',
};

/** Empties the queues for the next world, which brings its own clock and ids. */
export function emptyQueues(now_ms: () => number, newId: () => string): QueueDatabase {
  queues.database ??= new QueueDatabase({
    path: ':memory:',
    now_ms: () => queues.now_ms(),
    newId: () => queues.newId(),
  });
  queues.now_ms = now_ms;
  queues.newId = newId;
  queues.database.run('DELETE FROM messages');
  return queues.database;
}
