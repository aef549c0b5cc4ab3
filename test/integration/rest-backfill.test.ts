import { timestamp } from '@bronze/common/words/timestamp';
import { expect, test } from 'vitest';
import { recordOf, RestWorld } from './rest-world.ts';

/** Two days of the list, which has forty records a day. */
const WINDOW = { from: timestamp('2024-01-02'), to: timestamp('2024-01-04') };

test.concurrent.each(['sent', 'ignored'] as const)(
  'records that came with old cursors come by a backfill, of an API whose since parameter is %s',
  async (since_parameter) => {
    const faults = since_parameter === 'ignored' ? { faults: { since: 'ignored' } as const } : {};
    await using world = await RestWorld.open({ ...faults, entity: { batch_rows: 20, slice_rows: 40 } });
    await world.load();
    const late = [recordOf(500, '2024-01-03T00:00:00.000000Z'), recordOf(501, '2024-01-04T00:00:00.000000Z')];
    for (const record of late) world.list.add(record);
    world.list.touch(50, new Date().toISOString().replace('Z', '000Z'));
    await world.nextSecond();
    expect(await world.load()).toMatchObject({ rows: 1 });

    const backfilled = await world.run({}, undefined, WINDOW);
    expect(backfilled.load).toMatchObject({ backfill: WINDOW, rows: 80, since_parameter, window_basis: 'backfill' });
    expect(backfilled.load?.slices).toBeGreaterThan(1);
    // One of the eighty has changed since, and one came late.
    const outside = since_parameter === 'sent' ? 252 - 80 - 40 : 252 - 80;
    expect(backfilled.load?.left_out).toEqual({ without_cursor: 0, outside_window: outside, repeated: 0 });
    expect(backfilled.load).not.toHaveProperty('seen_cursors');
    const versions = await world.versions();
    const times = (n: number) => versions.filter((one) => one.startsWith(recordOf(n).id)).length;
    expect([times(500), times(501), times(45), times(50), times(10)]).toEqual([1, 0, 2, 2, 1]);

    world.list.touch(3, new Date().toISOString().replace('Z', '000Z'));
    await world.nextSecond();
    const next = await world.load();
    expect(next).toMatchObject({ load_type: 'incremental', rows: 1, seen_cursors: { late: 0 } });
  },
);
