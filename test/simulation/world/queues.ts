import { QueueDatabase } from '@bronze/common/adapters/local/local-queue';

/** One for all worlds of a thread, since opening one takes longer than emptying it. */
const queues: { database: QueueDatabase | undefined; now_ms: () => number; newId: () => string } = {
  database: undefined,
  now_ms: () => 0,
  newId: () => '',
};

/** Queues without messages. Those of the world before are gone. */
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
