import { describe, expect, test } from 'vitest';
import type { ApiRecord } from '@bronze/demo/source-api/api-record';
import { RestWorld } from './rest-world.ts';

const now = () => new Date().toISOString().replace('Z', '000Z');
const record = (id: string, fields: string, updated_at = '2024-01-15T10:32:00.000000Z'): ApiRecord => ({
  id,
  updated_at,
  json: `{"id":"${id}",${fields},"updated_at":"${updated_at}"}`,
});

const typesOf = (columns: readonly { name: string; type: string }[]) =>
  Object.fromEntries(columns.map(({ name, type }) => [name, type]));

describe('inferred types', () => {
  test.concurrent('stay the same later: what no longer fits is quarantined and counted, not converted', async () => {
    await using world = await RestWorld.open({
      records: [record('a', '"amount":10,"note":"x"')],
      entity: { columns: {} },
    });
    const first = await world.load();
    expect(typesOf(first.columns)).toMatchObject({ amount: 'bigint', note: 'text' });

    world.list.add(record('b', '"amount":10.5,"note":5,"fresh":true', now()));
    world.list.add(record('c', '"amount":11,"note":{"a":1.0}', now()));
    await world.nextSecond();
    const second = await world.load();
    expect(second).toMatchObject({ rows: 2, rows_in_bronze: 1, rows_quarantined: 1 });
    expect(typesOf(second.columns)).toMatchObject({ amount: 'bigint', note: 'text', fresh: 'boolean' });
    expect((await world.rows()).find(({ id }) => id === 'c')).toMatchObject({ amount: '11', note: '{"a":1.0}' });
    expect(await world.everythingWritten()).toContain('amount: \\"10.5\\" is not exactly a int64');
  });

  test.concurrent('do not change over an empty load', async () => {
    await using world = await RestWorld.open({ records: [record('a', '"amount":10')], entity: { columns: {} } });
    await world.load();
    await world.nextSecond();
    expect(typesOf((await world.load()).columns)).toMatchObject({ amount: 'bigint' });
    world.list.add(record('b', '"amount":"ten"', now()));
    await world.nextSecond();
    expect(await world.load()).toMatchObject({ rows_quarantined: 1 });
  });

  test.concurrent('are the same in all slices of a load', async () => {
    const records = [record('a', '"amount":1'), record('b', '"amount":2.5'), record('c', '"other":"x"')];
    await using world = await RestWorld.open({
      records,
      entity: {
        columns: {},
        paging: { style: 'cursor', cursor_path: 'meta.next_cursor', size: 1 },
        slice_rows: 1,
        batch_rows: 1,
      },
    });
    expect(await world.load()).toMatchObject({ slices: 4, rows: 3, rows_quarantined: 1 });
    expect(await world.versions()).toHaveLength(2);
  });
});

test.concurrent('records without an event date get a part of their own', async () => {
  const records = [
    record('a', '"paid_at":"2024-01-02T23:30:00-05:00"'),
    record('b', '"paid_at":null'),
    record('c', '"x":1'),
  ];
  await using world = await RestWorld.open({ records, entity: { event_date: 'paid_at' } });
  const { parts } = await world.load();
  expect(parts.map(({ key, rows }) => [/event_date=([^/]*)/.exec(key)?.[1], rows])).toEqual([
    ['2024-01-03', 1],
    ['__HIVE_DEFAULT_PARTITION__', 2],
  ]);
});

test.concurrent('an entity whose records all lack the event date gets a part too', async () => {
  await using world = await RestWorld.open({ records: [record('a', '"x":1')], entity: { event_date: 'paid_at' } });
  expect(await world.load()).toMatchObject({ rows_in_bronze: 1 });
});

test.concurrent('hostile keys and values arrive unchanged', async () => {
  const fields =
    '"__proto__":{"polluted":true},"constructor":"c","a.b":"dots","🎁":"\\ud83c\\udf81","nul":"x\\u0000y","dup":1,"dup":2,"half":"\\ud800"';
  await using world = await RestWorld.open({ records: [record('a', fields)], entity: { columns: {} } });
  await world.load();
  const [row] = await world.rows();
  expect(row).toMatchObject({
    constructor: 'c',
    'a.b': 'dots',
    '🎁': '🎁',
    nul: 'x\u0000y',
    dup: '[1,2]',
    half: '"\\ud800"',
  });
  expect(Object.getOwnPropertyDescriptor(row, '__proto__')?.value ?? '{"polluted":true}').toBe('{"polluted":true}');
  expect(Reflect.get({}, 'polluted')).toBeUndefined();
  expect(await world.everythingWritten()).toContain('__proto__');
});

test.concurrent('a record that equals another in everything is skipped and counted', async () => {
  const same = record('a', '"x":1');
  await using world = await RestWorld.open({ records: [same, same, record('b', '"x":1')] });
  expect(await world.load()).toMatchObject({ rows: 2, left_out: { repeated: 1 } });
});
