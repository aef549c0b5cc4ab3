import { describe, expect, test } from 'vitest';
import { PAGINGS, recordOf, RestWorld, versionOf } from './rest-world.ts';

const STYLES = [['none', { style: 'none' }] as const, ...Object.entries(PAGINGS)];

describe.each(STYLES)('paging by %s', (_, paging) => {
  test.concurrent('all records arrive, then none, then exactly the changed and the new ones', async () => {
    await using world = await RestWorld.open({ entity: { paging } });
    const full = await world.load();
    expect(full).toMatchObject({ load_type: 'full', rows: 250, source_system: 'api', window_basis: 'server_date' });
    expect(await world.versions()).toEqual(world.expected());

    await world.nextSecond();
    expect(await world.load()).toMatchObject({ load_type: 'incremental', rows: 0, since_parameter: 'sent' });

    const now = new Date().toISOString().replace('Z', '000Z');
    for (const index of [3, 100, 180]) world.list.touch(index, now);
    world.list.add(recordOf(1000, now));
    await world.nextSecond();
    expect(await world.load()).toMatchObject({ load_type: 'incremental', rows: 4 });
    const versions = await world.versions();
    expect(versions).toHaveLength(254);
    expect(new Set(versions).size).toBe(254);
    expect(versions).toEqual(expect.arrayContaining(world.expected()));
  });

  test.concurrent('values arrive digit for digit, and the hash does not depend on the order of keys', async () => {
    await using world = await RestWorld.open({ records: 7, entity: { paging } });
    await world.load();
    const row = (await world.rows()).find(({ id }) => id === 'r0000001');
    expect(row).toMatchObject({
      id: 'r0000001',
      n: '9007199254740994',
      amount: '1.340',
      tags: '["ä 🎁",{"a":null,"b":1.0}]',
      note: '',
      is_paid: 'f',
      updated_at: '2024-01-01 10:32:00.123456+00',
      _source_system: 'api',
    });
    const { json } = recordOf(1);
    const turned = json.replace(/^\{("updated_at":"[^"]*"),(.*)\}$/, '{$2,$1}');
    expect(turned).not.toBe(json);
    await using other = await RestWorld.open({ records: [{ ...recordOf(1), json: turned }], entity: { paging } });
    await other.load();
    expect((await other.rows())[0]?.['_record_hash']).toBe(row?.['_record_hash']);
  });

  test.concurrent('an empty list is a load of no rows', async () => {
    await using world = await RestWorld.open({ records: 0, entity: { paging } });
    expect(await world.load()).toMatchObject({ rows: 0, parts: [] });
  });
});

describe.each(Object.entries(PAGINGS))('paging by %s', (_, paging) => {
  test.concurrent('each slice continues where the one before ended', async () => {
    await using world = await RestWorld.open({ entity: { paging, slice_rows: 45, batch_rows: 10 } });
    const record = await world.load();
    expect(record.slices).toBeGreaterThan(3);
    expect(record.rows).toBe(250);
    expect(await world.versions()).toEqual(world.expected());
  });

  test.concurrent('a list whose length is a whole number of pages is read to its end', async () => {
    await using world = await RestWorld.open({ records: 60, entity: { paging, slice_rows: 20 } });
    expect(await world.load()).toMatchObject({ rows: 60 });
    expect(await world.versions()).toEqual(world.expected());
  });

  test.concurrent('a page size that the API does not grant loses nothing', async () => {
    await using world = await RestWorld.open({ records: 2500, entity: { paging: { ...paging, size: 5000 } } });
    await world.load();
    expect(await world.versions()).toEqual(world.expected());
  });

  test.concurrent('pages without records in the window do not end the list: raw records count', async () => {
    await using world = await RestWorld.open({ entity: { paging, since: null } });
    await world.load();
    world.list.touch(249, new Date().toISOString().replace('Z', '000Z'));
    await world.nextSecond();
    expect(await world.load()).toMatchObject({
      rows: 1,
      since_parameter: 'not_configured',
      left_out: { outside_window: 249, without_cursor: 0 },
    });
  });

  test.concurrent.each([
    ['update', 'oldest_first'],
    ['update', 'newest_first'],
    ['delete', 'oldest_first'],
    ['delete', 'newest_first'],
    ['insert', 'newest_first'],
    ['insert', 'oldest_first'],
  ] as const)('a list that moves by %s, %s, neither loses nor repeats a record', async (moves, order) => {
    // A list that grows with every request has no end.
    const faults = { moves, moves_max: 60 };
    await using world = await RestWorld.open({ order, faults, entity: { paging, slice_rows: 100 } });
    const before = new Set(world.expected());
    await world.load();
    const unmoved = world.expected().filter((version) => before.has(version));
    expect(unmoved.length).toBeGreaterThan(100);
    const first = await world.versions();
    expect(new Set(first).size).toBe(first.length);
    expect(first).toEqual(expect.arrayContaining(unmoved));

    Reflect.deleteProperty(world.api.faults, 'moves');
    await world.nextSecond();
    await world.load();
    const all = await world.versions();
    expect(new Set(all).size).toBe(all.length);
    expect(all).toEqual(expect.arrayContaining(world.list.slice(0, 999).map(versionOf)));
  });
});

describe.each([PAGINGS.cursor, PAGINGS['next-link in the body'], PAGINGS['next-link in the Link header']])(
  'paging by %j',
  (paging) => {
    test.concurrent('an empty page with a next one is not the end', async () => {
      await using world = await RestWorld.open({ entity: { paging }, faults: { empty_pages: true } });
      expect(await world.load()).toMatchObject({ rows: 250 });
      expect(await world.versions()).toEqual(world.expected());
    });

    test.concurrent('pages that lead in a circle are an error, not an endless load', async () => {
      await using world = await RestWorld.open({ entity: { paging }, faults: { loop: true } });
      expect(await world.failingRun()).toMatchObject({ code: 'PAGES_LOOP' });
      world.api.faults.loop = false;
      await world.load();
      expect(await world.versions()).toEqual(world.expected());
    });

    test.concurrent('pages that lead in a circle longer than a slice are an error too', async () => {
      const entity = { paging: { ...paging, size: 600 }, slice_rows: 1200 };
      await using world = await RestWorld.open({ records: 3600, entity, faults: { loop: 'at_end' } });
      expect(await world.failingRun()).toMatchObject({ code: 'PAGES_LOOP' });
    });

    test.concurrent('an expired token restarts the slice; one of an earlier slice fails with a way out', async () => {
      await using world = await RestWorld.open({ entity: { paging }, faults: { tokens_expire: true } });
      expect(await world.failingRun()).toMatchObject({ code: 'SOURCE_INTERRUPTED' });
      expect(await world.failingRun({ slice_rows: 20, batch_rows: 20 })).toMatchObject({
        code: 'PAGE_TOKEN_EXPIRED',
        hint: expect.stringMatching(/Abandon the load/) as string,
      });
      world.api.faults.tokens_expire = false;
      await world.load();
      expect(await world.versions()).toEqual(world.expected());
    });
  },
);

describe('paging by offset', () => {
  test.concurrent.each([1, 2, 3, 4, 5])('a list of %d in pages of two is read to its end', async (records) => {
    await using world = await RestWorld.open({ records, entity: { paging: { style: 'offset', size: 2 } } });
    expect(await world.load()).toMatchObject({ rows: records });
  });

  test.concurrent('an API that gives only one record per page is read to its end', async () => {
    await using world = await RestWorld.open({ entity: { paging: PAGINGS.offset } });
    const handle = world.api.handle;
    Reflect.set(world.api, 'handle', async (event: Parameters<typeof handle>[0]) =>
      handle({ ...event, queryStringParameters: { ...event.queryStringParameters, limit: '1' } }),
    );
    expect(await world.load()).toMatchObject({ rows: 250 });
    expect(await world.versions()).toEqual(world.expected());
  });
});

test.concurrent.each([
  ['page', { style: 'page', page_param: 'seite', size: 20 }],
  ['offset', { style: 'offset', offset_param: 'start', size: 20 }],
] as const)('an API that does not know the parameter of %s is an error, not an endless load', async (_, paging) => {
  await using world = await RestWorld.open({ entity: { paging } });
  expect(await world.failingRun()).toMatchObject({ code: 'PAGES_LOOP' });
});
