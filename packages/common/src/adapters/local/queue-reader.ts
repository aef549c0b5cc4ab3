import { existsSync, statSync } from 'node:fs';
import { pathToFileURL } from 'node:url';
import { DatabaseSync } from 'node:sqlite';
import { type Failure, machineError } from '../../words/failure.ts';
import { readFailure } from './queue-file.ts';

/** A message in a queue or, with its failure, in a dead-letter queue. */
export interface QueuedMessage {
  readonly message_id: string;
  /** `extract`, `write`, `extract-dlq`, `write-dlq`. */
  readonly queue: string;
  readonly body: string;
  /** The run that the message belongs to. Null: nobody, or written by a version in which messages had no owner. */
  readonly owner: string | null;
  readonly failure: Failure | undefined;
  /** When it came into the dead-letter queue. Undefined: it is in none, or came there by earlier code. */
  readonly failed_at_ms: number | undefined;
  readonly sent_at_ms: number | undefined;
  readonly receive_count: number;
}

/**
 * Every message in a file of queues; none if it does not exist. Nothing is created or changed, so the folder may be
 * read-only. @throws BronzeError for what the machine refuses
 */
export function readQueues(path: string): QueuedMessage[] {
  try {
    // Unlike existsSync, it throws where nobody may look.
    if (statSync(path, { throwIfNoEntry: false }) === undefined) return [];
    return rowsOf(path).map((row) => ({
      message_id: String(row['message_id']),
      queue: String(row['queue']),
      body: String(row['body']),
      owner: typeof row['owner'] === 'string' ? row['owner'] : null,
      failure: typeof row['failure'] === 'string' ? readFailure(row['failure']) : undefined,
      failed_at_ms: typeof row['failure'] === 'string' ? Number(row['visible_at_ms']) || undefined : undefined,
      sent_at_ms: Number(row['sent_at_ms']) || undefined,
      receive_count: Number(row['receive_count']),
    }));
  } catch (thrown) {
    throw machineError(thrown, path) ?? thrown;
  }
}

/**
 * Even a reader creates files next to a database with a write-ahead log (https://www.sqlite.org/wal.html#readonly). Where
 * there is no log, nobody has the file open, and it can be read as one that never changes. Somebody may open it meanwhile.
 */
function rowsOf(path: string): Record<string, unknown>[] {
  if (existsSync(`${path}-wal`)) return allIn(path);
  try {
    return allIn(new URL('?immutable=1', pathToFileURL(path)));
  } catch (thrown) {
    if (existsSync(`${path}-wal`)) return allIn(path);
    throw thrown;
  }
}

function allIn(path: string | URL): Record<string, unknown>[] {
  const database = new DatabaseSync(path, { readOnly: true, timeout: BUSY_MS });
  try {
    return database.prepare('SELECT * FROM messages').all();
  } finally {
    database.close();
  }
}

const BUSY_MS = 30_000;
