import { describe, expect, test } from 'vitest';
import type { ApiRecord } from '@bronze/demo/source-api/api-record';
import type { LoadRecord } from '@bronze/common/load/load-record';
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

test.concurrent('fields that appear, that no record of a full load has any more, and that are back, are said once', async () => {
  await using world = await RestWorld.open({
    records: [record('a', '"plan":"x","score":1'), record('b', '"plan":null,"score":2')],
    entity: { columns: { due: 'date' }, cursor: null },
  });
  const changes = async (changed = {}) => (await world.load(changed)).schema_changes ?? [];
  const replace = (id: string, fields: string) => {
    world.list.delete(0);
    world.list.add(record(id, fields));
  };
  expect(await changes()).toEqual([]);
  replace('c', '"tier":"gold","score":3');
  expect(await changes()).toEqual([{ kind: 'added', column: 'tier', to: 'text' }]);
  replace('d', '"score":4');
  expect(await changes()).toEqual([{ kind: 'dropped', column: 'plan', from: 'text' }]);
  expect(await changes()).toEqual([]);
  replace('e', '"plan":"y","due":"2024-01-15"');
  expect(await changes()).toEqual([
    { kind: 'added', column: 'plan', to: 'text' },
    { kind: 'added', column: 'due', to: 'date' },
    { kind: 'dropped', column: 'tier', from: 'text' },
  ]);
  expect(await changes({ columns: { score: 'numeric(12,3)' } })).toEqual([
    { kind: 'retyped', column: 'score', from: 'bigint', to: 'numeric(12,3)' },
  ]);
  expect(world.events.filter(({ kind }) => kind === 'schema_changed')).toHaveLength(4);
});

test.concurrent('a field that records of an incremental load lack is not said to be gone: it may be null', async () => {
  await using world = await RestWorld.open({ records: [record('a', '"plan":"x"')], entity: { columns: {} } });
  await world.load();
  world.list.add(record('b', '"tier":1', now()));
  await world.nextSecond();
  expect(await world.load()).toMatchObject({
    load_type: 'incremental',
    rows: 1,
    schema_changes: [{ kind: 'added', column: 'tier', to: 'bigint' }],
  });
});

/** The event dates that name the parts of a load. */
function daysOf({ parts }: Pick<LoadRecord, 'parts'>): (string | undefined)[] {
  return parts.map(({ key }) => /event_date=([^/]*)/.exec(key)?.[1]);
}

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

test.concurrent('an event date that is null in every record gives a part too', async () => {
  await using world = await RestWorld.open({
    records: [record('a', '"paid_at":null')],
    entity: { event_date: 'paid_at' },
  });
  expect(daysOf(await world.load())).toEqual(['__HIVE_DEFAULT_PARTITION__']);
});

test.concurrent('an event date that no record has is an error, until it is named rightly or declared', async () => {
  const records = [record('a', '"paid_at":"2024-01-02T23:30:00-05:00","meta":{"at":"2024-01-02"}')];
  await using world = await RestWorld.open({ records, entity: { event_date: 'piad_at' } });
  expect(await world.failingRun()).toMatchObject({
    code: 'COLUMN_MISSING',
    message: 'no record of things has the field piad_at, its event_date',
    hint: expect.stringContaining('Records have: id, paid_at, meta, updated_at.') as string,
  });
  expect(await world.failingRun({ event_date: 'meta.at' })).toMatchObject({ code: 'COLUMN_MISSING' });
  expect(await world.failingRun({ event_date: 'meta' })).toMatchObject({ code: 'COLUMN_UNSUPPORTED' });
  expect(await world.failingRun({ columns: { paid_at: 'text' }, event_date: 'paid_at' })).toMatchObject({
    code: 'COLUMN_UNSUPPORTED',
  });
  // The load that failed continues, and the next one finds nothing.
  const { status, loads } = await world.run({ event_date: 'paid_at' });
  expect([status, loads.flatMap(daysOf)]).toEqual(['completed', ['2024-01-03']]);
});

test.concurrent('records may lack a declared event date', async () => {
  const entity = { event_date: 'paid_at', columns: { paid_at: 'timestamptz' } };
  await using world = await RestWorld.open({ records: [record('a', '"x":1')], entity });
  expect(await world.load()).toMatchObject({ rows_in_bronze: 1 });
});

const NO_DATES = [
  '1705312800',
  '"15/01/2024"',
  '"pending"',
  '"2024-01-15T10:00:00.123456789+02:00"',
  '"../../../x"',
  '"__all__"',
  '{"a":1}',
];

test.concurrent.each(NO_DATES)('an event date that holds %s is an error, until its type is declared', async (value) => {
  const records = [record('a', '"due":"2024-01-15"'), record('b', `"due":${value}`)];
  await using world = await RestWorld.open({ records, entity: { event_date: 'due' } });
  expect(await world.failingRun()).toMatchObject({
    code: 'COLUMN_UNSUPPORTED',
    message: expect.stringContaining(`as it holds ${value}; it must be a date or timestamp`) as string,
  });
  const { status, loads } = await world.run({ columns: { due: 'timestamptz' } });
  expect([status, loads.flatMap(daysOf)]).toEqual(['completed', ['2024-01-15']]);
  expect(loads[0]?.rows_quarantined).toBe(1);
});

test.concurrent('what is no date after the event date’s type is known is quarantined', async () => {
  const records = [record('a', '"due":"2024-01-15T01:00:00+02:00"')];
  await using world = await RestWorld.open({ records, entity: { event_date: 'due' } });
  await world.load();
  for (const [index, value] of NO_DATES.entries()) world.list.add(record(`x${index}`, `"due":${value}`, now()));
  world.list.add(record('z', '"other":1', now()));
  await world.nextSecond();
  const load = await world.load();
  expect(daysOf(load)).toEqual(['__HIVE_DEFAULT_PARTITION__']);
  expect(load.rows_quarantined).toBe(NO_DATES.length);
});

test.concurrent('Unix seconds that are declared name the day in UTC', async () => {
  const entity = { event_date: 'due', columns: { due: 'unix_seconds' } };
  await using world = await RestWorld.open({ records: [record('a', '"due":1705363199')], entity });
  expect(daysOf(await world.load())).toEqual(['2024-01-15']);
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
