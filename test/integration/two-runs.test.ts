import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { exitCodeOfRun } from '@bronze/cli/exit-code';
import { FolderObjectStore } from '@bronze/common/adapters/local/folder-object-store';
import { SystemClock } from '@bronze/common/adapters/system-clock';
import { defineConfig } from '@bronze/common/config';
import type { EndpointEntityInput } from '@bronze/common/config/rest';
import { abandonLoad } from '@bronze/common/load/abandon-load';
import type { Checkpoint } from '@bronze/common/load/checkpoint';
import { CheckpointFile } from '@bronze/common/load/checkpoint-file';
import { CHECKPOINTS_KEY } from '@bronze/common/load/object-keys';
import { env } from '@bronze/common/reference';
import type { PipelineEvent } from '@bronze/common/load/events';
import { MovingList } from '@bronze/demo/source-api/api-record';
import { LoopbackServer } from '@bronze/demo/source-api/loopback-server';
import { SourceApi } from '@bronze/demo/source-api/source-api';
import { readQueues } from '@bronze/common/adapters/local/queue-reader';
import { queuesFile, readFolderState } from '@bronze/runner/folder-state';
import { type RunReport, runLocally } from '@bronze/runner/run-locally';
import { expect, onTestFinished, test } from 'vitest';
import { rowsInBronze } from '../bronze-folder.ts';
import { PAGINGS, recordOf } from './rest-world.ts';

const RECORDS = 100;

/** Slices of one page. */
const LIST: EndpointEntityInput = {
  source: 'api',
  endpoint: '/list',
  records_path: 'data',
  primary_key: ['id'],
  paging: PAGINGS.cursor,
  batch_rows: 20,
  slice_rows: 20,
};

function configOf(entities: Record<string, Partial<EndpointEntityInput>>) {
  return defineConfig({
    sources: { api: { type: 'rest', base_url: env('API_URL'), margin_seconds: 0, requests_per_second: 10_000 } },
    entities: Object.fromEntries(Object.entries(entities).map(([name, more]) => [name, { ...LIST, ...more }])),
  });
}

/** `plain` is always loaded in full, `things` by its cursor. */
const CONFIG = configOf({ plain: { cursor: null }, things: {} });

interface Given {
  readonly entity: string;
  readonly config?: typeof CONFIG;
  readonly environment?: Record<string, string>;
  readonly load_type?: 'full';
  readonly on?: (event: PipelineEvent) => void;
  readonly stop?: AbortSignal;
}

const LIST_OF_THINGS = new MovingList(Array.from({ length: RECORDS }, (_, n) => recordOf(n)));

/** An API whose answers can be held back. */
class Api {
  #held: Promise<void> | undefined;
  /** Requests that have come to it. */
  arrived = 0;
  /** That of a run which reads it. */
  readonly environment: Record<string, string> = {};

  static async start(): Promise<Api> {
    const api = new Api();
    const apiKey = async () => {
      api.arrived += 1;
      await api.#held;
      return undefined;
    };
    const server = await LoopbackServer.start(new SourceApi({ lists: { '/list': () => LIST_OF_THINGS }, apiKey }));
    onTestFinished(() => server.stop());
    api.environment['API_URL'] = server.url;
    return api;
  }

  /** Until `release` is called the API answers nothing. */
  hold(): () => void {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#held = promise;
    return resolve;
  }
}

/** A folder and an API. */
class Shop {
  readonly out: string;
  readonly api: Api;

  private constructor(out: string, api: Api) {
    this.out = out;
    this.api = api;
  }

  static async open(): Promise<Shop> {
    const shop = new Shop(await mkdtemp(join(tmpdir(), 'bronze-two-')), await Api.start());
    onTestFinished(() => rm(shop.out, { recursive: true }));
    return shop;
  }

  run(given: Given): Promise<RunReport> {
    const { entity, config = CONFIG, load_type, on = () => undefined, stop } = given;
    const { environment = this.api.environment } = given;
    const options = { config, out_dir: this.out, engine: 'duckdb', environment, log: { event: on } } as const;
    return runLocally(options, { stop: stop ?? new AbortController().signal, entities: [entity], load_type });
  }

  /** A run that is stopped when it has staged a batch. */
  interruptedRun(given: Given): Promise<RunReport> {
    const stop = new AbortController();
    const on = ({ kind }: PipelineEvent) => void (kind === 'batch_staged' && stop.abort());
    return this.run({ ...given, on, stop: stop.signal });
  }

  /**
   * Run A of `plain`, and run B that begins when A has committed a slice. The API answers again at B's first event of
   * this kind.
   */
  async besides(b: Given, until: PipelineEvent['kind']): Promise<readonly [RunReport, RunReport]> {
    let other: Promise<RunReport> | undefined;
    const begin = () => {
      const release = this.api.hold();
      return this.run({ ...b, on: ({ kind }) => void (kind === until && release()) }).finally(release);
    };
    const on = ({ kind }: PipelineEvent) => void (kind === 'slice_committed' && (other ??= begin()));
    const a = await this.run({ entity: 'plain', on });
    if (!other) throw new Error('run A committed no slice');
    return [a, await other];
  }

  /** Abandons the pending load of the entity, while the API answers nothing. */
  async abandon(entity: string): Promise<void> {
    const release = this.api.hold();
    const objects = await FolderObjectStore.open(this.out);
    const [checkpoints, requests] = [new CheckpointFile(objects), { send: async () => undefined }];
    const log = { event: () => undefined };
    await abandonLoad({ objects, checkpoints, requests, clock: new SystemClock(), log }, entity);
    objects.close();
    release();
  }

  async rowsAndKeys(entity: string): Promise<readonly [number, number]> {
    const rows = await rowsInBronze(this.out, entity);
    return [rows.length, new Set(rows.map(({ id }) => id)).size];
  }
}

const saidOf = ({ results }: RunReport) =>
  results.map(({ entity, status, failure }) => `${entity} ${status} ${failure?.code ?? ''}`.trim());
const loadsOf = ({ results }: RunReport) => results.flatMap(({ loads }) => loads);

test.each(['things', 'plain'])(
  'a run of %s that lacks the other’s environment fails by itself, and the other completes',
  async (entity) => {
    const shop = await Shop.open();
    const [a, b] = await shop.besides({ entity, environment: {} }, 'message_failed');
    expect([saidOf(a), saidOf(b)]).toEqual([['plain completed'], [`${entity} failed REFERENCE_UNRESOLVED`]]);
    expect(await shop.rowsAndKeys('plain')).toEqual([RECORDS, RECORDS]);
  },
);

test('a run whose configuration lacks the other’s entity does not touch its messages', async () => {
  const shop = await Shop.open();
  const [a, b] = await shop.besides({ entity: 'more', config: configOf({ more: {} }) }, 'planned');
  expect([saidOf(a), saidOf(b), b.left]).toEqual([['plain completed'], ['more completed'], []]);
  expect(readFolderState(shop.out).dead_letters).toEqual([]);
});

test('two runs of a list without a cursor make one load, and both report it', async () => {
  const shop = await Shop.open();
  const [a, b] = await shop.besides({ entity: 'plain' }, 'planned');
  expect([saidOf(a), saidOf(b)]).toEqual([['plain completed'], ['plain completed']]);
  const [load, ...more] = loadsOf(a);
  expect([more, loadsOf(b)]).toEqual([[], [load]]);
  expect([a, b].map(({ results }) => results[0]?.continued_from)).toEqual([undefined, load?.ingested_at]);
  expect(await shop.rowsAndKeys('plain')).toEqual([RECORDS, RECORDS]);
});

test('two runs that ask at once make one load, and both report it', async () => {
  const shop = await Shop.open();
  const release = shop.api.hold();
  const both = Promise.all([shop.run({ entity: 'plain' }), shop.run({ entity: 'plain' })]);
  await expect.poll(() => shop.api.arrived, { interval: 1, timeout: 30_000 }).toBe(2);
  release();
  const [a, b] = await both;
  expect([saidOf(a), saidOf(b)]).toEqual([['plain completed'], ['plain completed']]);
  expect(loadsOf(a).map(({ load_id }) => load_id)).toEqual(loadsOf(b).map(({ load_id }) => load_id));
  expect(await shop.rowsAndKeys('plain')).toEqual([RECORDS, RECORDS]);
});

test('a run whose load is abandoned meanwhile says so, and its exit code is 4', async () => {
  const shop = await Shop.open();
  let abandoned: Promise<void> | undefined;
  const on = ({ kind }: PipelineEvent) => void (kind === 'slice_committed' && (abandoned ??= shop.abandon('plain')));
  const report = await shop.run({ entity: 'plain', on });
  await abandoned;
  expect(saidOf(report)).toEqual(['plain abandoned']);
  expect(exitCodeOfRun(report.results)).toBe(4);
});

test('what an ended run left of another entity stays until a run asks for it', async () => {
  const shop = await Shop.open();
  expect(saidOf(await shop.interruptedRun({ entity: 'plain' }))).toEqual(['plain interrupted']);
  const other = await shop.run({ entity: 'more', config: configOf({ more: {} }) });
  expect([saidOf(other), other.left]).toEqual([
    ['more completed'],
    [{ entity: 'plain', messages: expect.any(Number) }],
  ]);
  expect(readFolderState(shop.out).dead_letters).toEqual([]);
  const last = await shop.run({ entity: 'plain' });
  expect([saidOf(last), last.left]).toEqual([['plain completed'], []]);
  expect(await shop.rowsAndKeys('plain')).toEqual([RECORDS, RECORDS]);
});

test.each([
  ['a list without a cursor', { entity: 'plain' }],
  ['a list with a cursor, its first', { entity: 'things' }],
  ['a list with a cursor, asked for with --full', { entity: 'things', load_type: 'full' }],
] as const)('three interrupted runs and one that ends bring %s once', async (_, given) => {
  const shop = await Shop.open();
  for (let n = 0; n < 3; n += 1) await shop.interruptedRun(given);
  const last = await shop.run(given);
  expect(saidOf(last)).toEqual([`${given.entity} completed`]);
  expect(loadsOf(last).filter(({ load_type }) => load_type === 'full')).toHaveLength(1);
  expect(await shop.rowsAndKeys(given.entity)).toEqual([RECORDS, RECORDS]);
});

test('a full load that an interrupted run asked for and did not begin is made by the next run', async () => {
  const shop = await Shop.open();
  await shop.run({ entity: 'things' });
  const stop = new AbortController();
  await shop.run({ entity: 'things', load_type: 'full', on: () => stop.abort(), stop: stop.signal });
  const last = await shop.run({ entity: 'things' });
  expect(loadsOf(last).map(({ load_type, rows }) => [load_type, rows])).toContainEqual(['full', RECORDS]);
  expect(await shop.rowsAndKeys('things')).toEqual([2 * RECORDS, RECORDS]);
});

interface TwoRuns {
  readonly shop: Shop;
  /** The API that B reads instead of the shop's. */
  readonly api: Api;
  readonly on: (event: PipelineEvent, of: 'A' | 'B') => void;
  readonly stop?: AbortSignal;
  /** B's configuration. Default: A's. */
  readonly config?: typeof CONFIG;
}

/**
 * Run A of `things`, and run B, which begins when A has committed a slice: B's request waits behind A's load, and helps it.
 * From that slice on A's API answers nothing until `release` is called.
 */
async function behindEachOther({ shop, api, on, stop, config = CONFIG }: TwoRuns) {
  const begun = Promise.withResolvers<{ readonly b: Promise<RunReport>; readonly release: () => void }>();
  let isBegun = false;
  const begin = () => {
    isBegun = true;
    const release = shop.api.hold();
    const given = { entity: 'things', config, environment: api.environment, ...(stop && { stop }) };
    begun.resolve({ b: shop.run({ ...given, on: (event) => on(event, 'B') }), release });
  };
  const a = shop.run({
    entity: 'things',
    on: (event) => {
      on(event, 'A');
      if (event.kind === 'slice_committed' && !isBegun) begin();
    },
  });
  return { a, ...(await begun.promise) };
}

const askedBy = ({ plan }: RunReport) => plan.planned.map(({ load_id }) => load_id);
const loadIdsOf = (report: RunReport) => loadsOf(report).map(({ load_id }) => load_id);

test('a run leaves a request that waits behind its load to the run that asked, and each reports its own', async () => {
  const [shop, api] = [await Shop.open(), await Api.start()];
  const releaseB = api.hold();
  // What A carries out after its load fails.
  const on: TwoRuns['on'] = ({ kind }, of) =>
    void (of === 'A' && kind === 'load_completed' && delete shop.api.environment['API_URL']);
  const runs = await behindEachOther({ shop, api, on });
  await expect.poll(() => api.arrived, { interval: 1, timeout: 30_000 }).toBe(1);
  runs.release();
  const a = await runs.a;
  releaseB();
  const b = await runs.b;
  expect([saidOf(a), saidOf(b)]).toEqual([['things completed'], ['things completed']]);
  expect([loadIdsOf(a), loadIdsOf(b)]).toEqual([askedBy(a), askedBy(b)]);
  expect(loadsOf(b)).toMatchObject([{ load_type: 'incremental', run_id: b.plan.run_id }]);
  expect(await shop.rowsAndKeys('things')).toEqual([RECORDS, RECORDS]);
});

test.each(['load_completed', 'load_claimed'] as const)(
  'a late message of a run’s load does not take part in the next run’s, after %s',
  async (kind) => {
    const [shop, api] = [await Shop.open(), await Api.start()];
    const reached = Promise.withResolvers<() => void>();
    const on: TwoRuns['on'] = (event, of) => {
      if (of !== 'B' || event.kind !== kind) return;
      delete shop.api.environment['API_URL'];
      reached.resolve(api.hold());
    };
    const runs = await behindEachOther({ shop, api, on });
    const releaseB = await reached.promise;
    runs.release();
    const a = await runs.a;
    releaseB();
    const b = await runs.b;
    expect([saidOf(a), saidOf(b)]).toEqual([['things completed'], ['things completed']]);
    expect(loadIdsOf(a)).toEqual(askedBy(a));
    expect(loadIdsOf(b)).toEqual([...askedBy(a), ...askedBy(b)]);
    expect([a, b].map(({ results }) => results[0]?.load?.load_id)).toEqual([...askedBy(a), ...askedBy(b)]);
    expect(await shop.rowsAndKeys('things')).toEqual([RECORDS, RECORDS]);
  },
);

test('a request that waits for a run which has ended is carried out by the next run of that entity', async () => {
  const [shop, api] = [await Shop.open(), await Api.start()];
  const releaseB = api.hold();
  const stop = new AbortController();
  const on: TwoRuns['on'] = ({ kind }, of) =>
    void (of === 'A' && kind === 'load_completed' && delete shop.api.environment['API_URL']);
  const runs = await behindEachOther({ shop, api, on, stop: stop.signal });
  await expect.poll(() => api.arrived, { interval: 1, timeout: 30_000 }).toBe(1);
  stop.abort();
  releaseB();
  const b = await runs.b;
  runs.release();
  const a = await runs.a;
  expect([saidOf(a), saidOf(b), loadIdsOf(a)]).toEqual([['things completed'], ['things interrupted'], askedBy(a)]);
  const next = await shop.run({ entity: 'things', environment: api.environment });
  expect([saidOf(next), loadIdsOf(next)]).toEqual([['things completed'], askedBy(b)]);
  expect(await shop.rowsAndKeys('things')).toEqual([RECORDS, RECORDS]);
});

test('a run whose configuration can’t help the load that its request waits behind leaves it to the other, and waits', async () => {
  const [shop, api] = [await Shop.open(), await Api.start()];
  const config = configOf({ things: { paging: PAGINGS.offset } });
  const runs = await behindEachOther({ shop, api, on: () => undefined, config });
  const waiting = async () => {
    const file = await readFile(join(shop.out, CHECKPOINTS_KEY), 'utf8');
    const { things } = JSON.parse(file) as { things: Checkpoint };
    const [request] = things.next_requests ?? [];
    const messages = readQueues(queuesFile(shop.out));
    return request !== undefined && !messages.some(({ body }) => body.includes(request.load_id));
  };
  await expect.poll(waiting, { interval: 5, timeout: 30_000 }).toBe(true);
  runs.release();
  const [a, b] = [await runs.a, await runs.b];
  expect([saidOf(a), saidOf(b)]).toEqual([['things completed'], ['things completed']]);
  expect([loadIdsOf(a), loadIdsOf(b)]).toEqual([askedBy(a), askedBy(b)]);
  expect(readFolderState(shop.out).dead_letters).toEqual([]);
  expect(await shop.rowsAndKeys('things')).toEqual([RECORDS, RECORDS]);
});
