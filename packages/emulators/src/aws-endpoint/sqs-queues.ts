import { createHash } from 'node:crypto';
import { LocalQueue, type QueueDatabase } from '@bronze/common/adapters/local/local-queue';
import { AwsRefusal } from './protocol.ts';
import type { MessageAttributes } from './sqs-input.ts';

/** As in SQS, all values are text. */
export type QueueAttributes = Readonly<Record<string, string>>;

/** A message as ReceiveMessage answers it, so in SQS's spelling. */
export interface SqsMessage {
  readonly MessageId: string;
  readonly ReceiptHandle: string;
  readonly Body: string;
  readonly MD5OfBody: string;
  readonly Attributes: Readonly<Record<string, string>>;
  readonly MessageAttributes: MessageAttributes;
}

export interface SentMessage {
  readonly delay_seconds: number | undefined;
  readonly group_id: string | undefined;
  readonly attributes: MessageAttributes | undefined;
}

const DEFAULTS: QueueAttributes = {
  VisibilityTimeout: '30',
  DelaySeconds: '0',
  ReceiveMessageWaitTimeSeconds: '0',
  MaximumMessageSize: String(1024 * 1024),
};

/** Standard queues with their attributes, in the database that holds their messages. */
export class SqsQueues {
  readonly #database: QueueDatabase;

  constructor(database: QueueDatabase) {
    this.#database = database;
    database.run('CREATE TABLE IF NOT EXISTS sqs_queues (name TEXT PRIMARY KEY, attributes TEXT NOT NULL)');
    database.run('CREATE TABLE IF NOT EXISTS sqs_messages (message_id TEXT PRIMARY KEY, attributes TEXT NOT NULL)');
    database.run('CREATE TABLE IF NOT EXISTS sqs_received (message_id TEXT PRIMARY KEY, first_ms INTEGER NOT NULL)');
  }

  create(name: string, attributes: QueueAttributes): void {
    if (!/^[A-Za-z0-9_-]{1,80}$/.test(name)) throw new AwsRefusal(400, 'InvalidParameterValue', 'QueueName');
    const known = this.#attributesOf(name);
    if (known && Object.entries(attributes).some(([key, value]) => known[key] !== value)) {
      throw new AwsRefusal(400, 'QueueNameExists');
    }
    if (!known) this.#save(name, { ...DEFAULTS, ...attributes });
  }

  change(name: string, attributes: QueueAttributes): void {
    this.#save(name, { ...this.open(name).attributes, ...attributes });
  }

  open(name: string): SqsQueue {
    const attributes = this.#attributesOf(name);
    if (!attributes) throw new AwsRefusal(400, 'QueueDoesNotExist');
    return new SqsQueue(this.#database, name, attributes);
  }

  names(prefix: string): string[] {
    const names = this.#database.all('SELECT name FROM sqs_queues ORDER BY name').map((row) => String(row['name']));
    return names.filter((name) => name.startsWith(prefix));
  }

  delete(name: string): void {
    this.open(name).purge();
    this.#database.run('DELETE FROM sqs_queues WHERE name = ?', name);
  }

  #attributesOf(name: string): QueueAttributes | undefined {
    const [row] = this.#database.all('SELECT attributes FROM sqs_queues WHERE name = ?', name);
    return row && (JSON.parse(String(row['attributes'])) as QueueAttributes);
  }

  #save(name: string, attributes: QueueAttributes): void {
    this.#database.run('INSERT OR REPLACE INTO sqs_queues VALUES (?, ?)', name, JSON.stringify(attributes));
  }
}

export class SqsQueue {
  readonly attributes: QueueAttributes;
  readonly #name: string;
  readonly #database: QueueDatabase;
  readonly #queue: LocalQueue<never>;

  constructor(database: QueueDatabase, name: string, attributes: QueueAttributes) {
    this.#database = database;
    this.#name = name;
    this.attributes = attributes;
    this.#queue = new LocalQueue(database, name);
  }

  send(body: string, { delay_seconds, group_id, attributes }: SentMessage): string {
    const delay_ms = 1000 * (delay_seconds ?? this.#number('DelaySeconds'));
    const id = this.#queue.sendText(body, group_id === undefined ? { delay_ms } : { delay_ms, group_id });
    if (attributes) this.#database.run('INSERT INTO sqs_messages VALUES (?, ?)', id, JSON.stringify(attributes));
    return id;
  }

  /** In random order, because SQS guarantees none: a consumer that relies on the order fails here. */
  receive(count_max: number, visibility_seconds: number | undefined): SqsMessage[] {
    this.#moveDead();
    const visibility_ms = 1000 * (visibility_seconds ?? this.#number('VisibilityTimeout'));
    const received = this.#queue.receive(count_max, visibility_ms).map((message) => ({ message, at: Math.random() }));
    return received.toSorted((a, b) => a.at - b.at).map(({ message }) => this.#delivered(message.message_id));
  }

  get wait_seconds(): number {
    return this.#number('ReceiveMessageWaitTimeSeconds');
  }

  /** Only the handle of the latest delivery deletes; an older one is accepted but does nothing, as in SQS. */
  delete(handle: string): void {
    const held = this.#held(handle);
    if (!held) return;
    this.#queue.delete(held.message_id);
    this.#database.run('DELETE FROM sqs_received WHERE message_id = ?', held.message_id);
  }

  changeVisibility(handle: string, seconds: number): void {
    const held = this.#held(handle);
    if (!held?.is_hidden) throw new AwsRefusal(400, 'MessageNotInflight');
    this.#queue.changeVisibility(held.message_id, seconds * 1000);
  }

  purge(): void {
    this.#database.run('DELETE FROM messages WHERE queue = ?', this.#name);
  }

  counts(): { visible: number; in_flight: number; delayed: number } {
    const sql = 'SELECT visible_at_ms <= ? AS visible, receive_count FROM messages WHERE queue = ?';
    const rows = this.#database.all(sql, this.#database.options.now_ms(), this.#name);
    const hidden = rows.filter((row) => row['visible'] === 0);
    const delayed = hidden.filter((row) => row['receive_count'] === 0).length;
    return { visible: rows.length - hidden.length, in_flight: hidden.length - delayed, delayed };
  }

  #number(attribute: string): number {
    return Number(this.attributes[attribute] ?? 0);
  }

  /**
   * Once they are visible again, moves messages that have been received `maxReceiveCount` times to the dead-letter
   * queue. They keep their id and the time they were sent.
   */
  #moveDead(): void {
    const policy = this.attributes['RedrivePolicy'];
    if (policy === undefined || policy === '') return;
    const { deadLetterTargetArn, maxReceiveCount } = JSON.parse(policy) as Record<string, string | number>;
    const target = String(deadLetterTargetArn).split(':').at(-1) ?? '';
    const sql = `UPDATE messages SET queue = ?, receive_count = 0
      WHERE queue = ? AND visible_at_ms <= ? AND receive_count >= ?`;
    this.#database.run(sql, target, this.#name, this.#database.options.now_ms(), Number(maxReceiveCount));
  }

  #delivered(message_id: string): SqsMessage {
    const [row = {}] = this.#database.all('SELECT * FROM messages WHERE message_id = ?', message_id);
    const body = String(row['body']);
    const group_id = row['group_id'];
    const [sent] = this.#database.all('SELECT attributes FROM sqs_messages WHERE message_id = ?', message_id);
    return {
      MessageId: message_id,
      ReceiptHandle: Buffer.from(`${message_id} ${String(row['receive_count'])}`).toString('base64url'),
      Body: body,
      MD5OfBody: md5Of(body),
      Attributes: {
        SenderId: 'local',
        SentTimestamp: String(row['sent_at_ms'] ?? 0),
        ApproximateReceiveCount: String(row['receive_count']),
        ApproximateFirstReceiveTimestamp: String(this.#firstReceived(message_id)),
        ...(typeof group_id === 'string' ? { MessageGroupId: group_id } : {}),
      },
      MessageAttributes: sent ? (JSON.parse(String(sent['attributes'])) as MessageAttributes) : {},
    };
  }

  #firstReceived(message_id: string): number {
    const { now_ms } = this.#database.options;
    this.#database.run('INSERT OR IGNORE INTO sqs_received VALUES (?, ?)', message_id, now_ms());
    const [row] = this.#database.all('SELECT first_ms FROM sqs_received WHERE message_id = ?', message_id);
    return Number(row?.['first_ms']);
  }

  #held(handle: string): { message_id: string; is_hidden: boolean } | undefined {
    const [message_id = '', receive_count] = Buffer.from(handle, 'base64url').toString().split(' ');
    if (receive_count === undefined) throw new AwsRefusal(400, 'ReceiptHandleIsInvalid');
    const sql = 'SELECT visible_at_ms FROM messages WHERE message_id = ? AND queue = ? AND receive_count = ?';
    const [row] = this.#database.all(sql, message_id, this.#name, Number(receive_count));
    return row && { message_id, is_hidden: Number(row['visible_at_ms']) > this.#database.options.now_ms() };
  }
}

export function md5Of(body: string): string {
  return createHash('md5').update(body).digest('hex');
}
