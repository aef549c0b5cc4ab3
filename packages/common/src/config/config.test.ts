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

test('by default an entity is enabled, has the cursor updated_at and no event date', () => {
  const config = defineConfig({ sources: shop, entities: { orders: { source: 'shop', table: 'public.orders' } } });
  expect(entityOf(config, 'orders')).toMatchObject({
    name: 'orders',
    cursor: 'updated_at',
    event_date: null,
    enabled: true,
  });
});

test('a cursor is one column, several or none, and anything else is refused', () => {
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

test('defineConfig accepts its own result', () => {
  const config = defineConfig({ sources: shop, entities: { orders: { source: 'shop', table: 'public.orders' } } });
  expect(defineConfig(config)).toEqual(config);
});

describe('configuration mistakes', () => {
  test('are all reported at once, each with its path, its value and a suggestion', () => {
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
      '- entities.orders.batch_rows = 0: Too small: expected number to be >=1',
      '- entities.orders.curser = "changed_at": no such key; did you mean "cursor"?',
      '- entities.orders.table = "orders": expected schema.table, such as "public.orders"',
      '- entities: "Order Items" can’t be a name: expected lower case letters, digits and _, starting with a letter; write order_items',
      '- sources.shop.margin_second = 5: no such key; did you mean "margin_seconds"?',
    ]);
  });

  test('include a source that does not exist, with a suggestion', () => {
    expect(mistakesOf({ sources: shop, entities: { orders: { source: 'shopp', table: 'a.b' } } })).toContain(
      'entities.orders.source = "shopp": no such source; did you mean "shop"?',
    );
  });

  test('include entities that are loaded after one that does not exist, or after themselves', () => {
    const table = { source: 'shop', table: 'a.b' };
    const entities = {
      customers: { ...table, after: ['items'] },
      orders: { ...table, after: ['customers', 'custmers'] },
      items: { ...table, after: ['orders'] },
      alone: { ...table, after: ['alone'] },
      behind: { ...table, after: ['alone'] },
    };
    const lines = mistakesOf({ sources: shop, entities }).split('\n').slice(1);
    expect(lines.map((line) => line.trim())).toEqual([
      '- entities.customers.after = ["items"]: a circle, in which none could be the first: customers → items → orders → customers',
      '- entities.orders.after.1 = "custmers": no such entity; did you mean "customers"?',
      '- entities.orders.after = ["customers","custmers"]: a circle, in which none could be the first: orders → customers → items → orders',
      '- entities.items.after = ["orders"]: a circle, in which none could be the first: items → orders → customers → items',
      '- entities.alone.after = ["alone"]: a circle, in which none could be the first: alone → alone',
    ]);
  });

  test('are reported without showing a connection URL', () => {
    expect(
      mistakesOf({
        sources: { shop: { type: 'postgres', url: env('X'), uri: 'postgresql://u:canary@h/d' } },
        entities: {},
      }),
    ).not.toContain('canary');
  });

  test.each(['../x', 'a'.repeat(64), '1a', 'A', 'a-b', 'a=b', ''])('include an entity called %j', (name) => {
    expect(
      mistakesOf({
        sources: shop,
        entities: JSON.parse(`{${JSON.stringify(name)}: {"source": "shop", "table": "a.b"}}`) as object,
      }),
    ).toContain(name.slice(0, 10));
  });

  test.each([
    ['curser', 'cursor', 1],
    ['', 'ab', 2],
    ['kitten', 'sitting', 3],
    ['tabel', 'table', 1],
    ['ab', 'ba', 1],
    ['abc', 'cab', 2],
    ['ca', 'abc', 3],
  ])('are matched to known keys: %j and %j are %i apart, neighbours that swapped places being one', (a, b, apart) => {
    expect(editDistance(a, b)).toBe(apart);
    expect(editDistance(b, a)).toBe(apart);
  });

  test('suggest the key that two swapped letters are of', () => {
    expect(mistakesOf({ sources: shop, entities: { orders: { source: 'shop', tabel: 'a.b' } } })).toContain(
      'tabel = "a.b": no such key; did you mean "table"?',
    );
  });
});

describe('a reference', () => {
  test('is resolved when it is used, from the environment it is given', () => {
    expect(resolve(env('DATABASE_URL'), { DATABASE_URL: 'x' })).toBe('x');
    expect(resolve('plain', {})).toBe('plain');
  });

  test.each([undefined, ''])('to a variable that is %j fails with its name and without any value', (value) => {
    expect(() => resolve(env('DATABASE_URL'), { DATABASE_URL: value, OTHER: 'canary' })).toThrow(
      /DATABASE_URL is not set/,
    );
  });
});

test('an unknown entity is refused with the one that is meant, and the file that was read', () => {
  const config = defineConfig({ sources: shop, entities: { customers: { source: 'shop', table: 'a.b' } } });
  const hintOf = (name: string) => {
    try {
      return entityOf({ ...config, file: 'shop.config.ts' }, name).config_file;
    } catch (thrown) {
      return (thrown as BronzeError).hint;
    }
  };
  expect(hintOf('custmers')).toBe(
    'Did you mean customers? Configured entities: customers. If it was removed from shop.config.ts, its state is kept.',
  );
  expect(hintOf('orders')).not.toContain('Did you mean');
  expect(hintOf('customers')).toBe('shop.config.ts');
});

test('an unknown entity is refused with a list of the configured ones', () => {
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
