import { LocalQueue, QueueDatabase } from '@bronze/common/adapters/local/local-queue';
import type { ExtractRequest, WriteMessage } from '@bronze/common/load/messages';
import { timestamp } from '@bronze/common/words/timestamp';
import type { PlannedLoad } from '@bronze/planner/plan-run';
import { describe, expect, test } from 'vitest';
import { isDoneBy, takeOver } from './take-over.ts';

const idOf = (n: number) => `${n}0000000-0000-8000-8000-000000000000`;
const JANUARY = { from: timestamp('2024-01-01'), to: timestamp('2024-02-01') };
const MARCH = { from: timestamp('2024-03-01'), to: timestamp('2024-04-01') };

const usual = { entity: 'orders', load_id: idOf(1), load_type: 'incremental', since: JANUARY.from } as const;
const january: PlannedLoad = { ...usual, load_id: idOf(2), backfill: JANUARY };
const LEFT: ExtractRequest = { entity: 'orders', load_id: idOf(3), run_id: idOf(9), backfill: JANUARY };

/** The requests of a run that plans this, after it has taken over what an ended run has left. */
async function takenOver(planned: PlannedLoad, left: ExtractRequest, pending?: string): Promise<ExtractRequest[]> {
  let ids = 0;
  const database = new QueueDatabase({ path: ':memory:', now_ms: () => 0, newId: () => `m${(ids += 1)}` });
  const queue = (owner: string) => new LocalQueue<ExtractRequest>(database, 'extract', owner);
  await queue(idOf(9)).send([left]);
  const requests = queue(idOf(8));
  const writes = new LocalQueue<WriteMessage>(database, 'write', idOf(8));
  const plan = { run_id: idOf(8), load_type: 'incremental', planned: [planned], skipped: [] } as const;
  const isOver = (owner: string) => owner === idOf(9);
  const load = { ...usual, load_id: pending ?? idOf(7), until: JANUARY.to, ingested_at: JANUARY.to };
  await takeOver({ requests, writes, isOver }, plan, async () => (pending ? load : undefined));
  const bodies = requests.receive(10, 1).map(({ body }) => JSON.parse(body) as ExtractRequest);
  expect(queue(idOf(9)).receive(10, 1)).toEqual([]);
  return bodies;
}

describe('a backfill that an ended run has left', () => {
  test('and that nobody has claimed becomes the next run’s, whatever that asks for', async () => {
    const taken = [{ ...LEFT, run_id: idOf(8) }];
    expect(await takenOver(usual, LEFT)).toEqual(taken);
    expect(await takenOver({ ...usual, load_type: 'full' }, LEFT)).toEqual(taken);
    expect(await takenOver({ ...january, backfill: MARCH }, LEFT)).toEqual(taken);
  });

  test('is dropped if that run asks for the same window, or helps its load, which is pending', async () => {
    expect(await takenOver(january, LEFT)).toEqual([]);
    expect(await takenOver(usual, LEFT, LEFT.load_id)).toEqual([]);
    expect(await takenOver(usual, { ...LEFT, slice: 2 })).toEqual([]);
  });

  test('other requests are taken over as before: a full load by a run that asks for less', async () => {
    const full: ExtractRequest = { entity: 'orders', load_id: idOf(4), load_type: 'full' };
    expect(await takenOver(usual, full)).toMatchObject([{ load_id: idOf(4) }]);
    expect(await takenOver(january, full)).toMatchObject([{ load_id: idOf(4) }]);
    expect(await takenOver({ ...usual, load_type: 'full' }, full)).toEqual([]);
    expect(await takenOver(usual, { entity: 'orders', load_id: idOf(4) })).toEqual([]);
  });
});

test('a completed load has done what the dead letters of its entity ask for, except that only backfills backfill', () => {
  const done = (load: PlannedLoad, body: object) => isDoneBy(load, JSON.stringify(body));
  const task = { entity: 'orders', load_id: idOf(5), slice: 0, task: 1 };
  expect([done(usual, { entity: 'orders' }), done(usual, task), done(usual, LEFT)]).toEqual([true, true, false]);
  expect([done(usual, { entity: 'customers' }), isDoneBy(usual, '{"entity":"orders",')]).toEqual([false, true]);
  expect([done(january, LEFT), done(january, { ...LEFT, backfill: MARCH })]).toEqual([true, false]);
  expect([done(january, { entity: 'orders' }), done(january, task)]).toEqual([false, false]);
  expect(done(january, { ...task, load_id: january.load_id })).toBe(true);
});
