import { DatabaseSync } from 'node:sqlite';
import type { Failure } from '../../words/failure.ts';
import { isBusy } from './on-disk.ts';
import { createPrivately } from './private-files.ts';

/** Longer than any statement takes here. */
const BUSY_MS = 30_000;
const TRY_AGAIN_AFTER_MS = 5;

/** Opens the file of the queues, or `:memory:`, with its table as this version wants it. */
export function openQueues(path: string): DatabaseSync {
  if (path !== ':memory:') createPrivately(path);
  const database = new DatabaseSync(path, { timeout: BUSY_MS });
  waitingForOthers(() => database.exec('PRAGMA journal_mode = WAL'));
  database.exec(`
    PRAGMA synchronous = NORMAL;
    CREATE TABLE IF NOT EXISTS messages (
      message_id TEXT PRIMARY KEY, queue TEXT NOT NULL, body TEXT NOT NULL,
      visible_at_ms INTEGER NOT NULL, receive_count INTEGER NOT NULL DEFAULT 0,
      owner TEXT, failure TEXT, sent_at_ms INTEGER, group_id TEXT);
    CREATE INDEX IF NOT EXISTS by_queue ON messages (queue, visible_at_ms);`);
  migrate(database);
  database.exec('CREATE INDEX IF NOT EXISTS by_owner ON messages (queue, owner)');
  return database;
}

/**
 * Where two processes open a new file at once, SQLite refuses one of them to change the journal mode without waiting:
 * waiting could be a deadlock (its documentation of `sqlite3_busy_handler`).
 */
function waitingForOthers(act: () => void): void {
  const until = performance.now() + BUSY_MS;
  for (;;) {
    try {
      return act();
    } catch (thrown) {
      if (!isBusy(thrown) || performance.now() > until) throw thrown;
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, TRY_AGAIN_AFTER_MS);
    }
  }
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

/** Earlier versions wrote the kind `transient` as `temporary`. */
export function readFailure(text: string): Failure {
  return JSON.parse(text.replace('"kind":"temporary"', '"kind":"transient"')) as Failure;
}
