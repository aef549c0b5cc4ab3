import { expect, test } from 'vitest';
import type { BronzeError } from './failure.ts';
import { deriveId } from './load-id.ts';
import { loadIdSchema } from './entity.ts';
import { decodeExtractRequest, decodeWriteMessage } from './messages.ts';

const MESSAGE_ID = '0b0b0b0b-0000-8000-8000-000000000000';
const invalid = expect.objectContaining({ code: 'MESSAGE_INVALID', kind: 'permanent' }) as BronzeError;

test('a hand-made {"entity":"orders"} is enough: the message id is the load id', () => {
  expect(decodeExtractRequest('{"entity":"orders"}', MESSAGE_ID)).toEqual({ entity: 'orders', load_id: MESSAGE_ID });
});

test('a whole request', () => {
  const load_id = deriveId('load');
  const body = {
    entity: 'orders',
    load_id,
    load_type: 'full',
    run_id: deriveId('run'),
    target: '2024-01-15T00:00:00Z',
  };
  expect(decodeExtractRequest(JSON.stringify(body), MESSAGE_ID)).toEqual({
    ...body,
    target: '2024-01-15T00:00:00.000000Z',
  });
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
  '{"entity":"orders","load_type":"FULL"}',
  '{"entity":"orders","load_id":"../x"}',
  '{"entity":"orders","target":"soon"}',
  `{"entity":"orders","run_id":"${'a'.repeat(5000)}"}`,
])('refused: %j', (body) => {
  expect(() => decodeExtractRequest(body.slice(0, 6000), MESSAGE_ID)).toThrow(invalid);
});

test.each([
  '{"entity":"orders"}',
  '{"entity":"orders","load_id":"x","slice":0,"task":0}',
  `{"entity":"orders","load_id":"${MESSAGE_ID}","slice":-1,"task":0}`,
  `{"entity":"orders","load_id":"${MESSAGE_ID}","slice":0.5,"task":0}`,
])('no write message: %j', (body) => {
  expect(() => decodeWriteMessage(body)).toThrow(invalid);
});

test('derived ids are UUIDs that depend on every name', () => {
  const ids = [deriveId('a', 'b'), deriveId('ab'), deriveId('a', 'b', ''), deriveId()];
  expect(new Set(ids).size).toBe(4);
  for (const id of ids) expect(loadIdSchema.safeParse(id).success).toBe(true);
  expect(deriveId('a', 'b')).toBe(ids[0]);
});
