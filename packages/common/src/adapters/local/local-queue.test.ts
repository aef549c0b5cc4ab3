import { spawnSync } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { mkdtempSync, readdirSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { expect, onTestFinished, test } from 'vitest';
import { LocalQueue, QueueDatabase } from './local-queue.ts';
import { RunLock } from './run-lock.ts';

const FAILURE = { code: 'SOURCE_TIMEOUT', kind: 'transient', message: 'why', hint: 'wait' } as const;

function newFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'bronze-queue-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  return folder;
}

interface Message {
  readonly n: number;
}

/** A run with its queue in the folder. */
function newRun(folder: string) {
  const lock = RunLock.take(join(folder, 'runs'));
  const database = new QueueDatabase({ path: join(folder, 'queues.sqlite'), now_ms: Date.now, newId: randomUUID });
  const queue = new LocalQueue<Message>(database, 'extract', lock.run_id);
  const end = () => {
    database.close();
    lock.release();
  };
  const left = () => queue.left((owner) => lock.isOver(owner));
  return { lock, queue, end, left };
}

/** Runs code as the body of a run in another process, which then kills itself. */
function killedRun(folder: string, body: string): void {
  const file = (name: string) => JSON.stringify(join(import.meta.dirname, name));
  const script = `
    import { LocalQueue, QueueDatabase } from ${file('local-queue.ts')};
    import { RunLock } from ${file('run-lock.ts')};
    const folder = ${JSON.stringify(folder)};
    const lock = RunLock.take(folder + '/runs');
    const options = { path: folder + '/queues.sqlite', now_ms: Date.now, newId: () => crypto.randomUUID() };
    const queue = new LocalQueue(new QueueDatabase(options), 'extract', lock.run_id);
    ${body}
    process.kill(process.pid, 'SIGKILL');`;
  expect(spawnSync(process.execPath, ['--input-type=module', '-e', script]).signal).toBe('SIGKILL');
}

test('two runs on one folder receive their own messages only, and end when those are done', async () => {
  const folder = newFolder();
  const [a, b] = [newRun(folder), newRun(folder)];
  await a.queue.send([{ n: 1 }]);
  expect([a.queue.hasUnfinished(), b.queue.hasUnfinished()]).toEqual([true, false]);
  expect(b.queue.receive(10, 1000)).toEqual([]);
  expect(b.left()).toEqual([]);
  expect(a.queue.receive(10, 1000)).toMatchObject([{ body: '{"n":1}', receive_count: 1 }]);
  a.end();
  b.end();
});

test('a run can send to another one, which alone receives it and waits for it', () => {
  const folder = newFolder();
  const [a, b] = [newRun(folder), newRun(folder)];
  a.queue.sendText('{"n":1}', { owner: b.lock.run_id });
  expect([a.queue.hasUnfinished(), b.queue.hasUnfinished(), a.left()]).toEqual([false, true, []]);
  expect([a.queue.receive(10, 1000), b.queue.receive(10, 1000)]).toMatchObject([[], [{ body: '{"n":1}' }]]);
  a.end();
  b.end();
});

test('what a run leaves when it ends can be taken over once, or dropped', async () => {
  const folder = newFolder();
  const [a, b, c] = [newRun(folder), newRun(folder), newRun(folder)];
  await a.queue.send([{ n: 1 }, { n: 2 }]);
  a.queue.receive(1, 3_600_000);
  a.end();
  const [first, second] = b.left();
  expect(c.left()).toHaveLength(2);
  if (!first || !second) throw new RangeError('nothing was left');
  b.queue.takeOver(first);
  c.queue.takeOver(first);
  b.queue.drop(second);
  expect([b.left(), c.left(), c.queue.receive(10, 1)]).toEqual([[], [], []]);
  expect(b.queue.receive(10, 1000)).toMatchObject([{ message_id: first.message_id }]);
  b.end();
  c.end();
});

test('messages of a killed process outlive it, and its lock shows that it is over', async () => {
  const folder = newFolder();
  killedRun(folder, 'await queue.send([{ n: 1 }, { n: 2 }]); queue.receive(1, 3_600_000);');
  const run = newRun(folder);
  expect(readdirSync(join(folder, 'runs'))).toHaveLength(2);
  expect(run.queue.receive(10, 1000)).toEqual([]);
  for (const message of run.left()) run.queue.takeOver(message);
  const counts = run.queue.receive(10, 1000).map(({ receive_count }) => receive_count);
  expect(counts.toSorted()).toEqual([1, 2]);
  expect(readdirSync(join(folder, 'runs'))).toEqual([run.lock.run_id]);
  run.end();
  expect(readdirSync(join(folder, 'runs'))).toEqual([]);
});

test('a dead letter is nobody’s, and nobody takes it over', async () => {
  const folder = newFolder();
  const [a, b] = [newRun(folder), newRun(folder)];
  await a.queue.send([{ n: 1 }]);
  for (const { message_id } of a.queue.receive(1, 1000)) a.queue.deadLetter(message_id, FAILURE);
  a.end();
  expect(b.left()).toEqual([]);
  expect(b.queue.deadLetters()).toMatchObject([{ body: '{"n":1}', failure: FAILURE }]);
  b.end();
});

test('old locks of killed runs are removed, young ones and held ones are not', () => {
  const folder = newFolder();
  const run = newRun(folder);
  const [old, young] = [randomUUID(), randomUUID()];
  for (const name of [old, young]) writeFileSync(join(folder, 'runs', name), '');
  const at = Date.now() / 1000 - 7200;
  for (const name of [old, run.lock.run_id]) utimesSync(join(folder, 'runs', name), at, at);
  const next = newRun(folder);
  expect(readdirSync(join(folder, 'runs')).toSorted()).toEqual([young, run.lock.run_id, next.lock.run_id].toSorted());
  expect([next.lock.isOver(run.lock.run_id), next.lock.isOver('17 not-a-run'), next.lock.isOver('../queues')]).toEqual([
    false,
    true,
    true,
  ]);
  run.end();
  next.end();
});

test('messages in the file of an earlier version are kept, waiting and received ones alike', () => {
  const folder = newFolder();
  const earlier = new DatabaseSync(join(folder, 'queues.sqlite'));
  earlier.exec(`CREATE TABLE messages (
      message_id TEXT PRIMARY KEY, queue TEXT NOT NULL, body TEXT NOT NULL,
      visible_at_ms INTEGER NOT NULL, receive_count INTEGER NOT NULL DEFAULT 0,
      receiver TEXT, failure TEXT, sent_at_ms INTEGER, group_id TEXT);
    CREATE INDEX by_queue ON messages (queue, visible_at_ms);
    INSERT INTO messages VALUES ('a', 'extract', '{"n":1}', 0, 0, NULL, NULL, 0, NULL),
      ('b', 'extract', '{"n":2}', 9e15, 1, '4711 6a0c2d3e-0000-8000-8000-000000000000', NULL, 0, NULL)`);
  earlier.close();
  const run = newRun(folder);
  expect(run.left().map(({ body }) => body)).toEqual(['{"n":1}', '{"n":2}']);
  for (const message of run.left()) run.queue.takeOver(message);
  expect(run.queue.receive(10, 1000).map(({ receive_count }) => receive_count)).toEqual([1, 2]);
  run.end();
});
