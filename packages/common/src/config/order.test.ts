import { describe, expect, test } from 'vitest';
import { circleFrom, dependenciesAmong, groupsOfWaves, type Outcome, readinessOf } from './order.ts';

const AFTER: Readonly<Record<string, readonly string[]>> = {
  items: ['orders', 'products'],
  orders: ['customers'],
  refunds: ['payments'],
};
const among = (...entities: string[]) => dependenciesAmong(entities, (entity) => AFTER[entity] ?? []);
const ALL = ['items', 'orders', 'customers', 'products', 'stock', 'payments', 'refunds'];

describe('waves', () => {
  test('an entity is in the first wave behind all that it is loaded after, in a group with nothing else', () => {
    expect(groupsOfWaves(among(...ALL))).toEqual([
      [['customers', 'products'], ['orders'], ['items']],
      [['stock']],
      [['payments'], ['refunds']],
    ]);
  });

  test('what a run leaves out holds up nothing', () => {
    expect(groupsOfWaves(among('items', 'customers', 'refunds'))).toEqual([
      [['items']],
      [['customers']],
      [['refunds']],
    ]);
  });

  test('a circle is found from each entity in it, and from no other', () => {
    const circle = new Map([
      ['a', ['b']],
      ['b', ['c', 'd']],
      ['c', []],
      ['d', ['a']],
      ['outside', ['a']],
    ]);
    expect(circleFrom('a', circle)).toEqual(['a', 'b', 'd', 'a']);
    expect(circleFrom('c', circle)).toBeUndefined();
    expect(circleFrom('outside', circle)).toBeUndefined();
    expect(() => groupsOfWaves(circle)).toThrow('a circle: a → b → d → a');
  });
});

describe('readiness', () => {
  const readiness = (entity: string, outcomes: Readonly<Record<string, Outcome>>) =>
    readinessOf(entity, among(...ALL), (other) => outcomes[other] ?? 'open');

  test('a request is ready once all before it have completed', () => {
    expect(readiness('customers', {})).toEqual({ kind: 'ready' });
    expect(readiness('items', { customers: 'completed', products: 'completed' })).toEqual({
      kind: 'waiting',
      for: 'orders',
    });
    expect(readiness('items', { orders: 'completed', products: 'completed' })).toEqual({ kind: 'ready' });
  });

  test('it is skipped once one of them failed, or was skipped itself', () => {
    expect(readiness('items', { products: 'failed' })).toEqual({ kind: 'skipped', because: 'products' });
    expect(readiness('items', { customers: 'failed' })).toEqual({ kind: 'skipped', because: 'orders' });
    expect(readiness('refunds', { customers: 'failed' })).toEqual({ kind: 'waiting', for: 'payments' });
  });
});
