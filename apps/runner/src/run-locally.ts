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

interface Run {
  readonly pipeline: LocalPipeline;
  readonly watch: RunWatch;
  readonly plan: Plan;
  /** As it was asked for: a repeated request must ask for the same. */
  readonly load_type: LoadType | undefined;
  /** Dead letters that were there before: they say nothing about this run. */
  readonly old: ReadonlySet<string>;
  /** The checkpoints before: a load that was decided since shows as another `last_load_id`. */
  readonly before: ReadonlyMap<string, Checkpoint | undefined>;
}

type Asked = Plan['planned'][number];

/** The whole job on one machine: plan, then deliver messages until every entity is done or dead. */
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
 * Delivers until each request of ours is decided. When our own messages are done, another process may still hold a
 * load that ours waits behind: we wait for it, and ask again should its messages be gone with nothing decided.
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

/** Its own load is decided; or another that was decided since has covered it, and nothing is loading or on its way. */
async function isDecided({ pipeline, before }: Run, load: Asked): Promise<boolean> {
  const { checkpoint } = await readCheckpoint(pipeline, load.entity);
  if (await readLoadRecord(pipeline.objects, load)) return checkpoint?.pending_load?.load_id !== load.load_id;
  const isIdle = !checkpoint?.pending_load && !checkpoint?.next_requests?.length;
  const isCovered = checkpoint?.last_load_id !== before.get(load.entity)?.last_load_id;
  return isIdle && isCovered && !pipeline.hasMessages(load.entity);
}

/** The failures of this run's dead letters, of any process: the first of each entity. */
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

/** One entity's mistake in the file is its own failure. */
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
