import { describe, expect, test } from 'vitest';
import { recordOf, RestWorld } from './rest-world.ts';

describe('since', () => {
  test.concurrent.each([400, 404, 405, 422, 501])(
    'refused with %d: everything is read and filtered here, and the load record says so',
    async (since) => {
      await using world = await RestWorld.open({ faults: { since } });
      await world.load();
      await expectChanges(world, { since_parameter: 'refused', left_out: { outside_window: 247 } });
    },
  );

  test.concurrent('ignored: everything is read and filtered here, and the load record says so', async () => {
    await using world = await RestWorld.open({ faults: { since: 'ignored' } });
    await world.load();
    await expectChanges(world, { since_parameter: 'ignored', left_out: { outside_window: 247 } });
    expect(world.events).toContainEqual(expect.objectContaining({ kind: 'load_claimed', since_parameter: 'ignored' }));
  });

  test.concurrent('ignored with the newest first: the load record shows it, the first page does not', async () => {
    await using world = await RestWorld.open({ faults: { since: 'ignored' }, order: 'newest_first' });
    await world.load();
    const now = new Date().toISOString().replace('Z', '000Z');
    for (let index = 200; index < 240; index += 1) world.list.touch(index, now);
    await world.nextSecond();
    expect(await world.load()).toMatchObject({
      rows: 40,
      since_parameter: 'ignored',
      left_out: { outside_window: 210 },
    });
  });

  test.concurrent('sent in seconds since 1970 brings exactly the changed records', async () => {
    await using world = await RestWorld.open({ entity: { since: { format: 'unix_seconds' } } });
    await world.load();
    await expectChanges(world, { since_parameter: 'sent' });
  });

  test.concurrent('refused for another reason: the load fails', async () => {
    await using world = await RestWorld.open({ faults: { since: 418 } });
    await world.load();
    expect((await world.run()).failure).toMatchObject({
      code: 'SOURCE_REJECTED',
      message: expect.stringMatching(/418/) as string,
    });
  });

  async function expectChanges(world: RestWorld, expected: object): Promise<void> {
    const now = new Date().toISOString().replace('Z', '000Z');
    for (const index of [0, 100, 200]) world.list.touch(index, now);
    await world.nextSecond();
    expect(await world.load()).toMatchObject({ load_type: 'incremental', rows: 3, ...expected });
    const versions = await world.versions();
    expect(new Set(versions).size).toBe(253);
    expect(versions).toEqual(expect.arrayContaining(world.expected()));
  }
});

describe('a configuration that does not fit the API fails before anything is claimed', () => {
  test.concurrent.each([
    [{ primary_key: ['nr'] }, 'KEY_MISSING', /the field nr of its primary_key/],
    [{ cursor: 'changed_at' }, 'COLUMN_MISSING', /the field changed_at, its cursor/],
    [{ cursor: 'n' }, 'COLUMN_UNSUPPORTED', /holds no timestamps/],
    [{ records_path: 'items' }, 'RECORDS_MISSING', /items in the body is not a list/],
    [{ endpoint: '/thing' }, 'SOURCE_REJECTED', /404: \{"message":"no such list"\}/],
  ])('%j', async (entity, code, message) => {
    await using world = await RestWorld.open();
    const { failure, checkpoint } = await world.run(entity);
    expect(failure).toMatchObject({ code, message: expect.stringMatching(message) as string });
    expect(checkpoint).toBeUndefined();
  });
});

describe('records without a cursor value', () => {
  const withNull = () => {
    const bare = recordOf(7);
    return [recordOf(1), { ...bare, json: bare.json.replace(/"updated_at":"[^"]*"/, '"updated_at":null') }];
  };

  test.concurrent('come with full loads and are counted in incremental ones', async () => {
    await using world = await RestWorld.open({ records: withNull(), faults: { since: 'ignored' } });
    expect(await world.load()).toMatchObject({ rows: 2 });
    await world.nextSecond();
    expect(await world.load()).toMatchObject({ rows: 0, left_out: { without_cursor: 1, outside_window: 1 } });
  });

  test.concurrent('are an error where null_cursor is error', async () => {
    await using world = await RestWorld.open({ records: withNull(), entity: { null_cursor: 'error' } });
    expect(await world.failingRun()).toMatchObject({ code: 'CURSOR_MISSING' });
  });
});
