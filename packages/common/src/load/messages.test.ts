import { expect, test } from 'vitest';
import * as z from 'zod/mini';
import type { BronzeError } from '../words/failure.ts';
import { deriveId } from '@bronze/planner/load-id';
import {
  decodeExtractRequest,
  decodeWriteMessage,
  entityIn,
  MESSAGE_BYTES_MAX,
  waitingRequestSchema,
} from './messages.ts';

const MESSAGE_ID = '0b0b0b0b-0000-8000-8000-000000000000';
const invalid = expect.objectContaining({ code: 'MESSAGE_INVALID', kind: 'permanent' }) as BronzeError;

test('a hand-made {"entity":"orders"} is enough, and the message id becomes the load id', () => {
  expect(decodeExtractRequest('{"entity":"orders"}', MESSAGE_ID)).toEqual({ entity: 'orders', load_id: MESSAGE_ID });
});

test('a request with every field is decoded', () => {
  const load_id = deriveId('load');
  const body = {
    entity: 'orders',
    load_id,
    load_type: 'full',
    run_id: deriveId('run'),
    target: '2024-01-15T00:00:00Z',
    slice: 0,
  };
  expect(decodeExtractRequest(JSON.stringify(body), MESSAGE_ID)).toEqual({
    ...body,
    target: '2024-01-15T00:00:00.000000Z',
  });
});

test('a backfill is asked for with its window, and nothing else', () => {
  const decoded = (backfill: object) =>
    decodeExtractRequest(JSON.stringify({ entity: 'orders', backfill }), MESSAGE_ID).backfill;
  expect(decoded({ from: '2024-01-01', to: '2024-02-01T02:00+02' })).toEqual({
    from: '2024-01-01T00:00:00.000000Z',
    to: '2024-02-01T00:00:00.000000Z',
  });
  for (const wrong of [
    { from: '2024-01-01' },
    { from: 'January', to: '2024-02-01' },
    { from: '2024-01-01', to: '2024-02-01', by: 'day' },
  ])
    expect(() => decoded(wrong)).toThrow(invalid);
});

test.each([
  '',
  'orders',
  '[]',
  '{}',
  '{"entity":"../../etc"}',
  '{"entity":"Orders"}',
  '{"entity":"orders; DROP TABLE orders"}',
  '{"entity":"orders","sql":"SELECT 1"}',
  '{"entity":"orders","load_type":"all"}',
  '{"entity":"orders","load_id":"../x"}',
  '{"entity":"orders","target":"soon"}',
  '{"entity":"orders","slice":-1}',
  '{"entity":"orders","slice":0.5}',
  '{"entity":"orders","slice":"1"}',
  `{"entity":"orders","run_id":"${'a'.repeat(5000)}"}`,
])('the request %j is refused', (body) => {
  expect(() => decodeExtractRequest(body.slice(0, 6000), MESSAGE_ID)).toThrow(invalid);
});

test.each(['FULL', 'Full', 'full'])('a hand-made request may write its load type as %s', (load_type) => {
  const body = JSON.stringify({ entity: 'orders', load_type });
  expect(decodeExtractRequest(body, MESSAGE_ID)).toEqual({ entity: 'orders', load_type: 'full', load_id: MESSAGE_ID });
});

test('a refusal names each wrong path and says what to send instead', () => {
  expect(() => decodeExtractRequest('{"entity":"Orders","load_type":"all"}', MESSAGE_ID)).toThrow(
    expect.objectContaining({
      message: expect.stringMatching(/^the message: entity: .+; load_type: /) as string,
      hint: expect.stringContaining('{"entity":"<name>"}') as string,
    }) as Error,
  );
  expect(() => decodeWriteMessage('orders')).toThrow('the message is not JSON');
});

test('a body that is too long is refused for its length before it is parsed', () => {
  const padded = (bytes: number) => '{"entity":"orders"}'.padEnd(bytes);
  expect(decodeExtractRequest(padded(MESSAGE_BYTES_MAX), MESSAGE_ID).entity).toBe('orders');
  expect(() => decodeExtractRequest(padded(MESSAGE_BYTES_MAX + 1), MESSAGE_ID)).toThrow(
    expect.objectContaining({
      code: 'MESSAGE_INVALID',
      message: 'the message has 4097 bytes, and Bronze sends none of more than 4096',
      hint: expect.stringContaining('{"entity":"<name>"}') as string,
    }) as Error,
  );
  expect(() => decodeWriteMessage('ü'.repeat(3000))).toThrow('the message has 6000 bytes');
});

test('a waiting request must have a load id, and no fields that a message can’t have', () => {
  const load_id = deriveId('load');
  const request = { entity: 'orders', load_id, load_type: 'full', target: '2024-01-15' };
  expect(z.parse(waitingRequestSchema, request)).toEqual({ ...request, target: '2024-01-15T00:00:00.000000Z' });
  expect(z.safeParse(waitingRequestSchema, { entity: 'orders' }).success).toBe(false);
  expect(z.safeParse(waitingRequestSchema, { ...request, sql: 'SELECT 1' }).success).toBe(false);
});

test('a write message names its task, counted from 0, and nothing else', () => {
  const message = { entity: 'orders', load_id: MESSAGE_ID, slice: 0, task: 0 };
  expect(decodeWriteMessage(JSON.stringify(message))).toEqual(message);
  expect(() => decodeWriteMessage(JSON.stringify({ ...message, rows: 1 }))).toThrow(invalid);
});

test.each([
  ['{"entity":"orders"}', 'orders'],
  ['{ "load_type": "FULL", "entity" :  "order_items2" }', 'order_items2'],
  ['{"entity"\n:\t"orders","slice":', 'orders'],
  [`{"entity":"${'a'.repeat(63)}"}`, 'a'.repeat(63)],
  [`{"entity":"${'a'.repeat(64)}"}`, '(unknown)'],
  ['{"entity":""}', '(unknown)'],
  ['{"entity":"../../etc"}', '(unknown)'],
  ['{"entity":7}', '(unknown)'],
  ['orders', '(unknown)'],
])('the entity of %j is %s, even if the rest can’t be read', (body, entity) => {
  expect(entityIn(body)).toBe(entity);
});

test.each([
  '{"entity":"orders"}',
  '{"entity":"orders","load_id":"x","slice":0,"task":0}',
  `{"entity":"orders","load_id":"${MESSAGE_ID}","slice":-1,"task":0}`,
  `{"entity":"orders","load_id":"${MESSAGE_ID}","slice":0.5,"task":0}`,
])('%j is not a write message', (body) => {
  expect(() => decodeWriteMessage(body)).toThrow(invalid);
});
