import { randomUUID } from 'node:crypto';
import { DatabaseSync, type SQLInputValue, type StatementSync } from 'node:sqlite';
import type { Failure } from '../../words/failure.ts';
import type { TaskQueue } from '../../ports/queue.ts';
import { onDisk } from './on-disk.ts';
import { createPrivately } from './private-files.ts';

/** A message as a consumer gets it. */
export interface Received {
  readonly message_id: string;
  readonly body: string;
  /** 1 for the first delivery. */
  readonly receive_count: number;
}

export interface SendOptions {
  readonly delay_ms?: number;
  readonly group_id?: string;
}

export interface DeadMessage {
  readonly message_id: string;
  readonly body: string;
  readonly failure: Failure;
}

export interface QueueCounts {
  readonly visible: number;
  /** Received or delayed, so that nobody can receive them now. */
  readonly hidden: number;
}

export interface QueueDatabaseOptions {
  /** File of the queues, or `:memory:` for queues that end with this process. */
  readonly path: string;
  readonly now_ms: () => number;
  readonly newId: () => string;
}

/** Several queues in one SQLite file: messages that a killed process received become visible to the next one. */
export class QueueDatabase {
  readonly #database: DatabaseSync;
  readonly #statements = new Map<string, StatementSync>();
  readonly options: QueueDatabaseOptions;

  constructor(options: QueueDatabaseOptions) {
    this.options = options;
    this.#database = onDisk(options.path, () => open(options.path));
  }

  /** Makes the messages visible at once that were received by processes of this machine that no longer run. */
  releaseFromDead(): void {
    const receivers = this.all('SELECT DISTINCT receiver FROM messages WHERE receiver IS NOT NULL');
    for (const { receiver } of receivers) {
      if (isAlive(String(receiver))) continue;
      this.run('UPDATE messages SET visible_at_ms = 0, receiver = NULL WHERE receiver = ?', String(receiver));
    }
  }

  all(sql: string, ...values: SQLInputValue[]): Record<string, unknown>[] {
    return onDisk(this.options.path, () => this.#statement(sql).all(...values));
  }

  /** @returns how many rows it changed */
  run(sql: string, ...values: SQLInputValue[]): number {
    return onDisk(this.options.path, () => Number(this.#statement(sql).run(...values).changes));
  }

  #statement(sql: string): StatementSync {
    const known = this.#statements.get(sql) ?? this.#database.prepare(sql);
    this.#statements.set(sql, known);
    return known;
  }

  close(): void {
    this.#database.close();
  }
}

function open(path: string): DatabaseSync {
  if (path !== ':memory:') createPrivately(path);
  const database = new DatabaseSync(path, { timeout: 30_000 });
  database.exec(`
    PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL;
    CREATE TABLE IF NOT EXISTS messages (
      message_id TEXT PRIMARY KEY, queue TEXT NOT NULL, body TEXT NOT NULL,
      visible_at_ms INTEGER NOT NULL, receive_count INTEGER NOT NULL DEFAULT 0,
      receiver TEXT, failure TEXT, sent_at_ms INTEGER, group_id TEXT);
    CREATE INDEX IF NOT EXISTS by_queue ON messages (queue, visible_at_ms);`);
  return database;
}

/**
 * One queue that behaves like SQS: at least once, visibility timeout, delays, receive counts, a dead-letter queue
 * named `{name}-dlq`. Every change is one SQLite statement, so it is atomic across processes too (decision 2).
 */
export class LocalQueue<Message extends object> implements TaskQueue<Message> {
  readonly name: string;
  readonly #database: QueueDatabase;
  /** Ids of messages that this process sent or received and did not finish. Another process may have finished them. */
  readonly #ours = new Set<string>();
  /** How many changes this object made. While it is the same, so is all that only this object changes. */
  changes = 0;

  constructor(database: QueueDatabase, name: string) {
    this.#database = database;
    this.name = name;
  }

  async send(messages: readonly Message[], delay_ms = 0): Promise<void> {
    for (const message of messages) this.#ours.add(this.sendText(JSON.stringify(message), { delay_ms }));
  }

  /** Sends any text, as SQS would. @returns the message's id */
  sendText(body: string, { delay_ms = 0, group_id }: SendOptions): string {
    const { now_ms, newId } = this.#database.options;
    this.changes += 1;
    const id = newId();
    const now = now_ms();
    const sql = `INSERT INTO messages (message_id, queue, body, visible_at_ms, sent_at_ms, group_id)
      VALUES (?, ?, ?, ?, ?, ?)`;
    this.#database.run(sql, id, this.name, body, now + delay_ms, now, group_id ?? null);
    return id;
  }

  /**
   * Returns up to `count_max` visible messages and hides them for `visibility_ms`.
   *
   * @param isWelcome whether a message of this body may be received now; by default each may
   */
  receive(count_max: number, visibility_ms: number, isWelcome?: (body: string) => boolean): Received[] {
    const now = this.#database.options.now_ms();
    this.changes += 1;
    const visible = `SELECT message_id, body, receive_count FROM messages
      WHERE queue = ? AND visible_at_ms <= ? ORDER BY visible_at_ms LIMIT ?`;
    const take = `UPDATE messages SET visible_at_ms = ?, receive_count = receive_count + 1, receiver = ?
      WHERE message_id = ? AND queue = ? AND receive_count = ? AND visible_at_ms <= ?`;
    const received: Received[] = [];
    for (const row of this.#database.all(visible, this.name, now, isWelcome ? NO_LIMIT : count_max)) {
      if (received.length === count_max) break;
      const message_id = String(row['message_id']);
      const body = String(row['body']);
      const before = Number(row['receive_count']);
      if (isWelcome && !isWelcome(body)) continue;
      // Another process may have been faster.
      const taken = this.#database.run(take, now + visibility_ms, RECEIVER, message_id, this.name, before, now);
      if (taken === 0) continue;
      this.#ours.add(message_id);
      received.push({ message_id, body, receive_count: before + 1 });
    }
    return received;
  }

  /** Does nothing when the message is no longer in this queue, but in its dead-letter queue. */
  delete(message_id: string): void {
    this.changes += 1;
    this.#database.run('DELETE FROM messages WHERE message_id = ? AND queue = ?', message_id, this.name);
    this.#ours.delete(message_id);
  }

  /** @param visibility_ms how long the message is hidden from now on; 0 makes it visible at once */
  changeVisibility(message_id: string, visibility_ms: number): void {
    this.changes += 1;
    const visible_at = this.#database.options.now_ms() + visibility_ms;
    this.#database.run('UPDATE messages SET visible_at_ms = ? WHERE message_id = ?', visible_at, message_id);
  }

  /** Gives a message back as if it had not been delivered: the fault was not its own. */
  release(message_id: string): void {
    this.changes += 1;
    const sql = `UPDATE messages SET visible_at_ms = 0, receiver = NULL, receive_count = receive_count - 1
      WHERE message_id = ? AND queue = ?`;
    this.#database.run(sql, message_id, this.name);
  }

  /** Moves the message to the dead-letter queue. @param failure why; it is shown with the message there */
  deadLetter(message_id: string, failure: Failure): void {
    this.changes += 1;
    const sql = 'UPDATE messages SET queue = ?, visible_at_ms = 0, receiver = NULL, failure = ? WHERE message_id = ?';
    this.#database.run(sql, `${this.name}-dlq`, JSON.stringify(failure), message_id);
    this.#ours.delete(message_id);
  }

  /** Whether a message that this process sent or received is still in the queue: a run ends when there is none. */
  hasUnfinished(): boolean {
    if (this.#ours.size === 0) return false;
    const rows = this.#database.all('SELECT message_id FROM messages WHERE queue = ?', this.name);
    return rows.some((row) => this.#ours.has(String(row['message_id'])));
  }

  deadLetters(): DeadMessage[] {
    const sql = 'SELECT message_id, body, failure FROM messages WHERE queue = ?';
    return this.#database.all(sql, `${this.name}-dlq`).map((row) => ({
      message_id: String(row['message_id']),
      body: String(row['body']),
      failure: readFailure(String(row['failure'])),
    }));
  }

  /** Bodies of all messages in the queue, visible or hidden, including those of other processes. */
  bodies(): string[] {
    return this.#database.all('SELECT body FROM messages WHERE queue = ?', this.name).map((row) => String(row['body']));
  }

  forgetDeadLetters(isObsolete: (body: string) => boolean): void {
    for (const { message_id, body } of this.deadLetters())
      if (isObsolete(body)) this.#database.run('DELETE FROM messages WHERE message_id = ?', message_id);
  }

  /** When the next message becomes visible; undefined if the queue is empty. */
  nextVisibleAtMs(): number | undefined {
    const sql = 'SELECT min(visible_at_ms) AS next FROM messages WHERE queue = ?';
    const [row] = this.#database.all(sql, this.name);
    return typeof row?.['next'] === 'number' ? row['next'] : undefined;
  }

  counts(): QueueCounts {
    const sql = 'SELECT visible_at_ms <= ? AS visible FROM messages WHERE queue = ?';
    const rows = this.#database.all(sql, this.#database.options.now_ms(), this.name);
    const visible = rows.filter((row) => row['visible'] === 1).length;
    return { visible, hidden: rows.length - visible };
  }
}

/** As SQLite's LIMIT takes it. */
const NO_LIMIT = -1;

/** Identifies this process. Its id alone would not do: in a new container every process may be number 1. */
const RECEIVER = `${process.pid} ${randomUUID()}`;
const OWN_PID = RECEIVER.slice(0, RECEIVER.indexOf(' '));

function isAlive(receiver: string): boolean {
  if (receiver === RECEIVER) return true;
  const pid = receiver.slice(0, receiver.indexOf(' '));
  if (pid === OWN_PID) return false;
  try {
    process.kill(Number(pid), 0);
    return true;
  } catch (thrown) {
    // A process of another user can't be signalled, but it is alive.
    return thrown instanceof Error && Reflect.get(thrown, 'code') === 'EPERM';
  }
}

/** Earlier versions wrote the kind `transient` as `temporary`. */
function readFailure(text: string): Failure {
  return JSON.parse(text.replace('"kind":"temporary"', '"kind":"transient"')) as Failure;
}
