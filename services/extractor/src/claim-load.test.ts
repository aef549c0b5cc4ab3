import { CheckpointFile } from '@bronze/common/load/checkpoint-file';
import type { Checkpoint, PendingLoad } from '@bronze/common/load/checkpoint';
import type { CheckpointStore } from '@bronze/common/load/checkpoint-store';
import { defineConfig, entityOf } from '@bronze/common/config';
import type { PipelineEvent } from '@bronze/common/load/events';
import type { HighWatermark } from '@bronze/common/load/high-watermark';
import type { ExtractRequest } from '@bronze/common/load/messages';
import { CHECKPOINTS_KEY, loadRecordKey } from '@bronze/common/load/object-keys';
import { schemaDigest } from '@bronze/common/load/schema-changes';
import type { Claim, Source } from '@bronze/common/load/source';
import { BronzeError } from '@bronze/common/words/failure';
import { encodeJson } from '@bronze/common/words/json';
import { timestamp } from '@bronze/common/words/timestamp';
import { MemoryObjectStore } from '@bronze/emulators/memory-object-store';
import { describe, expect, test } from 'vitest';
import { claimLoad } from './claim-load.ts';

const config = defineConfig({
  sources: { db: { type: 'postgres' } },
  entities: {
    things: { source: 'db', table: 'public.things' },
    whole: { source: 'db', table: 'public.whole', cursor: null },
  },
});

const idOf = (n: number) => `${n}0000000-0000-8000-8000-000000000000`;
const NOW = timestamp('2024-01-15T12:00:00Z');
const SYNCED = timestamp('2024-01-14');
const WATERMARK: HighWatermark = { until: timestamp('2024-01-15'), basis: 'margin' };
const POSITION = {
  database: 'a/00000001/5',
  table_oid: '1',
  file_nodes: { '1': '7' },
  xid: '90',
  next_xid: '95',
  lower_bound: SYNCED,
  lower_bound_basis: 'activity',
  open_bound: SYNCED,
  open_bound_basis: 'activity',
  looked_at: SYNCED,
  open_transactions: {},
  at: SYNCED,
  scan_from: SYNCED,
} as const;
const IDLE: Checkpoint = { last_sync_timestamp: SYNCED, last_load_id: idOf(9), exact_position: POSITION };

function pendingOf(load_id: string): PendingLoad {
  return { load_id, load_type: 'incremental', since: SYNCED, until: NOW, ingested_at: NOW };
}

interface Found {
  readonly watermark?: () => Promise<HighWatermark>;
  /** What another process does before the n-th swap. */
  readonly beforeSwap?: (swap: number, store: CheckpointStore) => Promise<unknown>;
  readonly isOurs?: (run_id: string | undefined) => boolean;
}

async function claim(before: Checkpoint | undefined, request: ExtractRequest, found: Found = {}) {
  const objects = new MemoryObjectStore();
  const file = new CheckpointFile(objects);
  if (before) await file.swap(request.entity, 'absent', before);
  const [asked, events, read]: [Claim[], PipelineEvent[], string[]] = [[], [], []];
  let swaps = 0;
  const checkpoints: CheckpointStore = {
    readAll: () => file.readAll(),
    read: (entity) => file.read(entity),
    readStored: (entity) => file.readStored(entity),
    swap: async (entity, version, next) => {
      await found.beforeSwap?.(++swaps, file);
      return file.swap(entity, version, next);
    },
  };
  const source: Source = {
    system: 'rds',
    readHighWatermark: async (_, wanted) => {
      asked.push(wanted);
      return found.watermark ? found.watermark() : WATERMARK;
    },
    openSlice: () => Promise.reject(new Error('unused')),
  };
  const get = objects.get.bind(objects);
  objects.get = async (key) => {
    read.push(key);
    return get(key);
  };
  const clock = { now: () => NOW, sleep: async () => undefined };
  const deadline = { isNear: () => false, remainingMs: () => Infinity };
  const log = { event: (event: PipelineEvent) => void events.push(event) };
  const { isOurs } = found;
  const sent: ExtractRequest[] = [];
  const requests = { send: async (messages: readonly ExtractRequest[]) => void sent.push(...messages) };
  const ports = { objects, checkpoints, source, requests, clock, deadline, log, ...(isOurs && { isOurs }) };
  const run = () => claimLoad(ports, entityOf(config, request.entity), request);
  const after = async () => (await file.read(request.entity)).checkpoint;
  return { run, after, asked, events, read, objects, sent };
}

const THINGS: ExtractRequest = { entity: 'things', load_id: idOf(1) };
const RECORD = {
  version: 1,
  status: 'completed',
  entity: 'things',
  load_id: idOf(1),
  load_type: 'full',
  since: SYNCED,
  until: NOW,
  ingested_at: NOW,
  completed_at: NOW,
  rows: 0,
  rows_in_bronze: 0,
  rows_quarantined: 0,
  slices: 1,
  write_tasks: 0,
  engines: [],
  columns: [],
  parts: [],
  quarantine: [],
};

describe('a claim', () => {
  test('swaps the load into the checkpoint before it returns it, and says so', async () => {
    const { run, after, events } = await claim(IDLE, THINGS);
    const load = await run();
    expect(load).toMatchObject({ load_id: idOf(1), load_type: 'incremental', since: SYNCED, until: WATERMARK.until });
    expect(load?.ingested_at).toBe(NOW);
    expect(await after()).toEqual({ ...IDLE, pending_load: load });
    expect(events).toMatchObject([{ kind: 'load_claimed', load_id: idOf(1), since: SYNCED, until: WATERMARK.until }]);
  });

  test.each<[string, Checkpoint | undefined, number | undefined]>([
    ['of a full load', undefined, 250],
    ['of no other', IDLE, undefined],
  ])('says about how many rows there are to read %s', async (_, before, rows_estimated) => {
    const { run, events } = await claim(before, THINGS, {
      watermark: async () => ({ ...WATERMARK, rows_estimated: 250 }),
    });
    await run();
    expect(events).toMatchObject([{ kind: 'load_claimed', ...(rows_estimated && { rows_estimated }) }]);
    expect('rows_estimated' in (events[0] ?? {})).toBe(rows_estimated !== undefined);
  });

  test.each<[string, Checkpoint | undefined, ExtractRequest, Partial<Claim>]>([
    ['from the last one on', IDLE, THINGS, { since: SYNCED, exact_position: POSITION }],
    ['in full, if asked to', IDLE, { ...THINGS, load_type: 'full' }, { since: undefined, exact_position: POSITION }],
    ['in full, for the first time', undefined, THINGS, { since: undefined, exact_position: undefined }],
    ['in full, without a cursor', IDLE, { ...THINGS, entity: 'whole' }, { since: undefined }],
  ])('asks the source where it may be read to: %s', async (_, before, request, expected) => {
    const { run, asked } = await claim(before, request);
    await run();
    expect(asked).toHaveLength(1);
    expect(asked[0]).toMatchObject(expected);
  });

  test('is a full load if the source says so, and says why', async () => {
    const exact = { window: undefined, position: POSITION, fallback: 'table_changed', watermark_lag_seconds: 0 };
    const watermark = async () => ({ ...WATERMARK, exact, load_type: 'full' }) as unknown as HighWatermark;
    const { run, events } = await claim(IDLE, THINGS, { watermark });
    expect(await run()).toMatchObject({ load_type: 'full', since: timestamp('1970-01-01') });
    expect(events).toMatchObject([{ kind: 'load_claimed' }, { kind: 'window_fallback', reason: 'table_changed' }]);
  });

  test('claims nothing if the source can’t be read', async () => {
    const missing = new BronzeError('TABLE_MISSING', { message: 'no table', hint: '' });
    const { run, after, events } = await claim(IDLE, THINGS, { watermark: () => Promise.reject(missing) });
    await expect(run()).rejects.toBe(missing);
    expect([await after(), events]).toEqual([IDLE, []]);
  });

  test('looks for its record only after it has read the checkpoint, which is written later', async () => {
    const { run, read } = await claim(IDLE, THINGS);
    await run();
    const record = loadRecordKey({ entity: 'things', load_id: idOf(1) });
    expect(read.slice(0, 2)).toEqual([CHECKPOINTS_KEY, record]);
  });

  test('freezes a digest of the columns of the load before, whose record it reads anyway', async () => {
    const { run, objects, read } = await claim(IDLE, THINGS);
    const columns = [{ name: 'id', type: 'bigint' }];
    const key = loadRecordKey({ entity: 'things', load_id: idOf(9) });
    await objects.putIfAbsent(key, encodeJson({ ...RECORD, load_id: idOf(9), columns }));
    expect(await run()).toMatchObject({ previous_load_id: idOf(9), previous_schema: schemaDigest({ columns }) });
    expect(read.filter((one) => one === key)).toHaveLength(1);
  });

  test('takes the oldest request that waits, and leaves its own to wait', async () => {
    const waiting: ExtractRequest = { entity: 'things', load_id: idOf(2), load_type: 'full' };
    const { run, after } = await claim({ ...IDLE, next_requests: [waiting] }, THINGS);
    expect(await run()).toMatchObject({ load_id: idOf(2), load_type: 'full' });
    expect((await after())?.next_requests).toEqual([THINGS]);
  });
});

describe('a request whose load', () => {
  test('was decided does nothing, and says so', async () => {
    const { run, after, asked, events, objects } = await claim(IDLE, THINGS);
    await objects.putIfAbsent(loadRecordKey({ entity: 'things', load_id: idOf(1) }), encodeJson(RECORD));
    expect(await run()).toBeUndefined();
    expect([await after(), asked]).toEqual([IDLE, []]);
    expect(events).toMatchObject([{ kind: 'request_done', load_id: idOf(1), reason: 'already_loaded' }]);
  });

  test('was taken out of the checkpoint is not claimed again by what continues it, nor waits behind another', async () => {
    const { run, after, asked, events } = await claim(IDLE, { ...THINGS, slice: 1 });
    expect(await run()).toBeUndefined();
    expect([await after(), asked]).toEqual([IDLE, []]);
    expect(events).toMatchObject([{ kind: 'request_done', load_id: idOf(1), reason: 'load_gone' }]);
    const busy = { ...IDLE, pending_load: pendingOf(idOf(2)) };
    const other = await claim(busy, { ...THINGS, slice: 1 });
    expect(await other.run()).toEqual(pendingOf(idOf(2)));
    expect(await other.after()).toEqual(busy);
  });

  test('is pending helps it as it was claimed, without asking the source', async () => {
    const before = { ...IDLE, pending_load: pendingOf(idOf(1)) };
    const { run, after, asked } = await claim(before, THINGS);
    expect(await run()).toEqual(pendingOf(idOf(1)));
    expect([await after(), asked]).toEqual([before, []]);
  });

  test('has to wait is swapped into the queue before it helps the pending one', async () => {
    const before = { ...IDLE, pending_load: pendingOf(idOf(3)) };
    const { run, after } = await claim(before, THINGS);
    expect(await run()).toEqual(pendingOf(idOf(3)));
    expect(await after()).toEqual({ ...before, next_requests: [THINGS] });
  });
});

describe('a swap that another process has won', () => {
  const others: Checkpoint = { ...IDLE, pending_load: pendingOf(idOf(4)) };
  const overtakenBy = (next: Checkpoint) => async (swap: number, store: CheckpointStore) => {
    if (swap > 1) return;
    const { version } = await store.read('things');
    await store.swap('things', version, next);
  };

  test('claims nothing: the request waits, and helps the load of the other', async () => {
    const { run, after, asked, events } = await claim(IDLE, THINGS, { beforeSwap: overtakenBy(others) });
    expect(await run()).toEqual(pendingOf(idOf(4)));
    expect(await after()).toEqual({ ...others, next_requests: [THINGS] });
    expect(asked).toHaveLength(1);
    expect(events.filter(({ kind }) => kind === 'load_claimed')).toEqual([]);
  });

  test('asks the source again if the load of the other has ended since', async () => {
    const ended = { ...IDLE, last_load_id: idOf(5), last_sync_timestamp: timestamp('2024-01-14T12:00:00Z') };
    const { run, asked } = await claim(IDLE, THINGS, { beforeSwap: overtakenBy(ended) });
    expect(await run()).toMatchObject({ load_id: idOf(1), since: ended.last_sync_timestamp });
    expect(asked.map(({ since }) => since)).toEqual([SYNCED, ended.last_sync_timestamp]);
  });

  test('queues the request behind what waits by now', async () => {
    const waiting: ExtractRequest = { entity: 'things', load_id: idOf(6), load_type: 'full' };
    const beforeSwap = overtakenBy({ ...others, next_requests: [waiting] });
    const { run, after } = await claim({ ...IDLE, pending_load: pendingOf(idOf(4)) }, THINGS, { beforeSwap });
    expect(await run()).toEqual(pendingOf(idOf(4)));
    expect((await after())?.next_requests).toEqual([waiting, THINGS]);
  });
});

describe('where each run carries out its own, a late message of a decided load', () => {
  const run_id = idOf(8);
  const late = async (state: Partial<Checkpoint>) => {
    const claimed = await claim({ ...IDLE, ...state }, THINGS, { isOurs: (asked) => asked === run_id });
    await claimed.objects.putIfAbsent(loadRecordKey({ entity: 'things', load_id: idOf(1) }), encodeJson(RECORD));
    return { load: await claimed.run(), said: claimed.events.map(({ kind }) => kind) };
  };
  const done = { load: undefined, said: ['request_done'] };
  const waiting: ExtractRequest = { entity: 'things', load_id: idOf(2) };

  test('does nothing for a load or a request of another run, or of nobody', async () => {
    expect(await late({ pending_load: pendingOf(idOf(2)) })).toEqual(done);
    expect(await late({ pending_load: { ...pendingOf(idOf(2)), run_id: idOf(9) } })).toEqual(done);
    expect(await late({ next_requests: [waiting] })).toEqual(done);
    expect(await late({ next_requests: [{ ...waiting, run_id: idOf(9) }] })).toEqual(done);
    expect(await late({})).toEqual(done);
  });

  test('helps a load of its own run, begins a request of its own run, and finishes its own load', async () => {
    const ours = { ...pendingOf(idOf(2)), run_id };
    expect((await late({ pending_load: ours })).load).toEqual(ours);
    expect((await late({ next_requests: [{ ...waiting, run_id }] })).load).toMatchObject({ load_id: idOf(2), run_id });
    expect((await late({ pending_load: pendingOf(idOf(1)) })).load).toEqual(pendingOf(idOf(1)));
  });
});

describe('an entity without a checkpoint that a completed load has brought to bronze', () => {
  const put = async ({ objects }: { objects: MemoryObjectStore }, record: object) =>
    objects.putIfAbsent(loadRecordKey({ entity: 'things', load_id: idOf(5) }), encodeJson(record));
  const LOADED = { ...RECORD, load_id: idOf(5) };

  test.each(['full', 'incremental'] as const)('is not claimed by a request for a %s load', async (load_type) => {
    const world = await claim(undefined, { ...THINGS, load_type });
    await put(world, LOADED);
    await expect(world.run()).rejects.toMatchObject({
      code: 'CHECKPOINT_LOST',
      kind: 'permanent',
      message: expect.stringContaining('although loads of it have completed') as string,
      hint: expect.stringMatching(/checkpoint restore.+checkpoint reset/) as string,
    });
    expect(await world.after()).toBeUndefined();
    expect(world.asked).toEqual([]);
  });

  test.each<[string, Partial<ExtractRequest>]>([
    ['a backfill', { backfill: { from: timestamp('2024-01-01'), to: timestamp('2024-01-08') } }],
    ['what continues a load', { slice: 1 }],
  ])('is lost for %s too', async (_, asked) => {
    const world = await claim(undefined, { ...THINGS, ...asked });
    await put(world, LOADED);
    await expect(world.run()).rejects.toMatchObject({ code: 'CHECKPOINT_LOST' });
  });

  test('is claimed if it has an entry, empty as it may be: somebody has reset it', async () => {
    const world = await claim({}, THINGS);
    await put(world, LOADED);
    expect(await world.run()).toMatchObject({ load_type: 'full' });
  });

  test('is claimed if the load was abandoned', async () => {
    const world = await claim(undefined, THINGS);
    await put(world, { ...LOADED, status: 'abandoned' });
    expect(await world.run()).toMatchObject({ load_type: 'full' });
  });

  test('is not lost if that first load was claimed and completed while this claim looked', async () => {
    const world = await claim(undefined, THINGS);
    const { objects } = world;
    const list = objects.list.bind(objects);
    objects.list = async (prefix) => {
      await put(world, LOADED);
      await new CheckpointFile(objects).swap('things', 'absent', { ...IDLE, last_load_id: idOf(5) });
      return list(prefix);
    };
    expect(await world.run()).toMatchObject({ load_id: idOf(1), load_type: 'incremental', since: SYNCED });
  });
});

test('only a claim without a checkpoint lists the load records', async () => {
  const listed: string[] = [];
  for (const before of [IDLE, undefined]) {
    const { run, objects } = await claim(before, THINGS);
    const list = objects.list.bind(objects);
    objects.list = async (prefix) => {
      if (prefix.includes('/loads/')) listed.push(prefix);
      return list(prefix);
    };
    await run();
  }
  expect(listed).toEqual(['logs/pipeline/ingestion/loads/things/']);
});

describe('the claim of a backfill', () => {
  const backfill = { from: timestamp('2024-01-01'), to: timestamp('2024-01-08') };
  const BACKFILL: ExtractRequest = { ...THINGS, backfill };
  const NEXT: ExtractRequest = { entity: 'things', load_id: idOf(2) };

  test('asks the source from its own beginning, continues no position, and is said', async () => {
    const { run, after, asked, events } = await claim(IDLE, BACKFILL);
    const load = await run();
    expect(asked).toEqual([{ since: backfill.from, deadline: expect.anything() as unknown }]);
    expect(load).toMatchObject({ since: backfill.from, until: backfill.to, backfill, load_type: 'incremental' });
    expect(await after()).toEqual({ ...IDLE, pending_load: load });
    expect(events).toMatchObject([{ kind: 'load_claimed', load_id: idOf(1), backfill }]);
  });

  test('is refused where nothing can be carried out, and changes nothing', async () => {
    const { run, after, asked } = await claim({ ...IDLE, last_sync_timestamp: backfill.from }, BACKFILL);
    await expect(run()).rejects.toMatchObject({ code: 'BACKFILL_REFUSED' });
    expect(await after()).toEqual({ ...IDLE, last_sync_timestamp: backfill.from });
    expect(asked).toEqual([]);
    const whole = await claim(IDLE, { ...BACKFILL, entity: 'whole' });
    await expect(whole.run()).rejects.toThrow('whole has no cursor');
  });

  test('that is refused in its turn waits no longer, and the next request is sent', async () => {
    const state = { ...IDLE, last_sync_timestamp: backfill.from };
    const { run, after, sent } = await claim({ ...state, next_requests: [BACKFILL, NEXT] }, BACKFILL);
    await expect(run()).rejects.toMatchObject({ code: 'BACKFILL_REFUSED' });
    expect(await after()).toEqual({ ...state, next_requests: [NEXT] });
    expect(sent).toEqual([NEXT]);
  });

  test('that loses its swap decides again by the checkpoint that is there then', async () => {
    const { run, after } = await claim(
      { ...IDLE, last_sync_timestamp: backfill.from, next_requests: [BACKFILL] },
      BACKFILL,
      {
        beforeSwap: async (swap, store) => {
          const { version } = await store.read('things');
          return swap === 1 && store.swap('things', version, { ...IDLE, next_requests: [BACKFILL] });
        },
      },
    );
    expect(await run()).toMatchObject({ load_id: idOf(1), backfill });
    expect(await after()).not.toHaveProperty('next_requests');
  });
});
