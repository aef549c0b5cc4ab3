import type { DatabaseSync, SQLInputValue, StatementSync } from 'node:sqlite';
import type { Failure } from '../../words/failure.ts';
import type { TaskQueue } from '../../ports/queue.ts';
import { onDisk } from './on-disk.ts';
import { openQueues, readFailure } from './queue-file.ts';

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
  /** The run that alone receives the message. Default: the queue's owner. */
  readonly owner?: string | null;
}

export interface DeadMessage {
  readonly message_id: string;
  readonly body: string;
  readonly failure: Failure;
}

/** A message whose run is over: nothing receives it any more. */
export interface LeftMessage {
  readonly message_id: string;
  readonly body: string;
  /** Null: written by a version in which messages had no owner. */
  readonly owner: string | null;
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

/** Several queues in one SQLite file. What a killed process left in them stays for the next one. */
export class QueueDatabase {
  readonly #database: DatabaseSync;
  readonly #statements = new Map<string, StatementSync>();
  readonly options: QueueDatabaseOptions;

  constructor(options: QueueDatabaseOptions) {
    this.options = options;
    this.#database = onDisk(options.path, () => openQueues(options.path));
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

/**
 * One queue that behaves like SQS: at least once, visibility timeout, delays, receive counts, a dead-letter queue
 * named `{name}-dlq`. Every change is one SQLite statement, so it is atomic across processes too (decision 2).
 *
 * With an owner, what is sent belongs to that run and only its own messages are received: another run may lack what they
 * need (decision 36). Without one, as in the SQS endpoint, everybody receives everything.
 */
export class LocalQueue<Message extends object> implements TaskQueue<Message> {
  readonly name: string;
  readonly #database: QueueDatabase;
  readonly #owner: string | null;
  /** How many changes this object made. While it is the same, so is all that only this object changes. */
  changes = 0;

  constructor(database: QueueDatabase, name: string, owner: string | null = null) {
    this.#database = database;
    this.name = name;
    this.#owner = owner;
  }

  async send(messages: readonly Message[], delay_ms = 0): Promise<void> {
    for (const message of messages) this.sendText(JSON.stringify(message), { delay_ms });
  }

  /** Sends any text, as SQS would. @returns the message's id */
  sendText(body: string, { delay_ms = 0, group_id, owner = this.#owner }: SendOptions): string {
    const { now_ms, newId } = this.#database.options;
    this.changes += 1;
    const id = newId();
    const now = now_ms();
    const sql = `INSERT INTO messages (message_id, queue, body, visible_at_ms, sent_at_ms, group_id, owner)
      VALUES (?, ?, ?, ?, ?, ?, ?)`;
    this.#database.run(sql, id, this.name, body, now + delay_ms, now, group_id ?? null, owner);
    return id;
  }

  /**
   * Returns up to `count_max` visible messages of its owner and hides them for `visibility_ms`.
   *
   * @param isWelcome whether a message of this body may be received now; by default each may
   */
  receive(count_max: number, visibility_ms: number, isWelcome?: (body: string) => boolean): Received[] {
    const now = this.#database.options.now_ms();
    this.changes += 1;
    const visible = `SELECT message_id, body, receive_count FROM messages
      WHERE queue = ? AND visible_at_ms <= ? AND (? IS NULL OR owner = ?) ORDER BY visible_at_ms LIMIT ?`;
    const take = `UPDATE messages SET visible_at_ms = ?, receive_count = receive_count + 1
      WHERE message_id = ? AND queue = ? AND receive_count = ? AND visible_at_ms <= ?`;
    // Negative: no limit.
    const limit = isWelcome ? -1 : count_max;
    const received: Received[] = [];
    for (const row of this.#database.all(visible, this.name, now, this.#owner, this.#owner, limit)) {
      if (received.length === count_max) break;
      const message_id = String(row['message_id']);
      const body = String(row['body']);
      const before = Number(row['receive_count']);
      if (isWelcome && !isWelcome(body)) continue;
      // Another process may have been faster.
      const taken = this.#database.run(take, now + visibility_ms, message_id, this.name, before, now);
      if (taken > 0) received.push({ message_id, body, receive_count: before + 1 });
    }
    return received;
  }

  /** Does nothing when the message is no longer in this queue, but in its dead-letter queue. */
  delete(message_id: string): void {
    this.changes += 1;
    this.#database.run('DELETE FROM messages WHERE message_id = ? AND queue = ?', message_id, this.name);
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
    const sql = `UPDATE messages SET visible_at_ms = 0, receive_count = receive_count - 1
      WHERE message_id = ? AND queue = ?`;
    this.#database.run(sql, message_id, this.name);
  }

  /** Moves the message to the dead-letter queue. @param failure why; it is shown with the message there */
  deadLetter(message_id: string, failure: Failure): void {
    this.changes += 1;
    const sql = 'UPDATE messages SET queue = ?, visible_at_ms = ?, owner = NULL, failure = ? WHERE message_id = ?';
    this.#database.run(sql, `${this.name}-dlq`, this.#database.options.now_ms(), JSON.stringify(failure), message_id);
  }

  /** Whether a message of its owner is still in the queue, waiting or received: a run ends when there is none. */
  hasUnfinished(): boolean {
    const sql = 'SELECT 1 FROM messages WHERE queue = ? AND owner IS ? LIMIT 1';
    return this.#database.all(sql, this.name, this.#owner).length > 0;
  }

  /** The messages, visible or not, of owners that are over, and those without an owner. */
  left(isOver: (owner: string) => boolean): LeftMessage[] {
    const owners = this.#database.all('SELECT DISTINCT owner FROM messages WHERE queue = ?', this.name);
    const gone = owners.filter(({ owner }) => owner === null || isOver(String(owner)));
    const sql = 'SELECT message_id, body FROM messages WHERE queue = ? AND owner IS ?';
    return gone.flatMap(({ owner: of }) => {
      const owner = of === null ? null : String(of);
      const rows = this.#database.all(sql, this.name, owner);
      return rows.map((row) => ({ message_id: String(row['message_id']), body: String(row['body']), owner }));
    });
  }

  /** Makes a message that was left this owner's, with this body and visible at once, unless another run was faster. */
  takeOver({ message_id, owner, body }: LeftMessage): void {
    this.changes += 1;
    const sql = `UPDATE messages SET owner = ?, body = ?, visible_at_ms = 0
      WHERE message_id = ? AND queue = ? AND owner IS ?`;
    this.#database.run(sql, this.#owner, body, message_id, this.name, owner);
  }

  /** Deletes a message that was left, unless another run took it over. */
  drop({ message_id, owner }: LeftMessage): void {
    this.changes += 1;
    const sql = 'DELETE FROM messages WHERE message_id = ? AND queue = ? AND owner IS ?';
    this.#database.run(sql, message_id, this.name, owner);
  }

  deadLetters(): DeadMessage[] {
    const sql = 'SELECT message_id, body, failure FROM messages WHERE queue = ?';
    return this.#database.all(sql, `${this.name}-dlq`).map((row) => ({
      message_id: String(row['message_id']),
      body: String(row['body']),
      failure: readFailure(String(row['failure'])),
    }));
  }

  /** Sends a dead letter back, for any run, as a new message with a new id. @returns whether it was there, as below */
  redrive(message_id: string): boolean {
    this.changes += 1;
    const sql = `UPDATE messages SET message_id = ?, queue = ?, visible_at_ms = 0, receive_count = 0, owner = NULL,
      failure = NULL WHERE message_id = ? AND queue = ?`;
    return this.#database.run(sql, this.#database.options.newId(), this.name, message_id, `${this.name}-dlq`) > 0;
  }

  dropDeadLetter(message_id: string): boolean {
    const sql = 'DELETE FROM messages WHERE message_id = ? AND queue = ?';
    return this.#database.run(sql, message_id, `${this.name}-dlq`) > 0;
  }

  /** Bodies of all messages in the queue, visible or hidden, of all runs or of one. */
  bodies(owner: string | null = null): string[] {
    const sql = 'SELECT body FROM messages WHERE queue = ? AND (? IS NULL OR owner = ?)';
    return this.#database.all(sql, this.name, owner, owner).map((row) => String(row['body']));
  }

  forgetDeadLetters(isObsolete: (body: string) => boolean): void {
    for (const { message_id, body } of this.deadLetters()) if (isObsolete(body)) this.dropDeadLetter(message_id);
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
