import { MemoryObjectStore } from '@bronze/emulators/memory-object-store';
import { describe, expect, test } from 'vitest';
import { deliverMessage } from './deliver-message.ts';
import type { PipelineEvent } from '../load/events.ts';
import { BronzeError } from '../words/failure.ts';
import { timestamp } from '../words/timestamp.ts';

function world() {
  const objects = new MemoryObjectStore();
  const dead: string[] = [];
  const events: PipelineEvent[] = [];
  const ports = {
    objects,
    clock: { now: () => timestamp('2024-01-15T10:32:00Z'), sleep: async () => undefined },
    log: { event: (event: PipelineEvent) => events.push(event) },
    sendToDeadLetterQueue: async ({ body }: { body: string }) => void dead.push(body),
  };
  const records = async () => {
    const keys = await objects.list('logs/pipeline/ingestion/failures/');
    const texts = await Promise.all(
      keys.map(async (key) => Buffer.from((await objects.get(key))?.body ?? []).toString()),
    );
    return texts.map((text) => JSON.parse(text) as object);
  };
  return { ports, dead, events, records };
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
    await expect(deliverMessage(ports, message(5), handle)).rejects.toThrow('no such thing');
    const [record] = await records();
    expect(record).toMatchObject({ code: 'UNEXPECTED', reason: 'no such thing' });
    expect(Reflect.get(record ?? {}, 'stack')).toMatch(
      /^RangeError: no such thing\n {4}at .*deliver-message\.test\.ts/,
    );
    expect(Reflect.get(record ?? {}, 'hint')).toContain('logs/pipeline/ingestion/failures/');
  });

  test('that may succeed later is delivered again, and recorded only after its last delivery', async () => {
    const { ports, dead, events, records } = world();
    await expect(deliverMessage(ports, message(4), failing('SOURCE_INTERRUPTED'))).rejects.toThrow('what was wrong');
    expect(await records()).toEqual([]);
    await expect(deliverMessage(ports, message(5), failing('SOURCE_INTERRUPTED'))).rejects.toThrow('what was wrong');
    expect(await records()).toMatchObject([{ receive_count: 5, code: 'SOURCE_INTERRUPTED' }]);
    expect(dead).toEqual([]);
    expect(events).toMatchObject([
      { kind: 'message_failed', entity: 'orders', is_dead: false },
      { kind: 'message_failed', entity: 'orders', is_dead: true },
    ]);
  });

  test('that is interrupted by a stop has not failed, and a stop hides nothing else', async () => {
    const { ports, dead, events, records } = world();
    const stopping = { ...ports, isStopping: () => true };
    await expect(deliverMessage(stopping, message(5), failing('SOURCE_INTERRUPTED'))).rejects.toThrow('what was wrong');
    expect([dead, events, await records()]).toEqual([[], [], []]);
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
