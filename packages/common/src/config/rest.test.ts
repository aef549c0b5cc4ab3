import { describe, expect, test } from 'vitest';
import { type ConfigInput, defineConfig, entityOf, isEndpoint } from './config.ts';
import { declaredType } from './columns.ts';
import { cursorZone, zoneOf } from './rest.ts';
import { env, resolve } from './reference.ts';

const payments = {
  source: 'payments_api',
  endpoint: '/payments',
  primary_key: ['id'],
  paging: { style: 'none' },
};
const sources = {
  shop: { type: 'postgres', url: env('DATABASE_URL') },
  payments_api: { type: 'rest', base_url: env('PAYMENTS_API_URL') },
};

function mistakesOf(input: unknown): string[] {
  try {
    defineConfig(input as ConfigInput);
  } catch (thrown) {
    return String(thrown).split('\n').slice(1);
  }
  return [];
}

const mistakesIn = (entity: object, source: object = {}) =>
  mistakesOf({
    sources: { ...sources, payments_api: { ...sources.payments_api, ...source } },
    entities: { payments: { ...payments, ...entity } },
  });

test('by default an endpoint has the cursor updated_at, and since as ISO text', () => {
  const config = defineConfig({ sources, entities: { payments } } as ConfigInput);
  expect(entityOf(config, 'payments')).toMatchObject({
    cursor: 'updated_at',
    since: { param: 'since', format: 'iso', overlap_seconds: 1 },
    paging: { style: 'none', whole: false },
    null_cursor: 'include',
  });
  expect(config.sources['payments_api']).toMatchObject({ api_key_header: 'x-api-key', attempts: 5 });
  expect(defineConfig(config as ConfigInput)).toEqual(config);
});

describe('a mistake is reported with its path, its value and a suggestion', () => {
  test.each([
    [{ endpiont: '/x' }, 'entities.payments.endpiont = "/x": no such key; did you mean "endpoint"?'],
    [
      { table: 'public.payments' },
      'entities.payments.table = "public.payments": no such key; expected one of source, endpoint',
    ],
    [{ paging: undefined }, 'entities.payments.paging = nothing: say how the list is divided into pages: { style: '],
    [{ paging: { style: 'pages' } }, 'entities.payments.paging.style = "pages": no such kind; did you mean "page"?'],
    [{ paging: { style: 'page', sise: 5 } }, 'entities.payments.paging.sise = 5: no such key; did you mean "size"?'],
    [{ since: { formt: 'iso' } }, 'entities.payments.since.formt = "iso": no such key; did you mean "format"?'],
    [{ since: { format: 'is' } }, 'entities.payments.since.format = "is": '],
    [{ columns: { amount: 'money' } }, 'entities.payments.columns.amount = "money": expected text, bigint'],
    [{ columns: { at: { type: 'timestamp', time_zone: 'UTC' } } }, 'or { type: "timestamptz", time_zone: '],
    [{ cursor_time_zone: 'Mars' }, 'entities.payments.cursor_time_zone = "Mars": expected a time zone such as "UTC"'],
    [{ endpoint: 'payments' }, 'entities.payments.endpoint = "payments": expected a path such as "/payments"'],
    [{ primary_key: [] }, 'entities.payments.primary_key = []: '],
    [
      { headers: { 'bad name': 'x' } },
      'entities.payments.headers: "bad name" can’t be a name: expected the name of a header',
    ],
  ])('in the entity %j', (entity, said) => {
    const mistakes = mistakesIn(entity);
    expect(mistakes).toHaveLength(1);
    expect(mistakes[0]).toContain(said);
  });

  test('in a source, and also in its type', () => {
    expect(mistakesIn({}, { atempts: 3 })).toEqual([
      '  - sources.payments_api.atempts = 3: no such key; did you mean "attempts"?',
    ]);
    expect(mistakesIn({}, { type: 'rset' })).toEqual([
      '  - sources.payments_api.type = "rset": no such kind; did you mean "rest"?',
    ]);
  });

  test('in an entity that names an endpoint of a database', () => {
    const mistakes = mistakesOf({ sources, entities: { payments: { ...payments, source: 'shop' } } });
    expect(mistakes.join()).toContain('entities.payments.endpoint = "/payments": no such key');
    expect(mistakes.join()).toContain('entities.payments.table');
  });

  test('without any value that may be a secret', () => {
    const headers = { authorization: { bearer: 'canary' }, 'x-token': 5 };
    const said = [
      ...mistakesIn({ headers }),
      ...mistakesIn(
        {},
        {
          api_key: 'canary',
          password: 'canary',
          apikey: 'canary',
          header: { authorization: 'canary' },
          base_url: 'https://u:canary@host',
          baseurl: 'https://u:canary@h',
        },
      ),
    ].join();
    expect(said).toContain('(hidden)');
    expect(said).not.toContain('canary');
  });
});

test('times that name no zone are in that of their column, and the cursor’s in cursor_time_zone', () => {
  const zoned = (time_zone: string) => ({ type: 'timestamptz', time_zone });
  const settings = { columns: { at: zoned('Asia/Tokyo'), updated_at: zoned('Europe/Berlin'), day: 'date' } };
  const entityWith = (more: object) => {
    const config = defineConfig({
      sources,
      entities: { payments: { ...payments, ...settings, ...more } },
    } as ConfigInput);
    const entity = entityOf(config, 'payments');
    if (!isEndpoint(entity)) throw new Error('it is an endpoint');
    return entity;
  };
  const entity = entityWith({});
  expect([zoneOf(entity, 'at'), zoneOf(entity, 'day'), zoneOf(entity, 'toString')]).toEqual([
    'Asia/Tokyo',
    undefined,
    undefined,
  ]);
  expect(cursorZone(entity)).toBe('Europe/Berlin');
  expect(cursorZone(entityWith({ cursor_time_zone: 'UTC' }))).toBe('UTC');
  expect(cursorZone(entityWith({ cursor: null, cursor_time_zone: 'UTC' }))).toBeUndefined();
  expect(['at', 'day', 'toString'].map((name) => declaredType(entity, name))).toEqual([
    'timestamptz',
    'date',
    undefined,
  ]);
});

test('a reference resolves to the first of its variables that is set', () => {
  const url = env('SHIPMENTS_API_URL', 'PAYMENTS_API_URL');
  expect(resolve(url, { PAYMENTS_API_URL: 'p' })).toBe('p');
  expect(resolve(url, { PAYMENTS_API_URL: 'p', SHIPMENTS_API_URL: 's' })).toBe('s');
  expect(() => resolve(url, {})).toThrow('the environment variable SHIPMENTS_API_URL or PAYMENTS_API_URL is not set');
});
