import { describe, expect, test } from 'vitest';
import { type ConfigInput, defineConfig, entityOf, isTable } from './config.ts';
import { editDistance } from './mistakes.ts';
import type { BronzeError } from '../words/failure.ts';
import { cursorColumns } from './postgres.ts';
import { env, resolve } from './reference.ts';

const shop: ConfigInput['sources'] = { shop: { type: 'postgres', url: env('DATABASE_URL') } };

function mistakesOf(input: unknown): string {
  try {
    defineConfig(input as ConfigInput);
  } catch (thrown) {
    return `${(thrown as BronzeError).code}: ${(thrown as BronzeError).message}`;
  }
  throw new Error('it was accepted');
}

test('defaults: by updated_at, no event date, enabled', () => {
  const config = defineConfig({ sources: shop, entities: { orders: { source: 'shop', table: 'public.orders' } } });
  expect(entityOf(config, 'orders')).toMatchObject({
    name: 'orders',
    cursor: 'updated_at',
    event_date: null,
    enabled: true,
  });
});

test('a cursor is a column, several, or none; nothing else', () => {
  const cursorOf = (cursor: unknown) => {
    const config = defineConfig({
      sources: shop,
      entities: { orders: { source: 'shop', table: 'public.orders', cursor } },
    } as ConfigInput);
    const entity = entityOf(config, 'orders');
    return isTable(entity) ? cursorColumns(entity) : undefined;
  };
  expect([cursorOf('a'), cursorOf(['a', 'b']), cursorOf(null)]).toEqual([['a'], ['a', 'b'], []]);
  for (const cursor of [[], [''], 7, ['a', null]]) expect(() => cursorOf(cursor)).toThrow(/entities\.orders\.cursor/);
});

test('what defineConfig gave is accepted again', () => {
  const config = defineConfig({ sources: shop, entities: { orders: { source: 'shop', table: 'public.orders' } } });
  expect(defineConfig(config)).toEqual(config);
});

describe('mistakes', () => {
  test('all are reported at once, each with its path, its value and a suggestion', () => {
    const said = mistakesOf({
      sources: { shop: { type: 'postgres', url: env('DATABASE_URL'), margin_second: 5 } },
      entities: {
        orders: { source: 'shop', table: 'orders', curser: 'changed_at', batch_rows: 0 },
        'Order Items': { source: 'shop', table: 'public.order_items' },
      },
      entites: {},
    });
    expect(
      said
        .split('\n')
        .slice(1)
        .map((line) => line.trim())
        .toSorted(),
    ).toEqual([
      '- entites = {}: no such key; did you mean "entities"?',
      '- entities.Order Items = {"source":"shop","table":"public.order_i…: Invalid key in record',
      '- entities.orders.batch_rows = 0: Too small: expected number to be >=1',
      '- entities.orders.curser = "changed_at": no such key; did you mean "cursor"?',
      '- entities.orders.table = "orders": expected schema.table, such as "public.orders"',
      '- sources.shop.margin_second = 5: no such key; did you mean "margin_seconds"?',
    ]);
  });

  test('a source that is not there', () => {
    expect(mistakesOf({ sources: shop, entities: { orders: { source: 'shopp', table: 'a.b' } } })).toContain(
      'entities.orders.source = "shopp": no such source; did you mean "shop"?',
    );
  });

  test('a connection URL is never shown', () => {
    expect(
      mistakesOf({
        sources: { shop: { type: 'postgres', url: env('X'), uri: 'postgresql://u:canary@h/d' } },
        entities: {},
      }),
    ).not.toContain('canary');
  });

  test.each(['../x', 'a'.repeat(64), '1a', 'A', 'a-b', 'a=b', ''])('no entity may be called %j', (name) => {
    expect(
      mistakesOf({
        sources: shop,
        entities: JSON.parse(`{${JSON.stringify(name)}: {"source": "shop", "table": "a.b"}}`) as object,
      }),
    ).toContain(name.slice(0, 10));
  });

  test('edit distance', () => {
    expect([editDistance('curser', 'cursor'), editDistance('', 'ab'), editDistance('kitten', 'sitting')]).toEqual([
      1, 2, 3,
    ]);
  });
});

describe('references', () => {
  test('are resolved when used, from the environment of that moment', () => {
    expect(resolve(env('DATABASE_URL'), { DATABASE_URL: 'x' })).toBe('x');
    expect(resolve('plain', {})).toBe('plain');
  });

  test.each([undefined, ''])('one that is %j is named, and no value is', (value) => {
    expect(() => resolve(env('DATABASE_URL'), { DATABASE_URL: value, OTHER: 'canary' })).toThrow(
      /DATABASE_URL is not set/,
    );
  });
});

test('an entity that is not configured is named with those that are', () => {
  const config = defineConfig({ sources: shop, entities: { orders: { source: 'shop', table: 'a.b' } } });
  for (const name of ['ordres', '__proto__', 'constructor']) {
    expect(() => entityOf(config, name)).toThrow(
      expect.objectContaining({
        code: 'ENTITY_UNKNOWN',
        hint: expect.stringContaining('orders') as string,
      }) as BronzeError,
    );
  }
});
