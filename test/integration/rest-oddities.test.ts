import { describe, expect, test } from 'vitest';
import type { ApiEvent, ApiResult } from '@bronze/demo/source-api/source-api';
import type { ApiRecord } from '@bronze/demo/source-api/api-record';
import { PAGINGS, recordOf, RestWorld } from './rest-world.ts';

/** Changes the answers of the API. */
function answering(world: RestWorld, change: (result: ApiResult, event: ApiEvent) => ApiResult): void {
  const { handle } = world.api;
  Reflect.set(world.api, 'handle', async (event: ApiEvent) => change(await handle(event), event));
}

const withBody = (change: (body: string) => string) => (result: ApiResult) => ({
  ...result,
  body: change(result.body),
});

describe('an unusual API is read correctly:', () => {
  test.concurrent.each([400, 404, 422])('one that answers %d after the last numbered page', async (statusCode) => {
    await using world = await RestWorld.open({ records: 60, entity: { paging: PAGINGS.page, slice_rows: 20 } });
    answering(world, (result) => (result.body.includes('"data":[]') ? { ...result, statusCode } : result));
    expect(await world.load()).toMatchObject({ rows: 60 });
    expect(await world.versions()).toEqual(world.expected());
    expect(world.events).toContainEqual({
      kind: 'end_implied',
      entity: 'things',
      how: 'refused',
      page: '4',
      status: statusCode,
    });
  });

  test.concurrent('one that answers 204 when nothing has changed: a load of no rows, and the checkpoint moves', async () => {
    await using world = await RestWorld.open({ records: 3 });
    const { until } = await world.load();
    answering(world, () => ({ statusCode: 204, headers: {}, body: '' }));
    await world.nextSecond();
    const second = await world.load();
    expect(second).toMatchObject({ load_type: 'incremental', rows: 0, since_parameter: 'sent' });
    expect(second.until > until).toBe(true);
  });

  test.concurrent('one that writes an empty list as null', async () => {
    await using world = await RestWorld.open({ records: 0 });
    answering(
      world,
      withBody((body) => body.replace('"data":[]', '"data":null')),
    );
    expect(await world.load()).toMatchObject({ rows: 0 });
  });

  test.concurrent('one that sends 150,000 records in one response', async () => {
    const records = Array.from({ length: 150_000 }, (_, n): ApiRecord => {
      const updated_at = '2024-01-15T10:32:00.000000Z';
      return { id: String(n), updated_at, json: `{"id":${n},"updated_at":"${updated_at}"}` };
    });
    await using world = await RestWorld.open({ records, entity: { paging: { style: 'none' } } });
    expect(await world.load()).toMatchObject({ rows: 150_000 });
  });

  test.concurrent('one with its next link in an object of its own, or under a key with a dot', async () => {
    await using world = await RestWorld.open({ entity: { paging: PAGINGS['next-link in the body'] } });
    answering(
      world,
      withBody((body) => body.replace(/"next":("[^"]*")\}\}$/, '"next":{"href":$1}}}')),
    );
    expect(await world.load()).toMatchObject({ rows: 250 });
    const paging = { style: 'next-link', link_path: '@odata.nextLink', size: 20 } as const;
    await using odata = await RestWorld.open({ entity: { paging } });
    answering(
      odata,
      withBody((body) => body.replace(/"links":\{"next":(.*)\}\}$/, '"@odata.nextLink":$1}')),
    );
    expect(await odata.load()).toMatchObject({ rows: 250 });
  });

  test.concurrent('one whose next page is unreadable or named nowhere fails the load and does not end it', async () => {
    await using world = await RestWorld.open({ entity: { paging: PAGINGS['next-link in the body'] } });
    answering(
      world,
      withBody((body) => body.replace(/"next":"[^"]*"\}\}$/, '"next":{"url":"x"}}}')),
    );
    expect(await world.failingRun()).toMatchObject({ code: 'RECORDS_MISSING' });
    const paging = { style: 'cursor', cursor_path: 'next_cursor', size: 20 } as const;
    await using elsewhere = await RestWorld.open({ entity: { paging } });
    expect(await elsewhere.failingRun()).toMatchObject({
      code: 'RECORDS_MISSING',
      message: expect.stringMatching(/first page of things is full/) as string,
    });
  });

  test.concurrent.each([PAGINGS.page, PAGINGS.offset])(
    'one paged by %j, with a field that differs in each answer, excluded or not',
    async (paging) => {
      for (const exclude of [['served_at'], []]) {
        await using world = await RestWorld.open({ entity: { paging, exclude } });
        let answers = 0;
        answering(
          world,
          withBody((body) => body.replaceAll('"id":', `"served_at":${(answers += 1)},"id":`)),
        );
        expect(await world.load()).toMatchObject({ rows: 250 });
        expect(await world.versions()).toEqual(world.expected());
      }
    },
  );

  test.concurrent('one with many records in the middle of its list that changed since the claim', async () => {
    await using world = await RestWorld.open({ records: 3000, entity: { paging: { style: 'offset', size: 20 } } });
    const late = '2999-01-01T00:00:00.000000Z';
    answering(
      world,
      withBody((body) =>
        body.replaceAll(/"updated_at":"[^"]*","id":"r000(05|06|07|08|09|1)/g, `"updated_at":"${late}","id":"r000$1`),
      ),
    );
    const { rows, left_out } = await world.load();
    expect(rows + (left_out?.outside_window ?? 0)).toBe(3000);
    expect(rows).toBe(1500);
  });
});

describe('cursors', () => {
  const DAY = '2024-01-14';
  const days = (): ApiRecord[] => [
    { id: 'a', updated_at: `${DAY}T00:00:00.000000Z`, json: `{"id":"a","updated_at":"${DAY}"}` },
  ];

  test.concurrent('that are days are asked for by the day, or refused', async () => {
    await using world = await RestWorld.open({ records: days() });
    expect(await world.failingRun()).toMatchObject({
      code: 'COLUMN_UNSUPPORTED',
      hint: expect.stringMatching(/format: 'date'/) as string,
    });
    const since = { format: 'date' } as const;
    expect(await world.load({ since })).toMatchObject({ rows: 1 });
    const today = new Date().toISOString().slice(0, 10);
    world.list.add({ id: 'b', updated_at: `${today}T00:00:00.000000Z`, json: `{"id":"b","updated_at":"${today}"}` });
    await world.nextSecond();
    expect(await world.load({ since })).toMatchObject({ rows: 0, left_out: { outside_window: 1 } });
  });

  test.concurrent('that can’t be read fail an incremental load, and are not skipped', async () => {
    await using world = await RestWorld.open({ faults: { since: 'ignored' } });
    await world.load();
    const now = new Date().toISOString().replace('Z', '000Z');
    const odd = recordOf(999, now);
    world.list.add({ ...odd, json: odd.json.replace(now, 'yesterday') });
    await world.nextSecond();
    expect((await world.run()).failure).toMatchObject({ code: 'CURSOR_MISSING' });
  });
});

test('a secret in a header is hidden wherever an API echoes it', async () => {
  const headers = { authorization: 'Bearer canary-"4411"' };
  await using world = await RestWorld.open({ entity: { headers } });
  answering(world, (result, event) => ({
    ...result,
    statusCode: 400,
    body: `${' '.repeat(190)}${JSON.stringify(event.headers)}`,
  }));
  const failure = await world.failingRun();
  expect(JSON.stringify([failure, world.events])).not.toContain('canary');
  expect(await world.everythingWritten()).not.toContain('canary');
});
