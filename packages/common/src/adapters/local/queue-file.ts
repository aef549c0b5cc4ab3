import { DatabaseSync } from 'node:sqlite';
import { createPrivately } from './private-files.ts';

/** Opens the file of the queues, or `:memory:`, with its table as this version wants it. */
export function openQueues(path: string): DatabaseSync {
  if (path !== ':memory:') createPrivately(path);
  const database = new DatabaseSync(path, { timeout: 30_000 });
  database.exec(`
    PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL;
    CREATE TABLE IF NOT EXISTS messages (
      message_id TEXT PRIMARY KEY, queue TEXT NOT NULL, body TEXT NOT NULL,
      visible_at_ms INTEGER NOT NULL, receive_count INTEGER NOT NULL DEFAULT 0,
      owner TEXT, failure TEXT, sent_at_ms INTEGER, group_id TEXT);
    CREATE INDEX IF NOT EXISTS by_queue ON messages (queue, visible_at_ms);`);
  migrate(database);
  database.exec('CREATE INDEX IF NOT EXISTS by_owner ON messages (queue, owner)');
  return database;
}

/** Earlier versions named the process that had received a message, and nobody for one that waited. */
function migrate(database: DatabaseSync): void {
  const isOld = () =>
    database
      .prepare('PRAGMA table_info(messages)')
      .all()
      .some(({ name }) => name === 'receiver');
  if (!isOld()) return;
  database.exec('BEGIN IMMEDIATE');
  if (isOld()) database.exec('ALTER TABLE messages RENAME COLUMN receiver TO owner');
  database.exec('COMMIT');
}
