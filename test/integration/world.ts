import type { HighWatermark } from '@bronze/common/load/high-watermark';
import type { PendingLoad } from '@bronze/common/load/checkpoint';
import { CheckpointFile } from '@bronze/common/load/checkpoint-file';
import { defineConfig, type Entity, entityOf } from '@bronze/common/config';
import type { PipelineEvent } from '@bronze/common/load/events';
import {
  decodeExtractRequest,
  decodeWriteMessage,
  type ExtractRequest,
  type WriteMessage,
} from '@bronze/common/load/messages';
import type { RawBatch, SliceReader, SliceStart, Source } from '@bronze/common/load/source';
import { timestamp } from '@bronze/common/words/timestamp';
import { type ExtractorPorts, extractLoad } from '@bronze/extractor/extract-load';
import { ZSTD_CODEC } from '@bronze/extractor/zstd-codec';
import { LocalQueue, QueueDatabase, type Received } from '@bronze/common/adapters/local/local-queue';
import { MemoryObjectStore } from '@bronze/emulators/memory-object-store';
import type { Conversion, Converted, ParquetEngine, Provenance } from '@bronze/writer/parquet/parquet-engine';
import { type WriterPorts, writeTask } from '@bronze/writer/write-task';
import { zstdDecompressSync } from 'node:zlib';

const VISIBILITY_MS = 60_000;

/** What happens at one port call. A killed invocation never gets the answer. */
export type Fate = 'ok' | 'kill before' | 'kill after' | 'error before' | 'error after';

/** The real functions over in-memory ports, one delivery at a time, with faults at chosen port calls. */
export class World {
  readonly objects = new MemoryObjectStore();
  readonly events: PipelineEvent[] = [];
  readonly entity: Entity;
  readonly #database = new QueueDatabase({
    path: ':memory:',
    now_ms: () => this.now_ms,
    newId: () => messageId(++this.#ids),
  });
  readonly requests = new LocalQueue<ExtractRequest>(this.#database, 'extract');
  readonly writes = new LocalQueue<WriteMessage>(this.#database, 'write');
  readonly #engine: ParquetEngine = new LinesEngine();
  /** The fates of port calls, by the number of the call; all others are `ok`. */
  fates = new Map<number, Fate>();
  /** How many rows the source holds. All are older than any watermark, so an incremental load finds none. */
  rows = 20;
  until = timestamp('2024-01-15T10:00:00Z');
  calls = 0;
  now_ms = 0;
  #ids = 0;
  #killed: () => void = () => undefined;

  constructor(settings: { batch_rows: number; task_rows: number; slice_rows: number }) {
    const config = defineConfig({
      sources: { db: { type: 'postgres', url: 'unused' } },
      entities: { things: { source: 'db', table: 'public.things', ...settings } },
    });
    this.entity = entityOf(config, 'things');
  }

  /**
   * Delivers until both queues are empty. The message of a killed invocation is delivered again after its visibility
   * timeout.
   *
   * @throws Error when the queues are not empty after 500 rounds
   */
  async drain(): Promise<void> {
    for (let round = 0; round < 500; round += 1) {
      const delivered =
        (await this.#deliverOne(this.requests, (m) => this.#extract(m))) ||
        (await this.#deliverOne(this.writes, (m) => this.#write(m)));
      if (delivered) continue;
      if (this.requests.counts().hidden + this.writes.counts().hidden === 0) return;
      this.now_ms += VISIBILITY_MS;
    }
    throw new Error('the world does not come to rest');
  }

  async ask(load_id: string, load_type?: 'full'): Promise<void> {
    await this.requests.send([{ entity: 'things', load_id, ...(load_type && { load_type }) }]);
  }

  /** Delivers one request and throws its failure. The message is not acknowledged. */
  async stepRequest(): Promise<void> {
    const [message] = this.requests.receive(1, VISIBILITY_MS);
    if (message) await this.#extract(message);
  }

  /** Delivers one write task and throws its failure. The message is not acknowledged. */
  async stepWrite(): Promise<void> {
    const [message] = this.writes.receive(1, VISIBILITY_MS);
    if (message) await this.#write(message);
  }

  /** The lines of all parts in bronze. */
  async bronzeLines(): Promise<string[]> {
    const lines: string[] = [];
    for (const key of await this.objects.list('data/bronze/')) {
      const body = Buffer.from((await this.objects.get(key))?.body ?? []).toString();
      lines.push(...body.split('\n').filter((line) => line.startsWith('{"id"')));
    }
    return lines;
  }

  async snapshot(prefix: string): Promise<Record<string, string>> {
    const found: Record<string, string> = {};
    for (const key of await this.objects.list(prefix))
      found[key] = Buffer.from((await this.objects.get(key))?.body ?? []).toString();
    return found;
  }

  async #deliverOne(queue: LocalQueue<never>, handle: (message: Received) => Promise<void>): Promise<boolean> {
    const [message] = queue.receive(1, VISIBILITY_MS);
    if (!message) return false;
    const killed = new Promise<'killed'>((resolve) => (this.#killed = () => resolve('killed')));
    const outcome = await Promise.race([
      handle(message).then(
        () => 'done' as const,
        () => 'failed' as const,
      ),
      killed,
    ]);
    if (outcome === 'done') queue.delete(message.message_id);
    if (outcome === 'failed') queue.changeVisibility(message.message_id, 1);
    return true;
  }

  async #extract(message: Received): Promise<void> {
    const request = decodeExtractRequest(message.body, message.message_id);
    await extractLoad(this.#ports(), this.entity, request);
  }

  async #write(message: Received): Promise<void> {
    await writeTask(this.#ports(), decodeWriteMessage(message.body));
  }

  #ports(): ExtractorPorts & WriterPorts {
    const objects = this.#faulty(this.objects, ['get', 'putIfAbsent', 'replace', 'list']);
    return {
      objects,
      checkpoints: new CheckpointFile(objects),
      requests: this.#faulty(this.requests, ['send']),
      writes: this.#faulty(this.writes, ['send']),
      source: this.#source(),
      attempts: { next: () => `attempt-${++this.#ids}` },
      codec: ZSTD_CODEC,
      deadline: { isNear: () => false, remainingMs: () => Infinity },
      clock: { now: () => timestamp('2024-01-15T10:35:00Z'), sleep: async () => undefined },
      log: { event: (event) => this.events.push(event) },
      engine: this.#engine,
    };
  }

  /** Wraps a port so that its calls meet their fates. A call's effect happens at once or not at all. */
  #faulty<Port extends object>(port: Port, names: readonly (keyof Port & string)[]): Port {
    const wrapped: Port = Object.create(port) as Port;
    for (const name of names) {
      const call = async (...given: unknown[]): Promise<unknown> => {
        const fate = this.fates.get(this.calls++) ?? 'ok';
        if (fate === 'kill before') return this.#kill();
        if (fate === 'error before') throw new Error('503');
        const answer: unknown = await Reflect.apply(Reflect.get(port, name) as () => unknown, port, given);
        if (fate === 'kill after') return this.#kill();
        if (fate === 'error after') throw new Error('socket hang up');
        return answer;
      };
      Object.defineProperty(wrapped, name, { value: call });
    }
    return wrapped;
  }

  #kill(): Promise<never> {
    this.#killed();
    return new Promise(() => undefined);
  }

  #source(): Source {
    const readHighWatermark = async (): Promise<HighWatermark> => ({ until: this.until, basis: 'margin' });
    const openSlice = async (_entity: Entity, load: PendingLoad, { position }: SliceStart): Promise<SliceReader> => ({
      columns: [{ name: 'id', type: 'integer' }],
      is_resumable: true,
      batches: this.#batches(load.load_type === 'full' ? Number(position?.values[0] ?? 0) : this.rows),
    });
    return { system: 'rds', readHighWatermark, openSlice };
  }

  async *#batches(after: number): AsyncGenerator<RawBatch> {
    for (let from = after; from < this.rows; from += this.entity.batch_rows) {
      const to = Math.min(this.rows, from + this.entity.batch_rows);
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

export function messageId(count: number): string {
  return `${String(count).padStart(8, '0')}-0000-8000-8000-000000000000`;
}

/** Row-exact stand-in for Parquet: the staged lines themselves, after a line with their provenance. */
class LinesEngine implements ParquetEngine {
  readonly name = 'lines';

  degraded(): [] {
    return [];
  }

  rowCountIfOurs(body: Uint8Array, provenance: Provenance): number | undefined {
    const [first, ...lines] = Buffer.from(body).toString().split('\n');
    return first === JSON.stringify(provenance) ? lines.length - 1 : undefined;
  }

  async *convert(conversion: Conversion): AsyncGenerator<Converted> {
    const lines = conversion.batches.map((batch) => zstdDecompressSync(batch.body).toString()).join('');
    const rows = conversion.batches.reduce((sum, batch) => sum + batch.rows, 0);
    yield {
      kind: 'part',
      event_date: null,
      rows,
      body: Buffer.from(`${JSON.stringify(conversion.provenance)}\n${lines}`),
    };
  }
}
