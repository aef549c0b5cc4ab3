import { type DeliveredMessage, deliverMessage } from '@bronze/common/delivery/deliver-message';
import { queueRetryMs } from '@bronze/common/delivery/retry-policy';
import { Telemetry } from '@bronze/common/adapters/aws/telemetry';
import type { Clock } from '@bronze/common/ports/clock';
import { CheckpointFile } from '@bronze/common/load/checkpoint-file';
import type { PipelineEvent } from '@bronze/common/load/events';
import { CHECKPOINTS_KEY } from '@bronze/common/load/object-keys';
import { BronzeError, type Failure, type FailureCode } from '@bronze/common/words/failure';
import { type Timestamp, timestamp } from '@bronze/common/words/timestamp';
import { MemoryObjectStore } from '@bronze/emulators/memory-object-store';
import { report } from '@bronze/planner/freshness-handler';
import { measureFreshness } from '@bronze/planner/measure-freshness';
import { planRun } from '@bronze/planner/plan-run';
import { recordPlan } from '@bronze/planner/schedule-watch';
import { vi } from 'vitest';
import config from '../../../bronze.config.ts';
import { type Point, pointsOf, RecordedMetrics } from './cloudwatch.fixtures.ts';

const MINUTE_MS = 60_000;
export const STACK = 'EcomIngestionStack';
export const DEPLOYED_MS = Date.parse('2026-01-14T12:00:00Z');
const HOUR = 2;
const SERVICES = ['extractor', 'writer', 'freshness'] as const;
const FUNCTIONS = ['IngestionFunction', 'FreshnessFunction', 'ExtractorFunction', 'WriterFunction'];
const load_id = '00000000-0000-4000-8000-000000000001';

/** A pipeline on a virtual clock that runs at 02:00: its real telemetry, and AWS's own metrics by arithmetic. */
export class OutageWorld implements Clock {
  readonly metrics: RecordedMetrics;
  readonly objects = new MemoryObjectStore();
  readonly checkpoints = new CheckpointFile(this.objects);
  /** What does not happen: `planner`, `freshness`, or loads of an entity. */
  readonly off = new Set<string>();
  /** Messages in the dead-letter queue of requests. */
  dead = 0;
  readonly #services: Readonly<Record<(typeof SERVICES)[number], Telemetry>>;
  #now_ms = DEPLOYED_MS;

  constructor(pipeline = STACK, metrics = new RecordedMetrics()) {
    this.metrics = metrics;
    this.#services = {
      extractor: new Telemetry('extractor', pipeline),
      writer: new Telemetry('writer', pipeline),
      freshness: new Telemetry('freshness', pipeline),
    };
  }

  async sleep(): Promise<void> {}

  now(): Timestamp {
    return timestamp(new Date(this.#now_ms).toISOString());
  }

  /** Another world with the same past, in which nothing is off. */
  async fork(): Promise<OutageWorld> {
    const fork = new OutageWorld(STACK, this.metrics.copy());
    fork.#now_ms = this.#now_ms;
    for (const key of await this.objects.list('')) {
      const stored = await this.objects.get(key);
      if (stored) await fork.objects.putIfAbsent(key, stored.body);
    }
    return fork;
  }

  /** Lives on until then. */
  async until(end_ms: number): Promise<void> {
    for (; this.#now_ms < end_ms; this.#now_ms += MINUTE_MS) {
      vi.setSystemTime(this.#now_ms);
      await this.#minute(this.#now_ms / MINUTE_MS);
    }
  }

  event(service: 'extractor' | 'writer', event: PipelineEvent): void {
    this.#record(() => this.#services[service].event(event));
  }

  /** A delivery that fails. */
  async fails(service: 'extractor' | 'writer', code: FailureCode, receive_count = 1): Promise<void> {
    const sendToDeadLetterQueue = async () => {
      this.dead += 1;
    };
    const ports = {
      objects: this.objects,
      clock: this,
      retryInMs: ({ receive_count: count }: DeliveredMessage, failure: Failure) =>
        queueRetryMs({ failure, receive_count: count, age_ms: 0 }, 0.5),
      giveBack: async () => undefined,
      sendToDeadLetterQueue,
    };
    const log = { event: (event: PipelineEvent) => this.event(service, event) };
    const message = { message_id: crypto.randomUUID(), body: '{"entity":"orders"}', receive_count };
    await deliverMessage({ ...ports, log }, message, async () => {
      throw new BronzeError(code, { message: 'it failed', hint: 'see' });
    }).catch(() => undefined);
  }

  invoked(name: string, { errors = 0, duration_ms = 900 }: { errors?: number; duration_ms?: number } = {}): void {
    const dimensions = { FunctionName: `${STACK}-${name}` };
    const values = { Invocations: 1, Errors: errors, Throttles: 0, Duration: duration_ms };
    for (const [metric, value] of Object.entries(values)) this.#aws('AWS/Lambda', metric, dimensions, value);
  }

  /** Replaces `checkpoints.json` as a person would. */
  async edit(change: (file: Record<string, unknown>) => unknown): Promise<void> {
    const stored = await this.objects.get(CHECKPOINTS_KEY);
    const file = stored ? (JSON.parse(Buffer.from(stored.body).toString()) as Record<string, unknown>) : {};
    await this.objects.replace(CHECKPOINTS_KEY, Buffer.from(JSON.stringify(change(file))), stored?.etag);
  }

  async #minute(minute: number): Promise<void> {
    // About every five minutes: near the end of a period, so that some have two measurements and some none.
    const isDue = (minute + 1) % 5 === 0 ? (minute + 1) % 35 !== 0 : minute % 35 === 0;
    if (isDue && !this.off.has('freshness')) await this.#measure();
    const at = new Date(this.#now_ms);
    if (at.getUTCHours() === HOUR && at.getUTCMinutes() === 0 && !this.off.has('planner')) await this.#plan();
    if (at.getUTCHours() === HOUR && at.getUTCMinutes() === 6 && !this.off.has('planner')) await this.#load();
    for (const queue of ['extract', 'write']) {
      const visible = queue === 'extract' ? this.dead : 0;
      this.#aws('AWS/SQS', 'ApproximateNumberOfMessagesVisible', { QueueName: `${STACK}-${queue}-dlq` }, visible);
      this.#aws('AWS/SQS', 'ApproximateAgeOfOldestMessage', { QueueName: `${STACK}-${queue}` }, 0);
    }
  }

  async #measure(): Promise<void> {
    const { objects, checkpoints } = this;
    try {
      const measured = await measureFreshness({ objects, checkpoints, clock: this }, config, HOUR);
      this.#record(() => report(this.#services.freshness, measured));
      this.invoked('FreshnessFunction');
    } catch {
      this.invoked('FreshnessFunction', { errors: 1 });
    }
  }

  async #plan(): Promise<void> {
    const { objects, checkpoints } = this;
    const outlets = { requests: { send: async () => undefined }, log: { event: () => undefined } };
    const asked = { scheduled_at: this.now(), is_schedule: true };
    await recordPlan(objects, await planRun({ objects, checkpoints, ...outlets }, config, asked), asked);
    this.invoked('IngestionFunction');
  }

  /** Each entity that is not off comes to this day's 02:00. */
  async #load(): Promise<void> {
    const until = timestamp(new Date(this.#now_ms - 6 * MINUTE_MS).toISOString());
    const loaded = Object.keys(config.entities).filter((entity) => !this.off.has(entity));
    for (const entity of loaded) {
      const slice = { entity, load_id, slice: 0 };
      this.event('extractor', { ...slice, kind: 'batch_staged', attempt: 'a', rows: 250, bytes: 4096 });
      const written = { task: 0, rows: 250, parts: 1, bytes: 4096, rows_quarantined: 0 };
      this.event('writer', { ...slice, kind: 'task_written', ...written });
    }
    await this.edit((file) => ({
      ...file,
      ...Object.fromEntries(loaded.map((entity) => [entity, { last_sync_timestamp: until, record_count: 250 }])),
    }));
    for (const name of FUNCTIONS.slice(2)) this.invoked(name, { duration_ms: 40_000 });
  }

  #aws(namespace: string, name: string, dimensions: Point['dimensions'], value: number): void {
    this.metrics.add({ namespace, name, dimensions, at_ms: this.#now_ms, value });
  }

  /** Records the lines in the embedded metric format that the work prints. */
  #record(work: () => void): void {
    const { stdout, stderr } = process;
    const [out, err] = [stdout.write.bind(stdout), stderr.write.bind(stderr)];
    const lines: string[] = [];
    stdout.write = (text: unknown) => lines.push(...String(text).split('\n')) > 0;
    stderr.write = () => true;
    try {
      work();
    } finally {
      Object.assign(stdout, { write: out });
      Object.assign(stderr, { write: err });
    }
    for (const point of lines.flatMap(pointsOf)) this.metrics.add(point);
  }
}
