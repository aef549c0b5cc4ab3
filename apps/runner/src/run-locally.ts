import type { Backfill } from '@bronze/common/load/backfill';
import type { Readiness } from '@bronze/common/config/order';
import type { Checkpoint } from '@bronze/common/load/checkpoint';
import { validated } from '@bronze/common/delivery/run-log';
import type { LoadType } from '@bronze/common/words/entity';
import type { Failure } from '@bronze/common/words/failure';
import { type LoadRecord, readLoadRecord } from '@bronze/common/load/load-record';
import { removeStagingOfEntity } from '@bronze/common/load/remove-staging';
import type { Timestamp } from '@bronze/common/words/timestamp';
import { checkedPlan, type Plan, type PlannedLoad, planRun } from '@bronze/planner/plan-run';
import { LocalPipeline, type LocalPipelineOptions } from './local-pipeline.ts';
import { RunWatch } from './run-watch.ts';
import { decidedSince, isDecided, readCheckpoint, readinessIn, type Run, settle } from './settle.ts';
import { type LeftAlone, leftAlone } from './take-over.ts';

export interface RunRequest {
  readonly entities?: readonly string[] | undefined;
  readonly load_type?: LoadType | undefined;
  readonly backfill?: Backfill | undefined;
  /** Default: now. The same timestamp asks for the same loads. */
  readonly scheduled_at?: Timestamp;
  readonly stop: AbortSignal;
}

export interface EntityResult {
  readonly entity: string;
  /** The window that the run was asked to load again. */
  readonly backfill: Backfill | undefined;
  /**
   * `interrupted`: it was stopped before its end, and the next run continues it. `abandoned`: somebody gave its load up
   * while the run was waiting for it. `skipped`: it is loaded after an entity that was not loaded.
   */
  readonly status: 'completed' | 'failed' | 'interrupted' | 'abandoned' | 'skipped';
  /** The entity that was not loaded, if this one is `skipped`. */
  readonly skipped_because: string | undefined;
  /** The loads that ended in this run, and the one that answered its request: another run may have ended it. */
  readonly loads: readonly LoadRecord[];
  /** Of these, the one that answered its request; undefined unless it is `completed` or `abandoned`. */
  readonly load: LoadRecord | undefined;
  /** When the load was claimed that was pending already and answered this run's request; undefined if it is this run's. */
  readonly continued_from: string | undefined;
  readonly duration_seconds: number;
  /** By this run, with those in quarantine. The loads may have more, which other runs wrote. */
  readonly rows_written: number;
  readonly checkpoint: Checkpoint | undefined;
  readonly failure: Failure | undefined;
}

export interface RunReport {
  readonly plan: Plan;
  readonly results: readonly EntityResult[];
  /** What ended runs have left of entities that this run did not ask for. */
  readonly left: readonly LeftAlone[];
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
    const before = new Map(await pipeline.checkpoints.readAll());
    const unwritten = (failure: Failure) => watch.event({ kind: 'run_log_unwritten', entity: 'run', failure });
    const asked = await validated(pipeline, { id: pipeline.run_id, unwritten }, () =>
      checkedPlan(options.config, {
        scheduled_at: request.scheduled_at ?? pipeline.clock.now(),
        run_id: pipeline.run_id,
        is_schedule: false,
        load_type: request.load_type,
        backfill: request.backfill,
        entities: request.entities,
        in_order: true,
      }),
    );
    const plan = await planRun({ ...pipeline, log: watch }, options.config, asked);
    const dependencies = new Map(plan.planned.map(({ entity, after }) => [entity, after ?? []]));
    const failures = () => watch.failures();
    const { load_type } = request;
    const state = { before, begun: new Set<string>(), dependencies, failures };
    const run: WatchedRun = { pipeline, watch, plan, load_type, ...state };
    await settle(run, request.stop);
    const readiness = await readinessIn(run);
    const results = await Promise.all(plan.planned.map((asked) => resultOf(run, asked, readiness(asked.entity))));
    const completed = new Set(results.filter(({ status }) => status === 'completed').map(({ entity }) => entity));
    for (const load of plan.planned) {
      if (completed.has(load.entity)) pipeline.forgetDeadLetters(load);
      await removeStagingOfEntity(pipeline.objects, load.entity);
    }
    const skipped = new Set(results.filter(({ status }) => status === 'skipped').map(({ entity }) => entity));
    const taken = plan.planned.filter(({ entity }) => !skipped.has(entity));
    return { plan, results, left: leftAlone(pipeline, { ...plan, planned: taken }) };
  } finally {
    pipeline.close();
  }
}

async function resultOf(run: WatchedRun, asked: PlannedLoad, readiness: Readiness): Promise<EntityResult> {
  const { entity } = asked;
  const { pipeline, watch } = run;
  const { checkpoint, failure: unreadable } = await readCheckpoint(pipeline, entity);
  const failure = watch.failures().get(entity) ?? unreadable;
  const continued = watch.continuedLoad(entity);
  const ended = await recordsOf(run, entity, watch.completedLoads(entity));
  const [own] = await recordsOf(run, entity, [asked.load_id, continued?.load_id, joinedIn(run, asked, checkpoint)]);
  const isDone = await isDecided(run, asked);
  const loads = new Map([...ended, ...(own && isDone ? [own] : [])].map((record) => [record.load_id, record]));
  return {
    entity,
    backfill: asked.backfill,
    status: statusOf({ failure, isDone, own, readiness }),
    skipped_because: !failure && readiness.kind === 'skipped' ? readiness.because : undefined,
    loads: [...loads.values()],
    load: isDone && !failure ? own : undefined,
    continued_from: continued?.claimed_at,
    duration_seconds: watch.durationSeconds(entity),
    rows_written: watch.rowsWritten(entity),
    checkpoint,
    failure,
  };
}

/** The load that the request may have been joined to. No other load brings what a backfill asks for. */
function joinedIn(run: Run, { entity, backfill }: PlannedLoad, checkpoint: Checkpoint | undefined): string | undefined {
  return backfill ? undefined : decidedSince(run, entity, checkpoint);
}

function statusOf(ended: {
  readonly failure: Failure | undefined;
  readonly isDone: boolean;
  readonly own: LoadRecord | undefined;
  readonly readiness: Readiness;
}): EntityResult['status'] {
  if (ended.failure) return 'failed';
  if (ended.readiness.kind === 'skipped') return 'skipped';
  if (!ended.isDone || ended.readiness.kind === 'waiting') return 'interrupted';
  return ended.own?.status === 'abandoned' ? 'abandoned' : 'completed';
}

/** The records of those of these loads that are decided, in that order. */
async function recordsOf(
  { pipeline }: WatchedRun,
  entity: string,
  load_ids: readonly (string | undefined)[],
): Promise<LoadRecord[]> {
  const ids = load_ids.filter((load_id) => load_id !== undefined);
  const records = await Promise.all(ids.map((load_id) => readLoadRecord(pipeline.objects, { entity, load_id })));
  return records.filter((record) => record !== undefined);
}
