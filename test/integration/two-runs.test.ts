import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { exitCodeOfRun } from '@bronze/cli/exit-code';
import { FolderObjectStore } from '@bronze/common/adapters/local/folder-object-store';
import { SystemClock } from '@bronze/common/adapters/system-clock';
import { defineConfig } from '@bronze/common/config';
import type { EndpointEntityInput } from '@bronze/common/config/rest';
import { abandonLoad } from '@bronze/common/load/abandon-load';
import { CheckpointFile } from '@bronze/common/load/checkpoint-file';
import { env } from '@bronze/common/reference';
import type { PipelineEvent } from '@bronze/common/load/events';
import { MovingList } from '@bronze/demo/source-api/api-record';
import { LoopbackServer } from '@bronze/demo/source-api/loopback-server';
import { SourceApi } from '@bronze/demo/source-api/source-api';
import { readDeadLetters } from '@bronze/runner/folder-state';
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
  readonly hasUrl?: boolean;
  readonly load_type?: 'full';
  readonly on?: (event: PipelineEvent) => void;
  readonly stop?: AbortSignal;
}

/** A folder and an API whose answers can be held back. */
class Shop {
  readonly out: string;
  readonly #server: LoopbackServer;
  #held: Promise<void> | undefined;
  /** Requests that have come to the API. */
  arrived = 0;

  private constructor(out: string, server: LoopbackServer) {
    this.out = out;
    this.#server = server;
  }

  static async open(): Promise<Shop> {
    const list = new MovingList(Array.from({ length: RECORDS }, (_, n) => recordOf(n)));
    const apiKey = async () => {
      shop.arrived += 1;
      await shop.#held;
      return undefined;
    };
    const server = await LoopbackServer.start(new SourceApi({ lists: { '/list': () => list }, apiKey }));
    const shop = new Shop(await mkdtemp(join(tmpdir(), 'bronze-two-')), server);
    onTestFinished(async () => {
      await server.stop();
      await rm(shop.out, { recursive: true });
    });
    return shop;
  }

  /** Until `release` is called the API answers nothing. */
  hold(): () => void {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#held = promise;
    return resolve;
  }

  run({ entity, config = CONFIG, hasUrl = true, load_type, on = () => undefined, stop }: Given): Promise<RunReport> {
    const environment = hasUrl ? { API_URL: this.#server.url } : {};
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
      const release = this.hold();
      return this.run({ ...b, on: ({ kind }) => void (kind === until && release()) }).finally(release);
    };
    const on = ({ kind }: PipelineEvent) => void (kind === 'slice_committed' && (other ??= begin()));
    const a = await this.run({ entity: 'plain', on });
    if (!other) throw new Error('run A committed no slice');
    return [a, await other];
  }

  /** Abandons the pending load of the entity, while the API answers nothing. */
  async abandon(entity: string): Promise<void> {
    const release = this.hold();
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
    const [a, b] = await shop.besides({ entity, hasUrl: false }, 'message_failed');
    expect([saidOf(a), saidOf(b)]).toEqual([['plain completed'], [`${entity} failed REFERENCE_UNRESOLVED`]]);
    expect(await shop.rowsAndKeys('plain')).toEqual([RECORDS, RECORDS]);
  },
);

test('a run whose configuration lacks the other’s entity does not touch its messages', async () => {
  const shop = await Shop.open();
  const [a, b] = await shop.besides({ entity: 'more', config: configOf({ more: {} }) }, 'planned');
  expect([saidOf(a), saidOf(b), b.left]).toEqual([['plain completed'], ['more completed'], []]);
  expect(readDeadLetters(shop.out)).toEqual([]);
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
  const release = shop.hold();
  const both = Promise.all([shop.run({ entity: 'plain' }), shop.run({ entity: 'plain' })]);
  await expect.poll(() => shop.arrived, { interval: 1, timeout: 30_000 }).toBe(2);
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
  expect(readDeadLetters(shop.out)).toEqual([]);
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
