import type { Failure } from '@bronze/common/words/failure';
import { expect, test } from 'vitest';
import { causesOf, describeCause, type FailedEntity } from './causes.ts';

const failed = (entity: string, source: string, message: string, more: Partial<Failure> = {}): FailedEntity => ({
  entity,
  source,
  failure: { code: 'SOURCE_UNREACHABLE', kind: 'transient', message, hint: 'Is it running?', ...more },
});

const tables = Array.from({ length: 60 }, (_, index) => `table_${index}`);

test('a dead database is one cause, whatever number of tables it has, and another source is another', () => {
  const dead = tables.map((name) => failed(name, 'shop', 'connecting to shop: connect ECONNREFUSED'));
  const causes = causesOf([...dead, failed('leads', 'crm', 'connecting to crm: connect ECONNREFUSED')]);
  expect(causes.map(({ source, entities }) => [source, entities.length])).toEqual([
    ['shop', 60],
    ['crm', 1],
  ]);
  expect(causes.flatMap((cause) => describeCause(cause, Infinity))).toEqual([
    '60 entities of shop failed: SOURCE_UNREACHABLE',
    '  connecting to shop: connect ECONNREFUSED',
    '  What to do: Is it running?',
    `  They are ${tables.join(', ')}`,
    'leads failed: SOURCE_UNREACHABLE',
    '  connecting to crm: connect ECONNREFUSED',
    '  What to do: Is it running?',
  ]);
});

test('a list of names is broken where the terminal ends', () => {
  const names = ['a', 'b', 'c', 'd', 'e', 'f'].map((name) => failed(`table_${name}`, 'shop', 'm'));
  const lines = causesOf(names).flatMap((cause) => describeCause(cause, 30));
  expect(lines.slice(3)).toEqual(['  They are table_a, table_b,', '  table_c, table_d, table_e,', '  table_f']);
});

test('texts that differ in the name of their entity are one cause; an entity alone keeps its name', () => {
  const lost = (entity: string) => failed(entity, 'shop', `reading ${entity}: terminating connection`);
  const causes = causesOf([
    lost('orders'),
    failed('payments', 'api', 'the API of payments answers 500'),
    lost('items'),
  ]);
  expect(causes.map(({ entities, failure }) => [entities, failure.message])).toEqual([
    [['orders', 'items'], 'reading …: terminating connection'],
    [['payments'], 'the API of payments answers 500'],
  ]);
});

test('an entity with the name of a word in the text belongs to the others', () => {
  const message = 'connecting to shop: password authentication failed for user "ro"';
  expect(causesOf([failed('user', 'shop', message), failed('orders', 'shop', message)])).toEqual([
    { source: 'shop', entities: ['user', 'orders'], failure: failed('', '', message).failure },
  ]);
});

test('another code or another hint is another cause', () => {
  const message = 'the same';
  const others = [{ code: 'SOURCE_TIMEOUT' as const }, { hint: 'Another.' }, {}];
  expect(causesOf(others.map((more, index) => failed(`t${index}`, 'shop', message, more)))).toHaveLength(3);
});
