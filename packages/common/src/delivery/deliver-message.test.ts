import { MemoryObjectStore } from '@bronze/emulators/memory-object-store';
import { describe, expect, test } from 'vitest';
import { deliverMessage, type DeliveryPorts } from './deliver-message.ts';
import type { Log, PipelineEvent } from '../load/events.ts';
import { BronzeError } from '../words/failure.ts';
import { timestamp } from '../words/timestamp.ts';

function world() {
  const objects = new MemoryObjectStore();
  const dead: string[] = [];
  const given_back_ms: number[] = [];
  const events: PipelineEvent[] = [];
  const ports: DeliveryPorts = {
    objects,
    clock: { now: () => timestamp('2024-01-15T10:32:00Z'), sleep: async () => undefined },
    log: { event: (event) => void events.push(event) },
    retryInMs: ({ receive_count }) => (receive_count < 5 ? receive_count * 1000 : undefined),
    giveBack: async (_, retry_in_ms) => void given_back_ms.push(retry_in_ms),
    sendToDeadLetterQueue: async ({ body }) => void dead.push(body),
  };
  const records = async () => {
    const keys = await objects.list('logs/pipeline/ingestion/failures/');
    const texts = await Promise.all(
      keys.map(async (key) => Buffer.from((await objects.get(key))?.body ?? []).toString()),
    );
    return texts.map((text) => JSON.parse(text) as object);
  };
  return { ports, dead, given_back_ms, events, records };
}

const message = (receive_count = 1) => ({ message_id: 'm-1', body: '{"entity":"orders"}', receive_count });
const failing = (code: 'TABLE_MISSING' | 'SOURCE_INTERRUPTED') => async () => {
  throw new BronzeError(code, { message: 'what was wrong', hint: 'what to do' });
};

describe('a message', () => {
  test('that succeeds leaves nothing behind', async () => {
    const { ports, dead, events, records } = world();
    await deliverMessage(ports, message(), async () => undefined);
    expect([dead, events, await records()]).toEqual([[], [], []]);
  });

  test('that can never succeed goes to the dead-letter queue at once, with its reason', async () => {
    const { ports, dead, records } = world();
    await deliverMessage(ports, message(), failing('TABLE_MISSING'));
    expect(dead).toEqual(['{"entity":"orders"}']);
    expect(await records()).toEqual([
      {
        version: 1,
        message_id: 'm-1',
        message: '{"entity":"orders"}',
        entity: 'orders',
        receive_count: 1,
        failed_at: '2024-01-15T10:32:00.000000Z',
        code: 'TABLE_MISSING',
        kind: 'permanent',
        reason: 'what was wrong',
        hint: 'what to do',
      },
    ]);
  });

  test('that meets a bug leaves its stack in the record, which the hint names', async () => {
    const { ports, records } = world();
    const handle = async () => {
      throw new RangeError('no such thing');
    };
    await deliverMessage(ports, message(5), handle);
    const [record] = await records();
    expect(record).toMatchObject({ code: 'UNEXPECTED', reason: 'no such thing' });
    expect(Reflect.get(record ?? {}, 'stack')).toMatch(
      /^RangeError: no such thing\n {4}at .*deliver-message\.test\.ts/,
    );
    expect(Reflect.get(record ?? {}, 'hint')).toContain('logs/pipeline/ingestion/failures/');
  });

  test('that may succeed later is given back, and goes to the dead-letter queue with a record once that was in vain', async () => {
    const { ports, dead, given_back_ms, events, records } = world();
    await expect(deliverMessage(ports, message(4), failing('SOURCE_INTERRUPTED'))).rejects.toThrow('what was wrong');
    expect([given_back_ms, dead, await records()]).toEqual([[4000], [], []]);
    await deliverMessage(ports, message(5), failing('SOURCE_INTERRUPTED'));
    expect(await records()).toMatchObject([{ receive_count: 5, code: 'SOURCE_INTERRUPTED' }]);
    expect([given_back_ms, dead]).toEqual([[4000], ['{"entity":"orders"}']]);
    expect(events).toMatchObject([
      { kind: 'message_failed', entity: 'orders', is_dead: false },
      { kind: 'message_failed', entity: 'orders', is_dead: true },
    ]);
  });

  test.each([
    ['a later delivery', 1, 1000],
    ['the last', 5, 60_000],
  ])('that can’t be sent to the dead-letter queue at %s is given back', async (_, receive_count, retry_in_ms) => {
    const { ports, given_back_ms } = world();
    const sendToDeadLetterQueue = async () => {
      throw new BronzeError('QUEUE_UNREACHABLE', { message: 'no answer', hint: 'wait' });
    };
    const delivered = deliverMessage(
      { ...ports, sendToDeadLetterQueue },
      message(receive_count),
      failing('TABLE_MISSING'),
    );
    await expect(delivered).rejects.toThrow('no answer');
    expect(given_back_ms).toEqual([retry_in_ms]);
  });

  test('is given back only after all that this delivery has to write is written', async () => {
    const { ports } = world();
    const done: string[] = [];
    const objects = {
      ...ports.objects,
      putIfAbsent: async () => {
        done.push('put');
        return 'created' as const;
      },
    };
    const giveBack = async () => void done.push('given back');
    const handle = async (log: Log) => {
      log.event({ kind: 'load_claimed', entity: 'orders', load_id: 'l', load_type: 'full' } as PipelineEvent);
      await failing('SOURCE_INTERRUPTED')();
    };
    await expect(deliverMessage({ ...ports, objects, giveBack }, message(), handle)).rejects.toThrow('what was wrong');
    expect(done.at(-1)).toBe('given back');
    expect(done).toContain('put');
  });

  test('that is interrupted by a stop has not failed, and a stop hides nothing else', async () => {
    const { ports, dead, given_back_ms, events, records } = world();
    const stopping = { ...ports, isStopping: () => true };
    await expect(deliverMessage(stopping, message(5), failing('SOURCE_INTERRUPTED'))).rejects.toThrow('what was wrong');
    expect([dead, given_back_ms, events, await records()]).toEqual([[], [], [], []]);
    await deliverMessage(stopping, message(), failing('TABLE_MISSING'));
    expect(events).toMatchObject([{ kind: 'message_failed', failure: { code: 'TABLE_MISSING' } }]);
  });

  test('that meets a bug of ours is delivered again too', async () => {
    const { ports, dead } = world();
    const bug = async () => {
      throw new TypeError('undefined is not a function');
    };
    await expect(deliverMessage(ports, message(), bug)).rejects.toThrow(TypeError);
    expect(dead).toEqual([]);
  });
});
