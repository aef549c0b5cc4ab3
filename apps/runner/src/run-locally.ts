import type { Checkpoint } from '@bronze/common/load/checkpoint';
import type { LoadType } from '@bronze/common/words/entity';
import type { Failure } from '@bronze/common/words/failure';
import { type LoadRecord, readLoadRecord } from '@bronze/common/load/load-record';
import type { Timestamp } from '@bronze/common/words/timestamp';
import { type Plan, planRun } from '@bronze/planner/plan-run';
import { LocalPipeline, type LocalPipelineOptions } from './local-pipeline.ts';
import { RunWatch } from './run-watch.ts';
import { deadEntities, isDecided, readCheckpoint, type Run, settle } from './settle.ts';

export interface RunRequest {
  readonly entities?: readonly string[] | undefined;
  readonly load_type?: LoadType | undefined;
  /** Default: now. The same timestamp asks for the same loads. */
  readonly scheduled_at?: Timestamp;
  readonly stop: AbortSignal;
}

export interface EntityResult {
  readonly entity: string;
  /** `interrupted`: it was stopped before its end, and the next run continues it. */
  readonly status: 'completed' | 'failed' | 'interrupted';
  /** The loads that ended in this run: more than one if an earlier run had left one unfinished. */
  readonly loads: readonly LoadRecord[];
  readonly duration_seconds: number;
  readonly checkpoint: Checkpoint | undefined;
  readonly failure: Failure | undefined;
}

export interface RunReport {
  readonly plan: Plan;
  readonly results: readonly EntityResult[];
}

interface WatchedRun extends Run {
  readonly pipeline: LocalPipeline;
  readonly watch: RunWatch;
}

/**
 * The whole job on one machine: plans the run, then delivers messages until every entity has completed or failed, or
 * until `request.stop` aborts. A failure of one entity is in its result and does not throw.
 */
export async function runLocally(options: LocalPipelineOptions, request: RunRequest): Promise<RunReport> {
  const watch = new RunWatch(options.log);
  const pipeline = await LocalPipeline.open({ ...options, log: watch });
  try {
    const old = new Set(pipeline.deadLetters().map(({ message_id }) => message_id));
    const before = await pipeline.checkpoints.readAll();
    const plan = await planRun({ ...pipeline, log: watch }, options.config, {
      scheduled_at: request.scheduled_at ?? pipeline.clock.now(),
      is_schedule: false,
      load_type: request.load_type,
      entities: request.entities,
    });
    const run: WatchedRun = { pipeline, watch, plan, load_type: request.load_type, old, before };
    await settle(run, request.stop);
    const asked = plan.planned.map(({ entity }) => entity);
    const names = new Set([...asked, ...watch.completedEntities()]);
    const results = await Promise.all([...names].map((entity) => resultOf(run, entity)));
    for (const { entity, status } of results) if (status === 'completed') pipeline.forgetDeadLetters(entity);
    return { plan, results };
  } finally {
    pipeline.close();
  }
}

async function resultOf(run: WatchedRun, entity: string): Promise<EntityResult> {
  const { pipeline, watch, plan, old } = run;
  const asked = plan.planned.find((load) => load.entity === entity);
  const { checkpoint, failure: unreadable } = await readCheckpoint(pipeline, entity);
  const failure = deadEntities(pipeline, old).get(entity) ?? unreadable;
  const ids = new Set([...watch.completedLoads(entity), ...(asked ? [asked.load_id] : [])]);
  const records = await Promise.all([...ids].map((load_id) => readLoadRecord(pipeline.objects, { entity, load_id })));
  const isDone = asked === undefined || (await isDecided(run, asked));
  return {
    entity,
    status: failure ? 'failed' : isDone ? 'completed' : 'interrupted',
    loads: records.filter((record) => record !== undefined),
    duration_seconds: watch.durationSeconds(entity),
    checkpoint,
    failure,
  };
}
