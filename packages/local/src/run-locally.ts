import type { Checkpoint } from '@bronze/common/checkpoint';
import type { LoadType } from '@bronze/common/entity';
import type { Failure } from '@bronze/common/failure';
import { type LoadRecord, readLoadRecord } from '@bronze/common/load-record';
import type { PipelineEvent } from '@bronze/common/events';
import type { Timestamp } from '@bronze/common/timestamp';
import { type Plan, planRun } from '@bronze/planner/plan-run';
import { LocalPipeline, type LocalPipelineOptions } from './local-pipeline.ts';

export interface RunRequest {
  readonly entities?: readonly string[] | undefined;
  readonly load_type?: LoadType | undefined;
  /** Default: now. The same moment asks for the same loads. */
  readonly scheduled_at?: Timestamp;
  readonly stop: AbortSignal;
}

export interface EntityResult {
  readonly entity: string;
  /** `interrupted`: stopped before it was done; the next run goes on. */
  readonly status: 'completed' | 'failed' | 'interrupted';
  /** Loads that came to their end in this run: more than one when a load was left over from before. */
  readonly loads: readonly LoadRecord[];
  readonly duration_seconds: number;
  readonly checkpoint: Checkpoint | undefined;
  readonly failure: Failure | undefined;
}

export interface RunReport {
  readonly plan: Plan;
  readonly results: readonly EntityResult[];
}

/** The whole job on one machine: plan, then deliver messages until every entity is done or dead. */
export async function runLocally(options: LocalPipelineOptions, request: RunRequest): Promise<RunReport> {
  const watch = new RunWatch(options);
  const pipeline = await LocalPipeline.open({ ...options, log: watch, onFailure: watch.onFailure });
  try {
    const plan = await planRun({ ...pipeline, log: watch }, options.config, {
      scheduled_at: request.scheduled_at ?? pipeline.clock.now(),
      is_schedule: false,
      load_type: request.load_type,
      entities: request.entities,
    });
    await pipeline.drain(request.stop);
    const names = new Set([...plan.planned.map((load) => load.entity), ...watch.entities]);
    const results = await Promise.all([...names].map((entity) => watch.resultOf(entity, pipeline)));
    return { plan, results };
  } finally {
    pipeline.close();
  }
}

/** Remembers what the events of a run say about each entity, and passes them on. */
class RunWatch {
  readonly #options: LocalPipelineOptions;
  readonly #completed = new Map<string, string[]>();
  readonly #failures = new Map<string, Failure>();
  readonly #started = new Map<string, number>();
  readonly #ended = new Map<string, number>();
  readonly entities = new Set<string>();

  constructor(options: LocalPipelineOptions) {
    this.#options = options;
  }

  event(event: PipelineEvent): void {
    this.entities.add(event.entity);
    if (event.kind !== 'planned') this.#touch(event.entity);
    if (event.kind === 'load_completed') {
      this.#completed.set(event.entity, [...(this.#completed.get(event.entity) ?? []), event.load_id]);
    }
    this.#options.log.event(event);
  }

  onFailure = (entity: string, failure: Failure, isDead: boolean): void => {
    this.entities.add(entity);
    this.#touch(entity);
    if (isDead) this.#failures.set(entity, failure);
    this.#options.onFailure?.(entity, failure, isDead);
  };

  /** The clock of an entity starts with its claim, not while it waits for its turn. */
  #touch(entity: string): void {
    const now = performance.now();
    if (!this.#started.has(entity)) this.#started.set(entity, now);
    this.#ended.set(entity, now);
  }

  async resultOf(entity: string, pipeline: LocalPipeline): Promise<EntityResult> {
    const failure = this.#failures.get(entity);
    const { checkpoint } = await pipeline.checkpoints.read(entity);
    const ids = this.#completed.get(entity) ?? [];
    const records = await Promise.all(ids.map((load_id) => readLoadRecord(pipeline.objects, { entity, load_id })));
    const isOpen = checkpoint?.pending_load !== undefined || ids.length === 0;
    return {
      entity,
      status: failure ? 'failed' : isOpen ? 'interrupted' : 'completed',
      loads: records.filter((record) => record !== undefined),
      duration_seconds: ((this.#ended.get(entity) ?? 0) - (this.#started.get(entity) ?? 0)) / 1000,
      checkpoint,
      failure,
    };
  }
}
