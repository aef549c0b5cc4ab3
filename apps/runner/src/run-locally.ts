import type { Checkpoint } from '@bronze/common/load/checkpoint';
import type { LoadType } from '@bronze/common/words/entity';
import { BronzeError, type Failure, toFailure } from '@bronze/common/words/failure';
import { type LoadRecord, readLoadRecord } from '@bronze/common/load/load-record';
import type { Timestamp } from '@bronze/common/words/timestamp';
import { type Plan, planRun } from '@bronze/planner/plan-run';
import { LocalPipeline, type LocalPipelineOptions } from './local-pipeline.ts';
import { RunWatch } from './run-watch.ts';

const SETTLE_INTERVAL_MS = 250;

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

interface Run {
  readonly pipeline: LocalPipeline;
  readonly watch: RunWatch;
  readonly plan: Plan;
  /** As asked for: a repeated request must ask for the same. */
  readonly load_type: LoadType | undefined;
  /** Message ids of earlier dead letters, which say nothing about this run. */
  readonly old: ReadonlySet<string>;
  /** The checkpoints before this run. A different `last_load_id` now means that a load was decided since. */
  readonly before: ReadonlyMap<string, Checkpoint | undefined>;
}

type Asked = Plan['planned'][number];

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
    const run: Run = { pipeline, watch, plan, load_type: request.load_type, old, before };
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

/**
 * Delivers until each request of this run is decided. When our own messages are done, another process may still hold a
 * load that ours waits behind. We wait for it, and send our request again if the entity has no message left and nothing
 * is decided.
 */
async function settle(run: Run, stop: AbortSignal): Promise<void> {
  const { pipeline, plan, load_type, old } = run;
  for (;;) {
    await pipeline.drain(stop);
    const failed = deadEntities(pipeline, old);
    const open: Asked[] = [];
    for (const load of plan.planned) {
      if (!failed.has(load.entity) && !(await isDecided(run, load))) open.push(load);
    }
    if (open.length === 0 || stop.aborted) return;
    const unheard = open.filter(({ entity }) => !pipeline.hasMessages(entity));
    const asked = { run_id: plan.run_id, ...(load_type && { load_type }) };
    await pipeline.requests.send(unheard.map(({ entity, load_id }) => ({ entity, load_id, ...asked })));
    await pipeline.clock.sleep(SETTLE_INTERVAL_MS);
  }
}

/** Whether the load is decided, or covered by another that was decided since, with nothing pending or queued. */
async function isDecided({ pipeline, before }: Run, load: Asked): Promise<boolean> {
  const { checkpoint } = await readCheckpoint(pipeline, load.entity);
  if (await readLoadRecord(pipeline.objects, load)) return checkpoint?.pending_load?.load_id !== load.load_id;
  const isIdle = !checkpoint?.pending_load && !checkpoint?.next_requests?.length;
  const isCovered = checkpoint?.last_load_id !== before.get(load.entity)?.last_load_id;
  return isIdle && isCovered && !pipeline.hasMessages(load.entity);
}

/** The first failure of each entity among the dead letters that appeared during this run, in any process. */
function deadEntities(pipeline: LocalPipeline, old: ReadonlySet<string>): ReadonlyMap<string, Failure> {
  const fresh = pipeline.deadLetters().filter(({ message_id }) => !old.has(message_id));
  return new Map(fresh.toReversed().map(({ entity, failure }) => [entity, failure]));
}

async function resultOf(run: Run, entity: string): Promise<EntityResult> {
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

/** An unreadable entry in the checkpoint file is a failure of that entity only. */
async function readCheckpoint(
  pipeline: LocalPipeline,
  entity: string,
): Promise<{ checkpoint: Checkpoint | undefined; failure?: Failure }> {
  try {
    const { checkpoint } = await pipeline.checkpoints.read(entity);
    return { checkpoint };
  } catch (thrown) {
    if (thrown instanceof BronzeError) return { checkpoint: undefined, failure: toFailure(thrown) };
    throw thrown;
  }
}
