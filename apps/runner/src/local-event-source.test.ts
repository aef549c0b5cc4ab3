import { setTimeout } from 'node:timers/promises';
import { BronzeError } from '@bronze/common/words/failure';
import { describe, expect, onTestFinished, test, vi } from 'vitest';
import { LocalEventSource, type LocalEventSourceOptions } from './local-event-source.ts';
import { LocalQueue, QueueDatabase } from '@bronze/common/adapters/local/local-queue';

const FAILURE = { code: 'SOURCE_TIMEOUT', kind: 'transient', message: 'why', hint: 'wait' } as const;

interface Message {
  readonly n: number;
}

function newQueue() {
  const clock = { ms: 0 };
  let ids = 0;
  const database = new QueueDatabase({ path: ':memory:', now_ms: () => clock.ms, newId: () => `m${++ids}` });
  return { clock, database, queue: new LocalQueue<Message>(database, 'extract') };
}

describe('a queue', () => {
  test('hides a received message for its visibility timeout, then delivers and counts it again', async () => {
    const { clock, queue } = newQueue();
    await queue.send([{ n: 1 }]);
    expect(queue.receive(10, 1000)).toMatchObject([{ body: '{"n":1}', receive_count: 1 }]);
    expect(queue.receive(10, 1000)).toEqual([]);
    expect(queue.counts()).toEqual({ visible: 0, hidden: 1 });
    clock.ms = 1000;
    expect(queue.receive(10, 1000)).toMatchObject([{ receive_count: 2 }]);
  });

  test('can delay a message, change its visibility and delete it', async () => {
    const { clock, queue } = newQueue();
    await queue.send([{ n: 1 }], 500);
    expect(queue.receive(1, 1000)).toEqual([]);
    clock.ms = 500;
    const [message] = queue.receive(1, 1000);
    queue.changeVisibility(message?.message_id ?? '', 0);
    expect(queue.receive(1, 1000)).toHaveLength(1);
    expect(queue.hasUnfinished()).toBe(true);
    queue.delete(message?.message_id ?? '');
    expect([queue.hasUnfinished(), queue.counts()]).toEqual([false, { visible: 0, hidden: 0 }]);
  });

  test('keeps dead letters apart, with their failure', async () => {
    const { queue } = newQueue();
    await queue.send([{ n: 1 }, { n: 2 }]);
    for (const { message_id } of queue.receive(2, 1)) queue.deadLetter(message_id, FAILURE);
    expect(queue.receive(2, 1)).toEqual([]);
    expect(queue.deadLetters()).toMatchObject([{ body: '{"n":1}', failure: FAILURE }, { body: '{"n":2}' }]);
    queue.forgetDeadLetters((body) => body.includes('1'));
    expect(queue.deadLetters()).toHaveLength(1);
  });

  test('does not see the messages of another queue in the same file', async () => {
    const { database, queue } = newQueue();
    await queue.send([{ n: 1 }]);
    expect(new LocalQueue(database, 'write').receive(1, 1)).toEqual([]);
  });

  test('reads a dead letter as transient that was written when such failures were called temporary', () => {
    const database = new QueueDatabase({ path: ':memory:', now_ms: () => 0, newId: () => 'one' });
    const queue = new LocalQueue<Message>(database, 'extract');
    queue.sendText('{}', {});
    queue.deadLetter('one', { ...FAILURE, kind: 'temporary' } as unknown as typeof FAILURE);
    expect(queue.deadLetters()).toEqual([{ message_id: 'one', body: '{}', failure: FAILURE }]);
    database.close();
  });
});

describe('an event source', () => {
  function newSource(handle: LocalEventSourceOptions['handle'], options: Partial<LocalEventSourceOptions> = {}) {
    const database = new QueueDatabase({ path: ':memory:', now_ms: Date.now, newId: () => crypto.randomUUID() });
    const queue = new LocalQueue<Message>(database, 'extract');
    const source = new LocalEventSource({
      queue,
      concurrency: 2,
      visibility_ms: 60_000,
      handle,
      ...options,
    });
    const drain = async () => {
      const stop = new AbortController();
      const running = source.run(stop.signal);
      await expect.poll(() => source.isDrained, { interval: 1, timeout: 5000 }).toBe(true);
      stop.abort();
      await running;
    };
    return { queue, source, drain };
  }

  test('handles each message once, no more than its concurrency at a time', async () => {
    let now = 0;
    let most = 0;
    const handled: string[] = [];
    const { queue, drain } = newSource(async (message) => {
      most = Math.max(most, ++now);
      await new Promise((resolve) => setImmediate(resolve));
      handled.push(message.body);
      now -= 1;
    });
    await queue.send(Array.from({ length: 10 }, (_, n) => ({ n })));
    await drain();
    expect([handled.length, new Set(handled).size, most]).toEqual([10, 10, 2]);
  });

  test('delivers a failing message when it was given back for, and again; no other waits for it', async () => {
    const { queue, drain } = newSource(async ({ message_id, body, receive_count }) => {
      deliveries.push(`${body} ${receive_count}`);
      if (!body.includes('13') || receive_count === 5) return;
      queue.changeVisibility(message_id, 1);
      throw new BronzeError('SOURCE_TIMEOUT', { message: 'slow', hint: 'wait' });
    });
    const deliveries: string[] = [];
    await queue.send([{ n: 13 }, { n: 1 }, { n: 2 }]);
    await drain();
    expect(deliveries.filter((one) => one.includes('13'))).toEqual([1, 2, 3, 4, 5].map((n) => `{"n":13} ${n}`));
    expect(deliveries.filter((one) => !one.includes('13'))).toEqual(['{"n":1} 1', '{"n":2} 1']);
    expect(queue.counts()).toEqual({ visible: 0, hidden: 0 });
  });

  test('delivers others while one only waits', async () => {
    const { promise: isOver, resolve: end } = Promise.withResolvers<void>();
    const handled: string[] = [];
    const { queue, drain } = newSource(
      async ({ body }, { waits }) => {
        if (body === '{"n":0}') {
          waits(true);
          await isOver;
          waits(false);
        }
        handled.push(body);
        if (handled.length === 3) end();
      },
      { concurrency: 1 },
    );
    await queue.send([0, 1, 2, 3].map((n) => ({ n })));
    await drain();
    expect(handled.indexOf('{"n":0}')).toBe(3);
  });

  test('lets others pass those whose lane is full, and keeps their order', async () => {
    let most = 0;
    const inLane = new Set<string>();
    const handled: string[] = [];
    const isEven = (body: string) => /[02468]\}$/.test(body);
    const { queue, drain } = newSource(
      async ({ body }) => {
        if (isEven(body)) inLane.add(body);
        most = Math.max(most, inLane.size);
        // The first in the lane stays until all that may pass have passed.
        while (isEven(body) && handled.filter((one) => !isEven(one)).length < 4) await setTimeout(1);
        inLane.delete(body);
        handled.push(body);
      },
      { laneOf: (body) => (isEven(body) ? { name: 'even', concurrency: 1 } : undefined) },
    );
    await queue.send([0, 2, 4, 6, 1, 3, 5, 7].map((n) => ({ n })));
    await drain();
    expect(most).toBe(1);
    expect(handled).toEqual([1, 3, 5, 7, 0, 2, 4, 6].map((n) => `{"n":${n}}`));
  });

  test('hides a message for as long as it runs, however short the visibility timeout', async () => {
    const { clock, queue } = newQueue();
    vi.spyOn(performance, 'now').mockImplementation(() => clock.ms);
    onTestFinished(() => void vi.restoreAllMocks());
    const hidden = vi.spyOn(queue, 'changeVisibility');
    const stop = new AbortController();
    let deliveries = 0;
    const handle = async () => {
      deliveries += 1;
      for (let times = 1; times <= 5; times += 1) {
        clock.ms += 30_000;
        while (hidden.mock.calls.length < times) await setTimeout(1);
      }
      stop.abort();
    };
    const source = new LocalEventSource({ queue, concurrency: 2, visibility_ms: 60_000, handle });
    await queue.send([{ n: 1 }]);
    await source.run(stop.signal);
    expect([deliveries, queue.counts()]).toEqual([1, { visible: 0, hidden: 0 }]);
  });

  test('gives back as not delivered what a stop interrupts', async () => {
    const stop = new AbortController();
    const { queue, source } = newSource(async () => {
      stop.abort();
      throw new BronzeError('SOURCE_TIMEOUT', { message: 'why', hint: 'what' });
    });
    await queue.send([{ n: 1 }]);
    await source.run(stop.signal);
    expect(queue.receive(2, 1)).toMatchObject([{ body: '{"n":1}', receive_count: 1 }]);
  });

  test('leaves a message in the dead-letter queue that its handler has sent there', async () => {
    const { queue, drain } = newSource(async ({ message_id }) => queue.deadLetter(message_id, FAILURE));
    await queue.send([{ n: 1 }]);
    await drain();
    expect(queue.deadLetters()).toMatchObject([{ body: '{"n":1}', failure: FAILURE }]);
  });

  test('ends with what the machine refuses, and gives the message back as if it had not been delivered', async () => {
    const full = Object.assign(new Error('ENOSPC: no space left on device'), { code: 'ENOSPC', syscall: 'write' });
    const { queue, source } = newSource(() => Promise.reject(full));
    await queue.send([{ n: 1 }]);
    await expect(source.run(new AbortController().signal)).rejects.toBe(full);
    expect(queue.receive(1, 1)).toMatchObject([{ body: '{"n":1}', receive_count: 1 }]);
  });

  test('ends if the machine refuses to write into the queue', async () => {
    const { queue, source } = newSource(async () => undefined);
    const full = Object.assign(new Error('database or disk is full'), { code: 'ERR_SQLITE_ERROR', errcode: 13 });
    queue.delete = () => {
      throw full;
    };
    await queue.send([{ n: 1 }]);
    await expect(source.run(new AbortController().signal)).rejects.toBe(full);
  });
});
