import { mkdtemp, readdir, readFile, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { defineConfig } from '@bronze/common/config';
import type { Backfill } from '@bronze/common/load/backfill';
import type { PipelineEvent } from '@bronze/common/load/events';
import type { Failure } from '@bronze/common/words/failure';
import type { LoadRecord } from '@bronze/common/load/load-record';
import type { EndpointEntityInput, RestSourceInput } from '@bronze/common/config/rest';
import { type ApiRecord, type ListOrder, MovingList } from '@bronze/demo/source-api/api-record';
import type { Faults } from '@bronze/demo/source-api/faults';
import { LoopbackServer } from '@bronze/demo/source-api/loopback-server';
import { moveList } from '@bronze/demo/source-api/move-list';
import { SourceApi } from '@bronze/demo/source-api/source-api';
import { type EntityResult, runLocally } from '@bronze/runner/run-locally';
import { rowsInBronze } from '../bronze-folder.ts';

export interface RestSettings {
  readonly records?: number | readonly ApiRecord[];
  readonly order?: ListOrder;
  readonly faults?: Faults;
  readonly source?: Partial<RestSourceInput>;
  readonly entity?: Partial<EndpointEntityInput>;
  readonly key?: string;
}

export const PAGINGS = {
  page: { style: 'page', size: 20 },
  offset: { style: 'offset', size: 20 },
  cursor: { style: 'cursor', cursor_path: 'meta.next_cursor', size: 20 },
  'next-link in the body': { style: 'next-link', link_path: 'links.next', size: 20 },
  'next-link in the Link header': { style: 'next-link', size: 20 },
} as const satisfies Record<string, NonNullable<EndpointEntityInput['paging']>>;

export function recordOf(n: number, updated_at = dayOf(n)): ApiRecord {
  const id = `r${String(n).padStart(7, '0')}`;
  const json = `{"updated_at":"${updated_at}","id":"${id}","n":${9_007_199_254_740_993n + BigInt(n)},"amount":${n}.340,"tags":["ä 🎁",{"b":1.0,"a":null}],"note":${n % 3 === 0 ? 'null' : '""'},"is_paid":${n % 2 === 0}}`;
  return { id, updated_at, json };
}

/** Forty records share each timestamp. */
function dayOf(n: number): string {
  return `2024-01-${String(1 + (Math.floor(n / 40) % 28)).padStart(2, '0')}T10:32:00.123456Z`;
}

/** A real API on a real socket, and the pipeline writing to a folder. */
export class RestWorld {
  readonly api: SourceApi;
  readonly list: MovingList;
  readonly out: string;
  readonly events: PipelineEvent[] = [];
  readonly settings: RestSettings;
  /** The key that the API expects; the pipeline reads its own from the secret file. */
  key: string;
  #server: LoopbackServer | undefined;

  private constructor(settings: RestSettings, out: string) {
    this.settings = settings;
    this.out = out;
    this.key = settings.key ?? 'key-4f1d9c7e';
    const { records = 250, order, faults } = settings;
    const initial = typeof records === 'number' ? Array.from({ length: records }, (_, n) => recordOf(n)) : records;
    this.list = new MovingList(initial, order);
    this.api = new SourceApi({
      lists: { '/things': () => this.list },
      apiKey: async () => this.key,
      move: (_, how) => moveList(this.list, how),
      ...(faults && { faults }),
    });
  }

  static async open(settings: RestSettings = {}): Promise<RestWorld> {
    const world = new RestWorld(settings, await mkdtemp(join(tmpdir(), 'bronze-rest-')));
    world.#server = await LoopbackServer.start(world.api);
    await world.writeSecret(world.key);
    return world;
  }

  /** For `await using`: tests that wait a lot can run concurrently. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#server?.stop();
  }

  get url(): string {
    return this.#server?.url ?? '';
  }

  get secretFile(): string {
    return `${this.out}.secret`;
  }

  writeSecret(key: string): Promise<void> {
    return this.writeRaw(JSON.stringify({ api_key: key }));
  }

  writeRaw(secret: string): Promise<void> {
    return writeFile(this.secretFile, secret);
  }

  async run(
    changed: Partial<EndpointEntityInput> = {},
    stop = new AbortController().signal,
    backfill?: Backfill,
  ): Promise<EntityResult> {
    const config = defineConfig({
      sources: {
        api: {
          type: 'rest',
          base_url: this.url,
          api_key_secret: `file:${this.secretFile}`,
          margin_seconds: 0,
          requests_per_second: 10_000,
          attempts: 4,
          ...this.settings.source,
        },
      },
      entities: {
        things: {
          source: 'api',
          endpoint: '/things',
          records_path: 'data',
          primary_key: ['id'],
          paging: PAGINGS.cursor,
          columns: { amount: 'numeric(12,3)' },
          ...this.settings.entity,
          ...changed,
        },
      },
    });
    const log = { event: (event: PipelineEvent) => this.events.push(event) };
    const options = { config, out_dir: this.out, engine: 'duckdb', environment: {}, log } as const;
    const { results } = await runLocally(options, { stop, backfill });
    const [result] = results;
    if (!result) throw new Error('the run gave no result');
    return result;
  }

  /** A run that must complete. */
  async load(changed: Partial<EndpointEntityInput> = {}, backfill?: Backfill): Promise<LoadRecord> {
    const { status, failure, loads } = await this.run(changed, undefined, backfill);
    const record = loads.at(-1);
    if (status === 'completed' && record) return record;
    throw new Error(`the load did not complete: ${JSON.stringify(failure)}`);
  }

  /** A run that must fail and leave the checkpoint where it was. */
  async failingRun(changed: Partial<EndpointEntityInput> = {}): Promise<Failure> {
    const { status, failure, checkpoint } = await this.run(changed);
    if (status !== 'failed' || !failure) throw new Error(`the run should have failed, but was ${status}`);
    if (checkpoint?.last_sync_timestamp !== undefined) throw new Error('the checkpoint has moved');
    return failure;
  }

  rows() {
    return rowsInBronze(this.out, 'things');
  }

  /** Key and version of each row in bronze. */
  async versions(): Promise<string[]> {
    return (await this.rows()).map((row) => `${row['id']} ${row['updated_at']}`).toSorted();
  }

  /** The same for each record that the API has now. */
  expected(): string[] {
    return this.list.slice(0, this.list.length).map(versionOf).toSorted();
  }

  /** Waits for the next whole second: a window ends at the server's `Date`, which has no fractions. */
  async nextSecond(): Promise<void> {
    await delay(1000 - (Date.now() % 1000) + 5);
  }

  /** The contents of all files that the pipeline has left behind. */
  async everythingWritten(): Promise<string> {
    const files = await readdir(this.out, { recursive: true, withFileTypes: true });
    const bodies = files
      .filter((file) => file.isFile())
      .map((file) => readFile(join(file.parentPath, file.name), 'latin1'));
    return (await Promise.all(bodies)).join('\n');
  }
}

export function versionOf({ id, updated_at }: ApiRecord): string {
  const at = updated_at.replace('T', ' ').replace(/\.?0*Z$/, '');
  return `${id} ${at}+00`;
}
