import { expect, test } from 'vitest';
import { loadIdSchema } from '@bronze/common/words/entity';
import { deriveId } from './load-id.ts';

test('derived ids are UUIDs that depend on every name', () => {
  const ids = [deriveId('a', 'b'), deriveId('ab'), deriveId('a', 'b', ''), deriveId()];
  expect(new Set(ids).size).toBe(4);
  for (const id of ids) expect(loadIdSchema.safeParse(id).success).toBe(true);
  expect(deriveId('a', 'b')).toBe(ids[0]);
});

test('derived ids have version 8 and RFC 9562’s variant, and use the variant’s free bits', () => {
  const ids = Array.from({ length: 200 }, (_, n) => deriveId('orders', String(n)));
  expect(new Set(ids.map((id) => id.charAt(14)))).toEqual(new Set(['8']));
  expect(new Set(ids.map((id) => id.charAt(19)))).toEqual(new Set(['8', '9', 'a', 'b']));
});

test('derived ids never change: a load planned before a deployment is the same load after it', () => {
  expect(deriveId('2024-01-15T00:00:00.000000Z', 'orders', 'incremental')).toBe('b0fbc12c-0b64-8b55-b9a8-804c69e840d3');
});
