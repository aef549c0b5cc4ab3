import type { Checkpoint } from '@bronze/common/load/checkpoint';
import type { CheckpointStore } from '@bronze/common/load/checkpoint-store';
import { readLoadRecord } from '@bronze/common/load/load-record';
import type { ExtractRequest } from '@bronze/common/load/messages';
import type { Clock } from '@bronze/common/ports/clock';
import type { ObjectStore } from '@bronze/common/ports/object-store';
import type { TaskQueue } from '@bronze/common/ports/queue';
import type { LoadType } from '@bronze/common/words/entity';
import { type Dependencies, type Outcome, type Readiness, readinessOf } from '@bronze/common/config/order';
import { BronzeError, type Failure, toFailure } from '@bronze/common/words/failure';
import type { Plan } from '@bronze/planner/plan-run';

const SETTLE_INTERVAL_MS = 250;

/** What a run asks of the pipeline that carries it out: `LocalPipeline`, and the simulation. */
export interface SettlingPipeline {
  readonly objects: ObjectStore;
  readonly checkpoints: CheckpointStore;
  readonly requests: TaskQueue<ExtractRequest>;
  readonly clock: Clock;
  /** Clears away what runs that are over have left of the plan's entities: this run's requests do its work. */
  takeOver(plan: Plan): Promise<void>;
  /** Delivers messages until none of this run's is left, or until `stop` aborts. */
  drain(stop: AbortSignal): Promise<void>;
  /** Whether a message of the entity waits or runs, of this run or another. */
  hasMessages(entity: string): boolean;
}

export interface Run {
  readonly pipeline: SettlingPipeline;
  readonly plan: Plan;
  /** As it was asked for: a repeated request must ask for the same. */
  readonly load_type: LoadType | undefined;
  /**
   * The checkpoints before the entities' turns: a load that was claimed and decided since shows as another `last_load_id`.
   * `settle` reads that of an entity with dependencies again once its turn has come.
   */
  readonly before: Map<string, Checkpoint | undefined>;
  /** The entities with dependencies whose turn has come; empty when the run begins. */
  readonly begun: Set<string>;
  /** What each entity of the plan is loaded after. */
  readonly dependencies: Dependencies;
  /** The first failure of each entity of which this run, and no other, sent a message to the dead letters. */
  failures(): ReadonlyMap<string, Failure>;
}

type Asked = Plan['planned'][number];

/** As `Run` has it. */
interface Before {
  readonly before: ReadonlyMap<string, Checkpoint | undefined>;
}

/**
 * Delivers until each request of this run is decided, those that wait for other entities once their turn has come. When
 * our own messages are done, another run may still hold a load that ours waits behind. We wait for it, and send our request
 * again if the entity has no message left and nothing is decided.
 */
export async function settle(run: Run, stop: AbortSignal): Promise<void> {
  const { pipeline, plan, load_type } = run;
  for (;;) {
    await pipeline.takeOver({ ...plan, planned: await dueLoads(run) });
    await pipeline.drain(stop);
    const failed = run.failures();
    const open: Asked[] = [];
    for (const load of await dueLoads(run)) {
      if (!failed.has(load.entity) && !(await isDecided(run, load))) open.push(load);
    }
    if (open.length === 0 || stop.aborted) return;
    const unheard = open.filter(({ entity }) => !pipeline.hasMessages(entity));
    const asked = { run_id: plan.run_id, ...(load_type && { load_type }) };
    await pipeline.requests.send(
      unheard.map(({ entity, load_id, backfill }) => ({ entity, load_id, ...asked, ...(backfill && { backfill }) })),
    );
    await pipeline.clock.sleep(SETTLE_INTERVAL_MS);
  }
}

/** The loads of the plan that wait for no other entity, or no longer. */
async function dueLoads(run: Run): Promise<Asked[]> {
  const readiness = await readinessIn(run);
  const due = run.plan.planned.filter(({ entity }) => readiness(entity).kind === 'ready');
  const begins = due.filter(({ entity }) => hasDependencies(run, entity) && !run.begun.has(entity));
  if (begins.length === 0) return due;
  const checkpoints = await run.pipeline.checkpoints.readAll();
  for (const { entity } of begins) {
    run.before.set(entity, checkpoints.get(entity));
    run.begun.add(entity);
  }
  // One that is decided already, such as by an earlier run for the same time, gives the next one its turn.
  return dueLoads(run);
}

function hasDependencies({ dependencies }: Run, entity: string): boolean {
  return (dependencies.get(entity) ?? []).length > 0;
}

/** What each entity's request waits for, as things are now. */
export async function readinessIn(run: Run): Promise<(entity: string) => Readiness> {
  const { dependencies, plan } = run;
  const awaited = new Set([...dependencies.values()].flat());
  const outcomes = new Map<string, Outcome>();
  for (const load of plan.planned) if (awaited.has(load.entity)) outcomes.set(load.entity, await outcomeOf(run, load));
  return (entity) => readinessOf(entity, dependencies, (other) => outcomes.get(other) ?? 'open');
}

async function outcomeOf(run: Run, load: Asked): Promise<Outcome> {
  if (run.failures().has(load.entity)) return 'failed';
  // What another run loads before its turn has come may lack what the entities before it bring.
  if (hasDependencies(run, load.entity) && !run.begun.has(load.entity)) return 'open';
  if (!(await isDecided(run, load))) return 'open';
  const record = await readLoadRecord(run.pipeline.objects, load);
  return record?.status === 'abandoned' ? 'failed' : 'completed';
}

/**
 * Whether the load is decided, or covered by another that was claimed and decided since, with nothing pending. No other
 * load covers a backfill.
 */
export async function isDecided(
  run: Before & { readonly pipeline: Pick<SettlingPipeline, 'objects' | 'checkpoints'> },
  load: Pick<Asked, 'entity' | 'load_id' | 'backfill'>,
): Promise<boolean> {
  const { checkpoint } = await readCheckpoint(run.pipeline, load.entity);
  if (await readLoadRecord(run.pipeline.objects, load)) return checkpoint?.pending_load?.load_id !== load.load_id;
  if (load.backfill) return false;
  const isIdle = !checkpoint?.pending_load && !checkpoint?.next_requests?.length;
  return isIdle && decidedSince(run, load.entity, checkpoint) !== undefined;
}

/** The load decided last, if the entity's request may have been joined to it: it was neither decided nor pending before. */
export function decidedSince(
  { before }: Before,
  entity: string,
  checkpoint: Checkpoint | undefined,
): string | undefined {
  const last = checkpoint?.last_load_id;
  const then = before.get(entity);
  return last === then?.last_load_id || last === then?.pending_load?.load_id ? undefined : last;
}

/** An unreadable entry in the checkpoint file is a failure of that entity only. */
export async function readCheckpoint(
  pipeline: Pick<SettlingPipeline, 'checkpoints'>,
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
