import { LocalQueue, QueueDatabase, type Received } from '@bronze/common/adapters/local/local-queue';
import { defineConfig } from '@bronze/common/config';
import type { PendingLoad } from '@bronze/common/load/checkpoint';
import { CheckpointFile } from '@bronze/common/load/checkpoint-file';
import type { PipelineEvent } from '@bronze/common/load/events';
import type { ExtractRequest, WriteMessage } from '@bronze/common/load/messages';
import type { RawBatch, SliceReader, SliceStart, Source } from '@bronze/common/load/source';
import type { Column } from '@bronze/common/words/entity';
import { timestamp } from '@bronze/common/words/timestamp';
import { MemoryObjectStore } from '@bronze/emulators/memory-object-store';
import { handleRequest } from '@bronze/extractor/handle-request';
import { handleTask } from '@bronze/writer/handle-task';
import { LinesEngine } from '../simulation/world/lines-engine.ts';

const VISIBILITY_MS = 60_000;

export interface StepSettings {
  readonly batch_rows: number;
  readonly task_rows: number;
  readonly slice_rows: number;
}

/** The handlers that ship, over ports in memory, a delivery at a time: what the simulation does by chance, by hand. */
export class Steps {
  readonly objects = new MemoryObjectStore();
  readonly events: PipelineEvent[] = [];
  readonly #database = new QueueDatabase({
    path: ':memory:',
    now_ms: () => this.now_ms,
    newId: () => messageId(++this.#ids),
  });
  readonly requests = new LocalQueue<ExtractRequest>(this.#database, 'extract');
  readonly writes = new LocalQueue<WriteMessage>(this.#database, 'write');
  readonly #settings: StepSettings;
  /** How many rows the source holds. All are older than any watermark, so an incremental load finds none. */
  rows = 20;
  columns: readonly Column[] = [{ name: 'id', type: 'integer' }];
  until = timestamp('2024-01-15T10:00:00Z');
  now = timestamp('2024-01-15T10:35:00Z');
  /** Calls of the object store so far. */
  calls = 0;
  now_ms = 0;
  #ids = 0;

  constructor(settings: StepSettings) {
    this.#settings = settings;
  }

  /**
   * Delivers until both queues are empty; what failed is delivered again.
   *
   * @throws Error when the queues are not empty after 500 deliveries
   */
  async drain(): Promise<void> {
    for (let delivery = 0; delivery < 500; delivery += 1) {
      const isDelivered =
        (await this.#deliver(this.requests, this.#handlers().request)) ||
        (await this.#deliver(this.writes, this.#handlers().task));
      if (isDelivered) continue;
      if (this.requests.counts().hidden + this.writes.counts().hidden === 0) return;
      this.now_ms += VISIBILITY_MS;
    }
    throw new Error('the queues do not become empty');
  }

  async ask(load_id: string, load_type?: 'full'): Promise<void> {
    await this.requests.send([{ entity: 'things', load_id, ...(load_type && { load_type }) }]);
  }

  /** Delivers one request and throws its failure. The message is not acknowledged. */
  async stepRequest(): Promise<void> {
    const [message] = this.requests.receive(1, VISIBILITY_MS);
    if (message) await this.#handlers().request(message);
  }

  /** Delivers one write task and throws its failure. The message is not acknowledged. */
  async stepWrite(): Promise<void> {
    const [message] = this.writes.receive(1, VISIBILITY_MS);
    if (message) await this.#handlers().task(message);
  }

  /** The lines of all parts in bronze. */
  async bronzeLines(): Promise<string[]> {
    const parts = Object.values(await this.snapshot('data/bronze/'));
    return parts.flatMap((part) => part.split('\n').filter((line) => line.startsWith('{"id"')));
  }

  async snapshot(prefix: string): Promise<Record<string, string>> {
    const found: Record<string, string> = {};
    for (const key of await this.objects.list(prefix))
      found[key] = Buffer.from((await this.objects.get(key))?.body ?? []).toString();
    return found;
  }

  async #deliver(queue: LocalQueue<never>, handle: (message: Received) => Promise<void>): Promise<boolean> {
    const [message] = queue.receive(1, VISIBILITY_MS);
    if (!message) return false;
    await handle(message).then(
      () => queue.delete(message.message_id),
      () => queue.changeVisibility(message.message_id, 1),
    );
    return true;
  }

  #handlers() {
    const objects = counting(this.objects, () => (this.calls += 1));
    const ports = {
      objects,
      checkpoints: new CheckpointFile(objects),
      requests: this.requests,
      writes: this.writes,
      source: () => this.#source(),
      attempts: { next: () => `attempt-${++this.#ids}` },
      codec: { compress: async (ndjson: Uint8Array) => Uint8Array.from(ndjson) },
      deadline: { isNear: () => false, remainingMs: () => Infinity },
      clock: { now: () => this.now, sleep: async () => undefined },
      log: { event: (event: PipelineEvent) => void this.events.push(event) },
      engine: new LinesEngine(),
    };
    const config = defineConfig({
      sources: { db: { type: 'postgres', url: 'unused' } },
      entities: { things: { source: 'db', table: 'public.things', ...this.#settings } },
    });
    return { request: handleRequest(ports, config), task: handleTask(ports) };
  }

  #source(): Source {
    return {
      system: 'rds',
      readHighWatermark: async () => ({ until: this.until, basis: 'margin' }),
      openSlice: async (_, load: PendingLoad, { position }: SliceStart): Promise<SliceReader> => ({
        columns: this.columns,
        is_resumable: true,
        batches: this.#batches(load.load_type === 'full' ? Number(position?.values[0] ?? 0) : this.rows),
      }),
    };
  }

  async *#batches(after: number): AsyncGenerator<RawBatch> {
    const { batch_rows } = this.#settings;
    for (let from = after; from < this.rows; from += batch_rows) {
      const to = Math.min(this.rows, from + batch_rows);
      const lines = Array.from({ length: to - from }, (_, index) => `{"id":"${from + index + 1}"}\n`).join('');
      yield {
        ndjson: Buffer.from(lines),
        rows: to - from,
        row_bytes_max: 16,
        position: { order: 'id', values: [String(to)] },
        release: () => undefined,
      };
    }
  }
}

/** The same store, each of whose calls is counted. */
function counting(store: MemoryObjectStore, count: () => void): MemoryObjectStore {
  return new Proxy(store, {
    get(target, name) {
      const method: unknown = Reflect.get(target, name);
      if (typeof method !== 'function') return method;
      return (...given: unknown[]): unknown => {
        count();
        return Reflect.apply(method, target, given);
      };
    },
  });
}

export function messageId(count: number): string {
  return `${String(count).padStart(8, '0')}-0000-8000-8000-000000000000`;
}
