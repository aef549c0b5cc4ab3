import { cpSync, mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { LocalQueue, QueueDatabase } from './local-queue.ts';
import { readQueues } from './queue-reader.ts';
import { isRunning, RunLock } from './run-lock.ts';

const FAILURE = { code: 'SOURCE_TIMEOUT', kind: 'transient', message: 'why', hint: 'wait' } as const;

function newFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'bronze-queues-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  return folder;
}

/** A run with a message in its queue and one in the dead-letter queue. */
async function newRun(folder: string) {
  const lock = RunLock.take(join(folder, 'runs'));
  let ids = 0;
  const options = { path: join(folder, 'queues.sqlite'), now_ms: () => 7, newId: () => `m${++ids}` };
  const database = new QueueDatabase(options);
  const queue = new LocalQueue<{ readonly n: number }>(database, 'extract', lock.run_id);
  await queue.send([{ n: 1 }, { n: 2 }]);
  queue.deadLetter('m2', FAILURE);
  const sent = { sent_at_ms: 7, receive_count: 0 };
  const expected = [
    {
      message_id: 'm1',
      queue: 'extract',
      body: '{"n":1}',
      owner: lock.run_id,
      failure: undefined,
      failed_at_ms: undefined,
      ...sent,
    },
    {
      message_id: 'm2',
      queue: 'extract-dlq',
      body: '{"n":2}',
      owner: null,
      failure: FAILURE,
      failed_at_ms: 7,
      ...sent,
    },
  ];
  return { lock, database, expected };
}

/** All names and when each changed, except the index of a log, in which SQLite's readers note how far they read. */
const treeOf = (folder: string) =>
  readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .toSorted()
    .map((path) => (path.endsWith('-shm') ? path : `${path} ${statSync(join(folder, path)).mtimeMs}`));

/** What is read of a folder, where nothing may change. */
function read(folder: string) {
  const before = treeOf(folder);
  const messages = readQueues(join(folder, 'queues.sqlite'));
  const running = messages.map(({ owner }) => isRunning(join(folder, 'runs'), owner ?? ''));
  expect(treeOf(folder)).toEqual(before);
  return { messages, running };
}

test('queues are read without changing their folder: during a run, after it was killed, and after it has ended', async () => {
  const folder = newFolder();
  expect(read(folder)).toEqual({ messages: [], running: [] });
  const { lock, database, expected } = await newRun(folder);
  expect(read(folder)).toEqual({ messages: expected, running: [true, false] });
  // What a killed run leaves: a copy of its files, on which nobody has a lock.
  const killed = join(newFolder(), 'killed');
  cpSync(folder, killed, { recursive: true });
  expect(read(killed)).toEqual({ messages: expected, running: [false, false] });
  database.close();
  expect(readdirSync(folder)).toEqual(['queues.sqlite', 'runs']);
  expect(read(folder)).toEqual({ messages: expected, running: [true, false] });
  lock.release();
  expect(read(folder)).toEqual({ messages: expected, running: [false, false] });
});

test('a file that is no database fails with the machine’s own words or as it is', () => {
  const folder = newFolder();
  cpSync(import.meta.filename, join(folder, 'queues.sqlite'));
  expect(() => readQueues(join(folder, 'queues.sqlite'))).toThrow('file is not a database');
});
