import { randomUUID } from 'node:crypto';
import { resolve as resolvePath } from 'node:path';
import { CheckpointFile } from '@bronze/common/load/checkpoint-file';
import type { Config } from '@bronze/common/config';
import { deliverMessage, type DeliveryPorts } from '@bronze/common/delivery/deliver-message';
import { localRetryMs } from '@bronze/common/delivery/retry-policy';
import { entityIn, type ExtractRequest, type WriteMessage } from '@bronze/common/load/messages';
import type { Clock, Deadline } from '@bronze/common/ports/clock';
import type { Log } from '@bronze/common/load/events';
import type { SecretProvider } from '@bronze/common/ports/secret-provider';
import type { Source } from '@bronze/common/load/source';
import { openSources, RETRY_FOR_MS } from '@bronze/extractor/adapters/open-source';
import { handleRequest } from '@bronze/extractor/handle-request';
import { ZSTD_CODEC } from '@bronze/extractor/zstd-codec';
import type { Plan } from '@bronze/planner/plan-run';
import { createEngine, type EngineName } from '@bronze/writer/adapters/engines';
import { handleTask } from '@bronze/writer/handle-task';
import { type Lane, LocalEventSource, type LocalEventSourceOptions, type Turn } from './local-event-source.ts';
import { queuesFile, runsFolder } from './folder-state.ts';
import { isRetryable, toFailure } from '@bronze/common/words/failure';
import { helpedForAnother } from './others-load.ts';
import { RequestsByRun } from './requests-by-run.ts';
import { readCheckpoint } from './settle.ts';
import { takeOver } from './take-over.ts';
import { FolderObjectStore } from '@bronze/common/adapters/local/folder-object-store';
import { LocalQueue, QueueDatabase, type Received } from '@bronze/common/adapters/local/local-queue';
import { RunLock } from '@bronze/common/adapters/local/run-lock';
import { LocalSecrets } from './local-secrets.ts';
import { SystemClock } from '@bronze/common/adapters/system-clock';

export { RETRY_FOR_MS };

/** Longer than handling a message takes here. What a killed process held is left to the next run: see `take-over.ts`. */
const VISIBILITY_MS = 15 * 60 * 1000;
/** For each service: two extractions keep a small database server busy, two write tasks two cores. Waits don't count. */
const CONCURRENCY = 2;
const DRAIN_INTERVAL_MS = 20;

export interface LocalPipelineOptions {
  readonly config: Config;
  readonly out_dir: string;
  readonly engine: EngineName;
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly log: Log;
  /** How long a database that can't be reached is waited for, counted from its first failure. Default: 60,000. */
  readonly retry_for_ms?: number | undefined;
  /** Default: this machine's. */
  readonly clock?: Clock;
}

interface Deliveries {
  readonly queue: LocalQueue<ExtractRequest> | LocalQueue<WriteMessage>;
  readonly isStopping: () => boolean;
  readonly handle: (message: Received, delivery: Turn & { readonly log: Log }) => Promise<void>;
  readonly laneOf?: LocalEventSourceOptions['laneOf'];
}

/** The pipeline's parts, assembled on one machine for one run. `close` it at the end. */
export class LocalPipeline {
  readonly objects: FolderObjectStore;
  readonly checkpoints: CheckpointFile;
  readonly requests: LocalQueue<ExtractRequest>;
  readonly writes: LocalQueue<WriteMessage>;
  readonly clock: Clock;
  readonly options: LocalPipelineOptions;
  readonly #queues: QueueDatabase;
  readonly #lock: RunLock;
  readonly #sources: (name: string) => Source;

  private constructor(options: LocalPipelineOptions, objects: FolderObjectStore, queues: QueueDatabase, lock: RunLock) {
    this.options = options;
    this.objects = objects;
    this.checkpoints = new CheckpointFile(objects);
    this.#queues = queues;
    this.#lock = lock;
    this.requests = new LocalQueue(queues, 'extract', lock.run_id);
    this.writes = new LocalQueue(queues, 'write', lock.run_id);
    this.clock = options.clock ?? new SystemClock();
    const { config, environment, log } = options;
    const secrets = new LocalSecrets(environment, secretsManager);
    const connecting = { retry_for_ms: options.retry_for_ms ?? RETRY_FOR_MS, remembers_refusals: true };
    this.#sources = openSources(config, { environment, secrets, clock: this.clock, log, connecting });
  }

  static async open(options: LocalPipelineOptions): Promise<LocalPipeline> {
    const out_dir = resolvePath(options.out_dir);
    const objects = await FolderObjectStore.open(out_dir);
    const path = queuesFile(out_dir);
    const queues = new QueueDatabase({ path, now_ms: Date.now, newId: randomUUID });
    return new LocalPipeline(options, objects, queues, RunLock.take(runsFolder(out_dir)));
  }

  /**
   * Delivers until no message of this run is left, or until `stop` aborts and what runs has enqueued its rest.
   * @throws if the machine fails, such as for a full disk, once what runs has stopped as it does for `stop`
   */
  async drain(stop: AbortSignal): Promise<void> {
    const polling = new AbortController();
    const ending = AbortSignal.any([stop, polling.signal]);
    const isEnding = () => ending.aborted;
    const deadline: Deadline = { isNear: isEnding, remainingMs: () => (isEnding() ? 0 : Infinity) };
    const sources = [this.#extractor(deadline), this.#writer(isEnding)];
    const parts = [...sources.map((source) => source.run(ending)), this.#waitUntilDrained(sources, ending)];
    // The first that ends, well or not, ends the others.
    const ends = await Promise.allSettled(parts.map((part) => part.finally(() => polling.abort())));
    for (const end of ends) if (end.status === 'rejected') throw end.reason;
  }

  async #waitUntilDrained(sources: readonly LocalEventSource[], ending: AbortSignal): Promise<void> {
    while (!ending.aborted && !sources.every((source) => source.isDrained)) await this.clock.sleep(DRAIN_INTERVAL_MS);
  }

  /** The id of the run that this pipeline carries out. It owns its messages. */
  get run_id(): string {
    return this.#lock.run_id;
  }

  /** Whether the run of that id has ended, well or not. */
  isOver(run_id: string): boolean {
    return this.#lock.isOver(run_id);
  }

  /** Clears away what ended runs have left of the plan's entities: see {@link takeOver}. */
  async takeOver(plan: Plan): Promise<void> {
    await takeOver(this, plan, async (entity) => (await readCheckpoint(this, entity)).checkpoint?.pending_load);
  }

  /** Whether a message of the entity is waiting or running, of this run or another. */
  hasMessages(entity: string): boolean {
    return [this.requests, this.writes].some((queue) => queue.bodies().some((body) => entityIn(body) === entity));
  }

  /** Deletes the dead letters of an entity: its completed load has done what they asked for. */
  forgetDeadLetters(entity: string): void {
    for (const queue of [this.requests, this.writes]) {
      queue.forgetDeadLetters((body) => entityIn(body) === entity);
    }
  }

  close(): void {
    this.objects.close();
    this.#queues.close();
    this.#lock.release();
  }

  /** What waits for a connection stays in the queue, so that entities of other sources are not behind it. */
  #laneOf(body: string): Lane | undefined {
    const { entities, sources } = this.options.config;
    const name = entities[entityIn(body)]?.source ?? '';
    const source = sources[name];
    return source?.type === 'postgres' ? { name, concurrency: source.max_connections } : undefined;
  }

  #extractor(deadline: Deadline): LocalEventSource {
    const { writes } = this;
    const attempts = { next: randomUUID };
    const ports = { ...this.#ports(), source: this.#sources, writes, attempts, codec: ZSTD_CODEC };
    return this.#eventSource({
      queue: this.requests,
      isStopping: deadline.isNear,
      laneOf: (body) => this.#laneOf(body),
      handle: async (message, { log, waits }) => {
        const handle = handleRequest({ ...ports, log, deadline: { ...deadline, waits } }, this.options.config);
        await handle(message).catch((thrown: unknown) => this.#leaveToOthers(message, log, thrown));
      },
    });
  }

  /** @throws what failed, unless it was the load of another run that is working on it */
  async #leaveToOthers(message: Received, log: Log, thrown: unknown): Promise<void> {
    const failure = toFailure(thrown);
    const isFinal = !isRetryable(failure) && failure.code !== 'MESSAGE_INVALID';
    const load = isFinal ? await helpedForAnother(this, message) : undefined;
    if (!load) throw thrown;
    log.event({ kind: 'load_left', entity: entityIn(message.body), load_id: load.load_id, failure });
  }

  #writer(isEnding: () => boolean): LocalEventSource {
    const ports = { ...this.#ports(), engine: createEngine(this.options.engine) };
    return this.#eventSource({
      queue: this.writes,
      isStopping: isEnding,
      handle: (message, { log }) => handleTask({ ...ports, log })(message),
    });
  }

  #eventSource({ queue, isStopping, handle, laneOf }: Deliveries): LocalEventSource {
    const { objects, clock } = this;
    const delivery: DeliveryPorts = {
      objects,
      clock,
      log: this.options.log,
      isStopping,
      retryInMs: ({ receive_count }, failure) => localRetryMs({ failure, receive_count }),
      giveBack: async ({ message_id }, retry_in_ms) => queue.changeVisibility(message_id, retry_in_ms),
      sendToDeadLetterQueue: async ({ message_id }, failure) => queue.deadLetter(message_id, failure),
    };
    return new LocalEventSource({
      queue,
      concurrency: CONCURRENCY,
      visibility_ms: VISIBILITY_MS,
      laneOf,
      handle: (message, { waits }) => deliverMessage(delivery, message, (log) => handle(message, { log, waits })),
    });
  }

  #ports() {
    const { objects, checkpoints, clock } = this;
    const requests = new RequestsByRun(this.requests, this);
    const isOurs = (run_id: string | undefined) => run_id === this.run_id;
    return { objects, checkpoints, requests, clock, log: this.options.log, isOurs };
  }
}

/** Imported only when a secret is read from there, because loading the SDK is slow. */
async function secretsManager(): Promise<SecretProvider> {
  const { SecretsManager } = await import('@bronze/common/adapters/aws/secrets-manager');
  return new SecretsManager();
}
