import { MemoryObjectStore } from '@bronze/emulators/memory-object-store';
import { timestamp } from '@bronze/common/words/timestamp';
import { describe, expect, test } from 'vitest';
import { measuredSince, recordPlan, silentSeconds } from './schedule-watch.ts';

const at = (text: string) => timestamp(`${text}Z`);
const plan = (run_id: string) => ({ run_id, load_type: 'incremental', planned: [], skipped: [] }) as const;

/** A schedule at 02:00 that has been watched since noon of 14 January. */
async function watched(): Promise<MemoryObjectStore> {
  const objects = new MemoryObjectStore();
  expect(await silentSeconds(objects, 2, at('2024-01-14T12:00:00'))).toBe(0);
  return objects;
}

describe('the first measurement', () => {
  test('is remembered for each name', async () => {
    const objects = new MemoryObjectStore();
    const first = at('2024-01-14T12:00:00');
    expect(await measuredSince(objects, 'orders', first)).toBe(first);
    expect(await measuredSince(objects, 'orders', at('2024-01-15T12:00:00'))).toBe(first);
    expect(await measuredSince(objects, 'customers', at('2024-01-15T12:00:00'))).toBe(at('2024-01-15T12:00:00'));
  });

  test('that can’t be read is an error that names its object', async () => {
    const objects = new MemoryObjectStore();
    await objects.putIfAbsent('logs/pipeline/ingestion/measured/orders.json', Buffer.from('{}'));
    await expect(measuredSince(objects, 'orders', at('2024-01-14T12:00:00'))).rejects.toMatchObject({
      code: 'OBJECT_INVALID',
      message: expect.stringContaining('measured/orders.json') as string,
    });
  });
});

describe('a schedule', () => {
  test('between its deployment and its first run is not silent', async () => {
    const objects = await watched();
    expect(await silentSeconds(objects, 2, at('2024-01-15T01:59:59'))).toBe(0);
  });

  test('that misses its run is silent from the second it was due, over midnight too, until it runs', async () => {
    const objects = await watched();
    expect(await silentSeconds(objects, 2, at('2024-01-15T02:00:00'))).toBe(0);
    expect(await silentSeconds(objects, 2, at('2024-01-15T02:07:30'))).toBe(450);
    expect(await silentSeconds(objects, 2, at('2024-01-16T01:00:00'))).toBe(23 * 3600);
    await recordPlan(objects, plan('late'), { scheduled_at: at('2024-01-16T02:00:00'), is_schedule: true });
    expect(await silentSeconds(objects, 2, at('2024-01-16T02:30:00'))).toBe(0);
  });

  test('that ran is not silent until the next run is due', async () => {
    const objects = await watched();
    await recordPlan(objects, plan('a'), { scheduled_at: at('2024-01-15T02:00:00'), is_schedule: true });
    expect(await silentSeconds(objects, 2, at('2024-01-15T02:10:00'))).toBe(0);
    expect(await silentSeconds(objects, 2, at('2024-01-16T01:59:59'))).toBe(0);
    expect(await silentSeconds(objects, 2, at('2024-01-16T02:00:10'))).toBe(10);
  });

  test('is made good by a run by hand, also after midnight; one before it was due does not count', async () => {
    const objects = await watched();
    await recordPlan(objects, plan('early'), { scheduled_at: at('2024-01-15T01:30:00'), is_schedule: false });
    expect(await silentSeconds(objects, 2, at('2024-01-15T03:00:00'))).toBe(3600);
    await recordPlan(objects, plan('by-hand'), { scheduled_at: at('2024-01-16T00:30:00'), is_schedule: false });
    expect(await silentSeconds(objects, 2, at('2024-01-16T01:00:00'))).toBe(0);
  });

  test('moved to another hour counts from then', async () => {
    const objects = await watched();
    await recordPlan(objects, plan('a'), { scheduled_at: at('2024-01-15T02:00:00'), is_schedule: true });
    expect(await silentSeconds(objects, 5, at('2024-01-15T12:00:00'))).toBe(0);
    expect(await silentSeconds(objects, 5, at('2024-01-16T05:10:00'))).toBe(600);
  });
});

test('the record of a plan says what was asked for, and is put once', async () => {
  const objects = new MemoryObjectStore();
  const scheduled = { scheduled_at: at('2024-01-15T02:00:00'), is_schedule: true };
  for (let time = 0; time < 2; time += 1) await recordPlan(objects, plan('run-1'), scheduled);
  const [key = '', ...others] = await objects.list('');
  expect([key, ...others]).toEqual(['logs/pipeline/ingestion/plans/date=2024-01-15/020000-run-1.json']);
  const body = JSON.parse(Buffer.from((await objects.get(key))?.body ?? '').toString()) as unknown;
  expect(body).toMatchObject({
    version: 1,
    scheduled_at: '2024-01-15T02:00:00.000000Z',
    is_schedule: true,
    planned: [],
  });
});
