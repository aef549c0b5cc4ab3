import type { PendingLoad } from '@bronze/common/load/checkpoint';
import type { EndpointEntityInput } from '@bronze/common/config/rest';
import { timestamp } from '@bronze/common/words/timestamp';
import { describe, expect, test } from 'vitest';
import { entityWith } from '../endpoint.fixtures.ts';
import { JsonObject, parseJson } from './json-node.ts';
import { LoadWindow } from './load-window.ts';

const LOAD: PendingLoad = {
  load_id: '00000000-0000-8000-8000-000000000001',
  load_type: 'incremental',
  since: timestamp('2024-01-14T10:00:00Z'),
  until: timestamp('2024-01-15T10:00:00Z'),
  ingested_at: timestamp('2024-01-15T10:01:00Z'),
};
const FULL: Partial<PendingLoad> = { load_type: 'full', since: timestamp('1970-01-01') };
const NOW = timestamp('2024-01-15T10:05:00Z');

/** Which of these cursors the load takes, by a source whose clock shows five past ten; and what it counts. */
function taken(
  cursors: readonly unknown[],
  load: Partial<PendingLoad> = {},
  entity: Partial<EndpointEntityInput> = {},
) {
  const window = new LoadWindow(entityWith(entity), { ...LOAD, ...load });
  window.answeredAt(NOW);
  const records = cursors.map((updated_at) => parseJson(JSON.stringify({ id: 1, updated_at })));
  const isTaken = records.map((record) => record instanceof JsonObject && window.takes(record));
  return { taken: cursors.filter((_, index) => isTaken[index]), left_out: window.leftOut };
}

describe('with times that name their zone', () => {
  const BELOW = '2024-01-14T09:59:59.999999Z';
  const INSIDE = ['2024-01-14T10:00:00Z', '2024-01-15T09:59:59.999999Z'];
  const CHANGED = ['2024-01-15T10:00:00Z', '2024-01-15T10:05:00Z'];
  const FUTURE = ['2024-01-15T10:05:00.000001Z', '9999-12-31', '9999-12-31T23:59:59-05:00', '9999-12-31T23:59:59.999Z'];

  test('an incremental load takes [since, until), and counts apart what later loads bring and what is in the future', () => {
    expect(taken([BELOW, ...INSIDE, ...CHANGED, ...FUTURE])).toEqual({
      taken: INSIDE,
      left_out: { without_cursor: 0, outside_window: 7, left_for_later: 6, in_the_future: 4, repeated: 0 },
    });
    expect(taken(INSIDE).left_out).toEqual({ without_cursor: 0, outside_window: 0, repeated: 0 });
  });

  test('a full load takes everything except what has changed since its window’s end, which the next load takes', () => {
    const ancient = ['1969-12-31T23:59:59Z', '0001-01-01T00:00:00+05:00'];
    const all = [...ancient, BELOW, ...INSIDE, ...CHANGED, ...FUTURE, 'pending'];
    expect(taken(all, FULL)).toEqual({
      taken: all.filter((one) => !CHANGED.includes(one)),
      left_out: { without_cursor: 0, outside_window: 2, left_for_later: 2, repeated: 0 },
    });
  });

  test('a backfill takes its window, and says of nothing that later loads bring it', () => {
    const backfill = { from: LOAD.since, to: LOAD.until };
    expect(taken([BELOW, ...INSIDE, ...CHANGED, ...FUTURE], { backfill })).toEqual({
      taken: INSIDE,
      left_out: { without_cursor: 0, outside_window: 7, repeated: 0 },
    });
    const late = new LoadWindow(entityWith({}), { ...LOAD, backfill }, timestamp('2024-01-01'));
    const record = parseJson(JSON.stringify({ id: 1, updated_at: BELOW })) as JsonObject;
    expect([late.takes(record), late.seenCursors]).toEqual([false, undefined]);
  });

  test('a backfill’s list grows only by what has changed since the claim', () => {
    const backfill = { from: LOAD.since, to: LOAD.until };
    const at = (updated_at: string) => parseJson(JSON.stringify({ id: 1, updated_at })) as JsonObject;
    const isBeyond = (load: PendingLoad) =>
      [LOAD.until, LOAD.ingested_at].map((time) => new LoadWindow(entityWith({}), load).isBeyond(at(time)));
    expect(isBeyond({ ...LOAD, backfill })).toEqual([false, true]);
    expect(isBeyond(LOAD)).toEqual([true, true]);
  });

  test('what a full load leaves is exactly what has changed between its end and the source’s clock, also as numbers', () => {
    const entity = { columns: { updated_at: 'unix_seconds' } };
    const until = Date.parse(LOAD.until) / 1000;
    const seconds = [until - 1, until, until + 300, until + 301, 253_402_300_799];
    expect(taken(seconds, FULL, entity).taken).toEqual([until - 1, until + 301, 253_402_300_799]);
  });
});

describe('with times that name no zone', () => {
  test('a load is refused where cursor_time_zone is not set, and says how', () => {
    for (const load of [{}, FULL]) {
      expect(() => taken(['2024-01-15T05:00:00'], load)).toThrow(
        expect.objectContaining({
          code: 'TIME_ZONE_UNDECLARED',
          hint: expect.stringContaining("cursor_time_zone of things: 'UTC'") as string,
        }) as Error,
      );
    }
  });

  test.each([
    ['America/New_York', ['2024-01-14T05:00:00', '2024-01-15 04:59:59.999999']],
    ['Asia/Tokyo', ['2024-01-14 19:00', '2024-01-15T18:59:59.999999']],
    ['UTC', ['2024-01-14T10:00:00', '2024-01-15T09:59:59.999999']],
  ])('they are times of %s', (cursor_time_zone, inside) => {
    const outside = ['2024-01-14T04:00:00', '2024-01-15T19:30:00'];
    const read = taken([...inside, ...outside, '2024-01-14T12:00:00Z'], {}, { cursor_time_zone });
    expect(read.taken).toEqual([...inside, '2024-01-14T12:00:00Z']);
    expect(read.left_out).toMatchObject({ outside_window: 2, left_for_later: 1, in_the_future: 1 });
  });

  test('the zone may be that of the column', () => {
    const columns = { updated_at: { type: 'timestamptz', time_zone: 'Asia/Tokyo' } } as const;
    expect(taken(['2024-01-14T19:00:00', '2024-01-14T18:59:59'], {}, { columns }).taken).toEqual([
      '2024-01-14T19:00:00',
    ]);
  });

  test('one that clocks show twice belongs to the later window, so that neither record is lost', () => {
    const entity = { cursor_time_zone: 'America/New_York' };
    const [first, between, last] = ['2026-11-01T05:45:00Z', '2026-11-01T06:15:00Z', '2026-11-01T07:00:00Z'];
    const windowOf = (since: string, until: string) => ({ since: timestamp(since), until: timestamp(until) });
    const cursor = ['2026-11-01T01:20:00'];
    expect(taken(cursor, { ...FULL, until: timestamp(first) }, entity)).toMatchObject({ taken: [] });
    // Of a record that changed at 05:20, and of one that changed at 06:20.
    expect(taken(cursor, windowOf('2026-11-01T00:00:00Z', first), entity).taken).toEqual([]);
    expect(taken(cursor, windowOf(first, between), entity).taken).toEqual([]);
    expect(taken(cursor, windowOf(between, last), entity).taken).toEqual(cursor);
  });

  test('9999-12-31 is in the future in every zone', () => {
    const cursors = ['9999-12-31T23:59:59', '9999-12-31'];
    expect(taken(cursors, {}, { cursor_time_zone: 'America/New_York' }).left_out.in_the_future).toBe(2);
    expect(taken(cursors, FULL, { cursor_time_zone: 'America/New_York' }).taken).toEqual(cursors);
  });
});

describe('with days without a time', () => {
  const days = ['2024-01-13', '2024-01-14', '2024-01-15', '2024-01-16', '2024-01-17'];

  test('a day comes once it is over in the zone, or anywhere on Earth if none is set', () => {
    // At ten in the morning in London it is the evening before in Honolulu, and the next day in Kiritimati.
    expect(taken(days)).toMatchObject({ taken: ['2024-01-13'], left_out: { left_for_later: 4, in_the_future: 1 } });
    expect(taken(days, {}, { cursor_time_zone: 'UTC' })).toMatchObject({
      taken: ['2024-01-14'],
      left_out: { outside_window: 4, left_for_later: 3, in_the_future: 2 },
    });
    expect(taken(days, FULL).taken).toEqual(['2024-01-13', '2024-01-17']);
  });
});

describe('of what an API showed late', () => {
  const newest = timestamp('2024-01-14T08:00:00Z');
  const LATE = ['2024-01-14T08:00:00.000001Z', '2024-01-14T09:59:59Z'];
  const SEEN = ['2024-01-14T08:00:00Z', '2024-01-13T00:00:00Z'];

  function read(cursors: readonly string[], load: Partial<PendingLoad> = {}, seen_before?: typeof newest) {
    const window = new LoadWindow(entityWith(), { ...LOAD, ...load }, seen_before);
    window.answeredAt(NOW);
    const records = cursors.map((updated_at) => new JsonObject([['updated_at', updated_at]]));
    return { taken: cursors.filter((_, index) => window.takes(records[index] ?? new JsonObject([]))), window };
  }

  test('an incremental load takes what is newer than anything seen before, and says so', () => {
    const { taken: ids, window } = read([...SEEN, ...LATE, '2024-01-14T12:00:00Z', '9999-12-31T00:00:00Z'], {}, newest);
    expect(ids).toEqual([...LATE, '2024-01-14T12:00:00Z']);
    expect(window.seenCursors).toEqual({ before: newest, newest: timestamp('2024-01-14T12:00:00Z'), late: 2 });
    expect(window.leftOut).toMatchObject({ outside_window: 3, in_the_future: 1 });
  });

  test('what was seen stays known over a load that sees nothing; nothing is late where it is not known', () => {
    expect(read([], {}, newest).window.seenCursors).toEqual({ before: newest, newest, late: 0 });
    expect(read(LATE).taken).toEqual([]);
    expect(read([]).window.seenCursors).toBeUndefined();
  });

  test('a full load sees everything, and begins anew', () => {
    const { window } = read(['2024-01-13T00:00:00Z', '2024-01-15T10:03:00Z'], FULL, newest);
    expect(window.seenCursors).toEqual({ newest: timestamp('2024-01-13'), late: 0 });
  });

  test('a full load that sees no cursor says so, and whatever shows after it is late', () => {
    const none = read(['2024-01-15T10:03:00Z'], FULL).window.seenCursors;
    expect(none).toEqual({ newest: timestamp('0001-01-01'), late: 0 });
    expect(read([], FULL, newest).window.seenCursors).toEqual(none);
    const shown = ['1969-01-01T00:00:00Z', ...SEEN];
    expect(read(shown, {}, none?.newest).taken).toEqual(shown);
  });

  test('a list without a cursor has nothing to remember', () => {
    const window = new LoadWindow(entityWith({ cursor: null }), { ...LOAD, ...FULL });
    window.takes(new JsonObject([['updated_at', '2024-01-13T00:00:00Z']]));
    expect(window.seenCursors).toBeUndefined();
  });

  test('days are never late', () => {
    const { taken: days, window } = read(['2024-01-13', '2024-01-12'], {}, timestamp('2024-01-01'));
    expect(days).toEqual(['2024-01-13']);
    expect(window.seenCursors?.newest).toBe(timestamp('2024-01-01'));
  });
});
