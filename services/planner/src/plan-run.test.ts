import type { Checkpoint } from '@bronze/common/load/checkpoint';
import { defineConfig } from '@bronze/common/config';
import type { PipelineEvent } from '@bronze/common/load/events';
import type { ExtractRequest } from '@bronze/common/load/messages';
import { loadRecordKey } from '@bronze/common/load/object-keys';
import type { ObjectReader } from '@bronze/common/ports/object-store';
import { encodeJson } from '@bronze/common/words/json';
import { EPOCH, timestamp } from '@bronze/common/words/timestamp';
import { MemoryObjectStore } from '@bronze/emulators/memory-object-store';
import { describe, expect, test } from 'vitest';
import { type PlanInput, planRun } from './plan-run.ts';

const AT = timestamp('2024-01-16');
const SYNCED = timestamp('2024-01-15');
const config = defineConfig({
  sources: { db: { type: 'postgres', url: 'unused' } },
  entities: {
    orders: { source: 'db', table: 'public.orders' },
    fresh: { source: 'db', table: 'public.fresh' },
    lookup: { source: 'db', table: 'public.lookup', cursor: null },
    resting: { source: 'db', table: 'public.resting', enabled: false },
  },
});

const CHECKPOINTS: readonly (readonly [string, Checkpoint | undefined])[] = [
  ['orders', { last_sync_timestamp: SYNCED }],
  ['lookup', { last_sync_timestamp: SYNCED }],
];

async function plan(
  input: Partial<PlanInput> = {},
  sent: ExtractRequest[] = [],
  entries = CHECKPOINTS,
  objects: ObjectReader = new MemoryObjectStore(),
) {
  const checkpoints = new Map(entries);
  const events: PipelineEvent[] = [];
  const store = { readAll: async () => checkpoints };
  const requests = { send: async (messages: readonly ExtractRequest[]) => void sent.push(...messages) };
  const result = await planRun(
    { objects, checkpoints: store, requests, log: { event: (event) => void events.push(event) } },
    config,
    {
      scheduled_at: AT,
      is_schedule: true,
      ...input,
    },
  );
  return { ...result, sent, events };
}

test('a run requests each enabled entity: a first load is full, others begin at the checkpoint', async () => {
  const { planned, skipped, sent, run_id } = await plan();
  expect(planned.map(({ entity, load_type, since }) => [entity, load_type, since])).toEqual([
    ['orders', 'incremental', SYNCED],
    ['fresh', 'full', EPOCH],
    ['lookup', 'full', EPOCH],
  ]);
  expect(skipped).toEqual([{ entity: 'resting', reason: 'disabled' }]);
  expect(sent).toEqual(planned.map(({ entity, load_id }) => ({ entity, load_id, run_id, target: AT })));
});

test('the ids for a scheduled time never change, so later code plans the same loads for a repeated event', async () => {
  const { run_id, planned } = await plan();
  expect([run_id, planned[0]?.load_id]).toEqual([
    'bcc007ac-4cf6-8f4d-96db-379dc8d6ad19',
    '53a860f9-e3c8-871d-86bf-95c3ab6f6148',
  ]);
  const full = await plan({ load_type: 'full' });
  expect([run_id, planned[0]?.load_id]).not.toContain(full.run_id);
  expect(run_id).not.toContain(full.planned[0]?.load_id);
});

test('a repeated schedule event asks for the same loads; another time, entity or type asks for others', async () => {
  const ids = async (input: Partial<PlanInput>) => (await plan(input)).planned.map(({ load_id }) => load_id);
  expect(await ids({})).toEqual(await ids({}));
  const all = [
    ...(await ids({})),
    ...(await ids({ scheduled_at: timestamp('2024-01-17') })),
    ...(await ids({ load_type: 'full' })),
  ];
  expect(new Set(all).size).toBe(9);
});

test('a person’s run requests only the named entities, once each, even disabled ones, without a target', async () => {
  const { planned, skipped, sent } = await plan({
    entities: ['resting', 'orders', 'orders'],
    is_schedule: false,
    load_type: 'full',
  });
  expect(planned.map(({ entity, load_type }) => [entity, load_type])).toEqual([
    ['resting', 'full'],
    ['orders', 'full'],
  ]);
  expect(skipped).toEqual([]);
  expect(sent.every((request) => request.target === undefined && request.load_type === 'full')).toBe(true);
});

test('a run returns the load type asked for, and logs each planned load', async () => {
  expect((await plan()).load_type).toBe('incremental');
  const { load_type, events, planned, run_id } = await plan({ load_type: 'full' });
  expect(load_type).toBe('full');
  expect(events).toEqual(planned.map(({ entity, load_id }) => ({ kind: 'planned', entity, load_id, run_id })));
});

test('L7 Alone: an entity with an unreadable or empty checkpoint is planned too', async () => {
  const { planned } = await plan(
    { entities: ['orders', 'fresh'] },
    [],
    [
      ['orders', undefined],
      ['fresh', {}],
    ],
  );
  expect(planned.map(({ load_type, since }) => [load_type, since])).toEqual([
    ['full', EPOCH],
    ['full', EPOCH],
  ]);
});

describe('a pending full load', () => {
  const pending_load = {
    load_id: '7b0c1d2e-1111-8222-8333-444455556666',
    load_type: 'full',
    since: EPOCH,
    until: timestamp('2024-01-15T12:00:00Z'),
    ingested_at: timestamp('2024-01-15T12:00:01Z'),
  } as const;
  const entries: typeof CHECKPOINTS = ['orders', 'lookup'].map((name) => [
    name,
    { last_sync_timestamp: SYNCED, pending_load },
  ]);
  const continued = async (input: Partial<PlanInput>) => {
    const { planned, sent, events } = await plan({ entities: ['orders', 'lookup'], ...input }, [], entries);
    expect(sent.map(({ load_id }) => load_id)).toEqual(planned.map(({ load_id }) => load_id));
    const said = events.flatMap((event) => (event.kind === 'load_continued' ? [[event.entity, event.claimed_at]] : []));
    const those = planned.filter(({ load_id }) => load_id === pending_load.load_id);
    expect(said).toEqual(those.map(({ entity, claimed_at }) => [entity, claimed_at]));
    return said;
  };

  test('is what a person’s request for a full load asks for', async () => {
    const { ingested_at } = pending_load;
    expect(await continued({ is_schedule: false })).toEqual([['lookup', ingested_at]]);
    expect(await continued({ is_schedule: false, load_type: 'full' })).toEqual([
      ['orders', ingested_at],
      ['lookup', ingested_at],
    ]);
  });

  test('is what a schedule asks for only as far as it reaches', async () => {
    expect(await continued({ load_type: 'full', scheduled_at: AT })).toEqual([]);
    expect(await continued({ load_type: 'full', scheduled_at: pending_load.until })).toHaveLength(2);
  });
});

test('an unknown entity is an error before anything is sent', async () => {
  const sent: ExtractRequest[] = [];
  await expect(plan({ entities: ['orders', 'ordres'] }, sent)).rejects.toMatchObject({ code: 'ENTITY_UNKNOWN' });
  expect(sent).toEqual([]);
});

test('a run that has an id keeps it, and asks for the same loads', async () => {
  const run_id = '7b0c1d2e-1111-4222-8333-444455556666';
  const [named, derived] = [await plan({ run_id }), await plan()];
  expect(named).toMatchObject({ run_id, sent: [{ run_id }, { run_id }, { run_id }] });
  expect(named.planned).toEqual(derived.planned);
});

describe('an entity without a checkpoint is planned, and the plan says what its request will fail with', () => {
  const load_id = '50000000-0000-8000-8000-000000000000';
  const problems = async (entity: string, body: object) => {
    const objects = new MemoryObjectStore();
    await objects.putIfAbsent(loadRecordKey({ entity, load_id }), encodeJson(body));
    const { planned } = await plan({}, [], [...CHECKPOINTS, ['lookup', undefined]], objects);
    return planned.flatMap(({ entity: of, problem }) => (problem ? [[of, problem]] : []));
  };

  test.each([
    ['completed', [['fresh', 'CHECKPOINT_LOST']]],
    ['abandoned', []],
    ['half', [['fresh', 'OBJECT_INVALID']]],
  ])('where its only load record is of a load that is %s', async (status, expected) => {
    const unreadable = ['lookup', 'CHECKPOINTS_UNREADABLE'];
    expect(await problems('fresh', recordOf('fresh', load_id, status))).toEqual([...expected, unreadable]);
  });

  test('no window is loaded again, and nobody is told that it was never loaded', async () => {
    const backfill = { from: timestamp('2024-01-01'), to: timestamp('2024-01-08') };
    const objects = new MemoryObjectStore();
    await objects.putIfAbsent(
      loadRecordKey({ entity: 'fresh', load_id }),
      encodeJson(recordOf('fresh', load_id, 'completed')),
    );
    const sent: ExtractRequest[] = [];
    const refused = async (entity: string) =>
      plan({ is_schedule: false, backfill, entities: [entity] }, sent, [['orders', undefined]], objects);
    const failure = { hint: expect.stringContaining('checkpoint restore') as string };
    await expect(refused('fresh')).rejects.toMatchObject({ code: 'CHECKPOINT_LOST', ...failure });
    await expect(refused('orders')).rejects.toMatchObject({ code: 'CHECKPOINTS_UNREADABLE', ...failure });
    expect(sent).toEqual([]);
  });
});

function recordOf(entity: string, load_id: string, status: string) {
  const counts = { rows: 1, rows_in_bronze: 1, rows_quarantined: 0, slices: 1, write_tasks: 1 };
  const lists = { engines: [], columns: [], parts: [], quarantine: [] };
  const times = { since: EPOCH, until: SYNCED, ingested_at: SYNCED, completed_at: SYNCED };
  return { version: 1, status, entity, load_id, load_type: 'full', ...times, ...counts, ...lists };
}
describe('a backfill', () => {
  const backfill = { from: timestamp('2024-01-01'), to: timestamp('2024-01-08') };
  const asked = { is_schedule: false, backfill, entities: ['orders'] } as const;

  test('is requested with its window, which is checked before anything is sent', async () => {
    const { planned, sent, run_id } = await plan(asked);
    const [{ load_id } = { load_id: '' }] = planned;
    expect(planned).toEqual([{ entity: 'orders', load_id, load_type: 'incremental', since: backfill.from, backfill }]);
    expect(sent).toEqual([{ entity: 'orders', load_id, run_id, backfill }]);
    const refused: ExtractRequest[] = [];
    await expect(plan({ ...asked, entities: ['fresh'] }, refused)).rejects.toMatchObject({ code: 'BACKFILL_REFUSED' });
    await expect(plan({ ...asked, entities: ['orders', 'lookup'] }, refused)).rejects.toThrow('lookup has no cursor');
    expect(refused).toEqual([]);
  });

  test('has an id of its own, also next to the usual load and another window of the same time', async () => {
    const of = async (input: Partial<PlanInput>) => (await plan({ ...asked, ...input })).planned[0]?.load_id;
    const other = { ...backfill, to: timestamp('2024-01-09') };
    const ids = [await of({}), await of({ backfill: undefined }), await of({ backfill: other })];
    expect(new Set(ids).size).toBe(3);
    expect(await of({})).toBe(ids[0]);
  });

  test('of the same window that is pending or waits is continued; one of another window is not', async () => {
    const load_id = '11111111-0000-8000-8000-000000000000';
    const pending_load = { load_id, load_type: 'incremental', since: SYNCED, until: SYNCED, ingested_at: AT } as const;
    const of = async (checkpoint: Checkpoint) =>
      plan(asked, [], [['orders', { last_sync_timestamp: SYNCED, ...checkpoint }]]);
    const continued = await of({ pending_load: { ...pending_load, backfill } });
    expect(continued.planned).toMatchObject([{ load_id, claimed_at: AT }]);
    expect(continued.sent).toMatchObject([{ load_id, backfill }]);
    expect(continued.events.at(-1)).toMatchObject({ kind: 'load_continued', load_id, backfill });
    const waiting = await of({ next_requests: [{ entity: 'orders', load_id, backfill }] });
    expect(waiting.planned).toMatchObject([{ load_id }]);
    expect(waiting.planned[0]).not.toHaveProperty('claimed_at');
    const other = await of({ pending_load: { ...pending_load, backfill: { ...backfill, to: SYNCED } } });
    expect(other.planned[0]?.load_id).not.toBe(load_id);
  });
});
