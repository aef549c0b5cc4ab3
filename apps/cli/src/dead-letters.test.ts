import { expect, test } from 'vitest';
import { deadLetterBlocks } from './dead-letters.ts';

const GONE = {
  code: 'SOURCE_UNREACHABLE',
  kind: 'transient',
  message: 'connecting to shop: no',
  hint: 'Is it up?',
} as const;
const DENIED = { ...GONE, code: 'SOURCE_DENIED', message: 'permission denied' } as const;
const AT_MS = Date.UTC(2026, 10, 27, 17, 40, 11);
const letter = (entity: string, minutes_ago: number | undefined, failure: typeof GONE | typeof DENIED = GONE) => ({
  message_id: '',
  entity,
  failure,
  failed_at_ms: minutes_ago === undefined ? undefined : AT_MS - minutes_ago * 60_000,
});

test('of each entity the newest failure is described, once for each cause, with its time and how many were before', () => {
  const letters = [
    letter('orders', 1),
    letter('stock', 0),
    letter('leads', 2, DENIED),
    letter('orders', 60, DENIED),
    letter('orders', 90),
    letter('stock', undefined, DENIED),
  ];
  const blocks = deadLetterBlocks(letters, (entity) => (entity === 'leads' ? 'crm' : 'shop'), Infinity);
  expect(blocks).toEqual([
    'orders, stock failed: SOURCE_UNREACHABLE\n  at 2026-11-27T17:40:11Z, after 3 earlier failures\n  connecting to shop: no\n  What to do: Is it up?',
    'leads failed: SOURCE_DENIED\n  at 2026-11-27T17:38:11Z\n  permission denied\n  What to do: Is it up?',
  ]);
});

test('what is not known is not said: the time of dead letters of earlier code, and the source without a configuration', () => {
  const letters = ['a', 'b', 'c', 'd', 'e', 'f'].map((name) => letter(name, undefined));
  const [block = ''] = deadLetterBlocks(letters, () => undefined, Infinity);
  expect(block.split('\n').slice(0, 2)).toEqual(['6 entities failed: SOURCE_UNREACHABLE', '  connecting to shop: no']);
});
