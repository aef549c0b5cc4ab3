import type { Checkpoint } from '@bronze/common/checkpoint';
import type { LoadType } from '@bronze/common/entity';
import type { Failure } from '@bronze/common/failure';
import { type LoadRecord, readLoadRecord } from '@bronze/common/load-record';
import type { PipelineEvent } from '@bronze/common/events';
import { sweepStaging } from '@bronze/common/sweep-staging';
import type { Timestamp } from '@bronze/common/timestamp';
import { type Plan, type PlannedLoad, planRun } from '@bronze/planner/plan-run';
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
    await settle(pipeline, watch, plan, request.stop);
    const loads = new Map(plan.planned.map(({ entity, load_id }) => [entity, load_id]));
    const names = [...new Set([...loads.keys(), ...watch.entities])];
    const results = await Promise.all(names.map((name) => watch.resultOf(name, loads.get(name), pipeline)));
    for (const result of results) await tidy(pipeline, result);
    return { plan, results };
  } finally {
    pipeline.close();
  }
}

/** What a completed load makes obsolete. */
async function tidy(pipeline: LocalPipeline, { entity, status, loads }: EntityResult): Promise<void> {
  for (const load of loads) await sweepStaging(pipeline.objects, load);
  if (status === 'completed') pipeline.forgetDeadLetters(entity);
}

const SETTLE_INTERVAL_MS = 250;

/**
 * Our messages are done, but another process may hold a load that ours waits behind. We wait for it; should it die,
 * the queues release what it held and we go on with that.
 */
async function settle(pipeline: LocalPipeline, watch: RunWatch, plan: Plan, stop: AbortSignal): Promise<void> {
  while (!stop.aborted) {
    const open: PlannedLoad[] = [];
    for (const load of plan.planned) {
      if (!watch.hasFailed(load.entity) && !(await isSettled(pipeline, load))) open.push(load);
    }
    if (open.length === 0) return;
    await pipeline.clock.sleep(SETTLE_INTERVAL_MS);
    await pipeline.drain(stop);
  }
}

/** Its own load is decided, or nothing is loading and nobody waits: then its request was covered by another. */
async function isSettled(pipeline: LocalPipeline, load: PlannedLoad): Promise<boolean> {
  const { checkpoint } = await pipeline.checkpoints.read(load.entity);
  if (await readLoadRecord(pipeline.objects, load)) return checkpoint?.pending_load?.load_id !== load.load_id;
  return !checkpoint?.pending_load && !checkpoint?.next_requests?.length;
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

  hasFailed(entity: string): boolean {
    return this.#failures.has(entity);
  }

  async resultOf(entity: string, load_id: string | undefined, pipeline: LocalPipeline): Promise<EntityResult> {
    const failure = this.#failures.get(entity);
    const { checkpoint } = await pipeline.checkpoints.read(entity);
    const ids = new Set([...(this.#completed.get(entity) ?? []), ...(load_id ? [load_id] : [])]);
    const records = await Promise.all([...ids].map((id) => readLoadRecord(pipeline.objects, { entity, load_id: id })));
    const isDecided = records.some((record) => record !== undefined && record.load_id === load_id);
    const isOpen = checkpoint?.pending_load !== undefined || checkpoint?.next_requests !== undefined;
    return {
      entity,
      status: failure ? 'failed' : isOpen && !isDecided ? 'interrupted' : 'completed',
      loads: records.filter((record) => record !== undefined),
      duration_seconds: ((this.#ended.get(entity) ?? 0) - (this.#started.get(entity) ?? 0)) / 1000,
      checkpoint,
      failure,
    };
  }
}
