import type { Checkpoint } from '@bronze/common/load/checkpoint';
import type { CheckpointStore } from '@bronze/common/load/checkpoint-store';
import { readLoadRecord } from '@bronze/common/load/load-record';
import type { ExtractRequest } from '@bronze/common/load/messages';
import type { Clock } from '@bronze/common/ports/clock';
import type { ObjectStore } from '@bronze/common/ports/object-store';
import type { TaskQueue } from '@bronze/common/ports/queue';
import type { LoadType } from '@bronze/common/words/entity';
import { BronzeError, type Failure, toFailure } from '@bronze/common/words/failure';
import type { Plan } from '@bronze/planner/plan-run';
import type { DeadLetter } from './dead-letters.ts';

const SETTLE_INTERVAL_MS = 250;

/** What a run asks of the pipeline that carries it out: `LocalPipeline`, and the simulation. */
export interface SettlingPipeline {
  readonly objects: ObjectStore;
  readonly checkpoints: CheckpointStore;
  readonly requests: TaskQueue<ExtractRequest>;
  readonly clock: Clock;
  /** Delivers messages until none of this process's is left, or until `stop` aborts. */
  drain(stop: AbortSignal): Promise<void>;
  /** Whether a message of the entity waits or runs, in this process or another. */
  hasMessages(entity: string): boolean;
  deadLetters(): readonly DeadLetter[];
}

export interface Run {
  readonly pipeline: SettlingPipeline;
  readonly plan: Plan;
  /** As it was asked for: a repeated request must ask for the same. */
  readonly load_type: LoadType | undefined;
  /** Ids of dead letters that were there before the run: they say nothing about it. */
  readonly old: ReadonlySet<string>;
  /** The checkpoints before: a load that was decided since shows as another `last_load_id`. */
  readonly before: ReadonlyMap<string, Checkpoint | undefined>;
}

type Asked = Plan['planned'][number];

/**
 * Delivers until each request of this run is decided. When our own messages are done, another process may still hold a
 * load that ours waits behind. We wait for it, and send our request again if the entity has no message left and nothing
 * is decided.
 */
export async function settle(run: Run, stop: AbortSignal): Promise<void> {
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
export async function isDecided({ pipeline, before }: Run, load: Asked): Promise<boolean> {
  const { checkpoint } = await readCheckpoint(pipeline, load.entity);
  if (await readLoadRecord(pipeline.objects, load)) return checkpoint?.pending_load?.load_id !== load.load_id;
  const isIdle = !checkpoint?.pending_load && !checkpoint?.next_requests?.length;
  const isCovered = checkpoint?.last_load_id !== before.get(load.entity)?.last_load_id;
  return isIdle && isCovered && !pipeline.hasMessages(load.entity);
}

/** The first failure of each entity among the dead letters that appeared during this run, in any process. */
export function deadEntities(
  pipeline: Pick<SettlingPipeline, 'deadLetters'>,
  old: ReadonlySet<string>,
): ReadonlyMap<string, Failure> {
  const fresh = pipeline.deadLetters().filter(({ message_id }) => !old.has(message_id));
  return new Map(fresh.toReversed().map(({ entity, failure }) => [entity, failure]));
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
