import { type Backfill, isSameBackfill, whyNoBackfill } from '@bronze/common/load/backfill';
import { type Checkpoint, effectiveLoadType, isAnsweredBy, type PendingLoad } from '@bronze/common/load/checkpoint';
import { type Config, type Entity, entityOf } from '@bronze/common/config';
import { dependenciesAmong } from '@bronze/common/config/order';
import type { LoadType } from '@bronze/common/words/entity';
import { deriveId } from './load-id.ts';
import type { ExtractRequest } from '@bronze/common/load/messages';
import type { CheckpointStore } from '@bronze/common/load/checkpoint-store';
import type { Log } from '@bronze/common/load/events';
import { completedLoad } from '@bronze/common/load/lost-checkpoint';
import type { ObjectReader } from '@bronze/common/ports/object-store';
import type { TaskQueue } from '@bronze/common/ports/queue';
import { BronzeError, type FailureCode, type FailureText } from '@bronze/common/words/failure';
import { EPOCH, type Timestamp } from '@bronze/common/words/timestamp';

export interface PlannerPorts {
  /** Where the load records are. They are asked only about entities without a checkpoint. */
  readonly objects: ObjectReader;
  readonly checkpoints: Pick<CheckpointStore, 'readAll'>;
  readonly requests: TaskQueue<ExtractRequest>;
  readonly log: Log;
}

export interface PlanInput {
  /** The time this run is for. Planning the same time again plans the same loads. */
  readonly scheduled_at: Timestamp;
  /** Whether entities already loaded up to `scheduled_at` need no load: true for a schedule, false for a person. */
  readonly is_schedule: boolean;
  readonly load_type?: LoadType | undefined;
  /** Load this window of each entity again, instead of what is new. */
  readonly backfill?: Backfill | undefined;
  /** Default: derived from `scheduled_at`, so that planning the same time again is the same run. */
  readonly run_id?: string;
  /** The entities to load; default: all that are enabled. */
  readonly entities?: readonly string[] | undefined;
  /** Whether to send only the requests that wait for no other entity of this run: the caller then sends the others. */
  readonly in_order?: boolean;
}

export interface PlannedLoad {
  readonly entity: string;
  readonly load_id: string;
  readonly load_type: LoadType;
  readonly since: Timestamp;
  readonly backfill?: Backfill;
  /** When the pending load was claimed that this request continues. Absent: the request asks for a new load. */
  readonly claimed_at?: Timestamp;
  /** The code with which its request will fail, because of its checkpoint. Absent: nothing is known to be wrong. */
  readonly problem?: FailureCode;
  /** The entities of this run whose loads have to complete before this one is requested; absent: none. */
  readonly after?: readonly string[];
}

export interface Plan {
  readonly run_id: string;
  /** The type that was asked for. An entity without a checkpoint is nevertheless loaded in full. */
  readonly load_type: LoadType;
  readonly planned: readonly PlannedLoad[];
  readonly skipped: readonly { readonly entity: string; readonly reason: string }[];
}

/**
 * Plans one run: sends a request for each entity asked for, all in one call.
 *
 * An entity whose own checkpoint can't be read, or is lost, is planned too: its extractor then fails and says what is wrong.
 * A backfill of it is not.
 *
 * @throws BronzeError ENTITY_UNKNOWN, BACKFILL_REFUSED, or CHECKPOINTS_UNREADABLE for the whole file, before anything is sent;
 *   for a backfill the `problem` of an entity too
 */
export async function planRun(ports: PlannerPorts, config: Config, input: PlanInput): Promise<Plan> {
  const { chosen, skipped } = chooseEntities(config, input.entities);
  const checkpoints = await ports.checkpoints.readAll();
  const run_id = runIdOf(input);
  const names = chosen.map(({ name }) => name);
  const dependencies = dependenciesAmong(names, (name) => entityOf(config, name).after ?? []);
  const planned = await Promise.all(
    chosen.map(async (entity): Promise<PlannedLoad> => {
      const checkpoint = checkpoints.get(entity.name);
      const problem = checkpoint ? undefined : await problemOf(ports, checkpoints, entity.name);
      if (problem && input.backfill) throw new BronzeError(problem, whyUnknown(entity.name));
      const after = dependencies.get(entity.name) ?? [];
      return {
        ...planLoad(entity, checkpoint, input),
        ...(problem && { problem }),
        ...(after.length > 0 && { after }),
      };
    }),
  );
  const sent = planned.filter(({ after }) => !input.in_order || !after);
  await ports.requests.send(sent.map((load) => toRequest(load, run_id, input)));
  for (const { entity, load_id, claimed_at, backfill } of planned) {
    ports.log.event({ kind: 'planned', entity, load_id, run_id });
    const of = { entity, load_id, run_id, ...(backfill && { backfill }) };
    if (claimed_at) ports.log.event({ kind: 'load_continued', ...of, claimed_at });
  }
  return { run_id, load_type: input.load_type ?? 'incremental', planned, skipped };
}

/** The id of the run that this asks for. */
export function runIdOf({ run_id, scheduled_at, load_type }: PlanInput): string {
  return run_id ?? deriveId('run', scheduled_at, load_type ?? '');
}

/** What can be said of a request before anything is read. @throws BronzeError ENTITY_UNKNOWN */
export function checkedPlan<Input extends PlanInput>(
  config: Config,
  input: Input,
): Input & { readonly run_id: string } {
  chooseEntities(config, input.entities);
  return { ...input, run_id: runIdOf(input) };
}

function planLoad(of: Entity, checkpoint: Checkpoint | undefined, input: PlanInput): PlannedLoad {
  const { name: entity, cursor } = of;
  if (input.backfill) return planBackfill(of, checkpoint, input.backfill, input.scheduled_at);
  const pending = continuedLoad(checkpoint, input, cursor !== null);
  if (pending) return toPlanned(entity, pending);
  const load_type = effectiveLoadType(checkpoint, input.load_type, cursor !== null);
  const since = load_type === 'full' ? EPOCH : (checkpoint?.last_sync_timestamp ?? EPOCH);
  return { entity, load_id: deriveId('load', input.scheduled_at, entity, input.load_type ?? ''), load_type, since };
}

/** Of an entity without a checkpoint, or with one that can't be read. */
async function problemOf(
  { objects }: PlannerPorts,
  checkpoints: ReadonlyMap<string, Checkpoint | undefined>,
  entity: string,
): Promise<PlannedLoad['problem']> {
  if (checkpoints.has(entity)) return 'CHECKPOINTS_UNREADABLE';
  try {
    return (await completedLoad(objects, entity)) ? 'CHECKPOINT_LOST' : undefined;
  } catch (thrown) {
    // One entity's record does not stop the others: its extractor says what is wrong with it.
    if (thrown instanceof BronzeError && thrown.code === 'OBJECT_INVALID') return thrown.code;
    throw thrown;
  }
}

/** Why no window of an entity with a problem can be loaded again. */
function whyUnknown(entity: string): FailureText {
  return {
    message: `the checkpoint of ${entity} is gone or can’t be read, so nothing says which windows its loads have passed`,
    hint: `Nothing was requested. Rebuild it with bronze checkpoint restore ${entity}, then repeat the backfill.`,
  };
}

/** The pending full load that a request of this run would ask for again (decision 36). */
function continuedLoad(
  checkpoint: Checkpoint | undefined,
  { load_type, is_schedule, scheduled_at }: PlanInput,
  hasCursor: boolean,
): PendingLoad | undefined {
  const pending = checkpoint?.pending_load;
  const request = { load_type, target: is_schedule ? scheduled_at : undefined };
  return pending && isAnsweredBy(pending, request, hasCursor) ? pending : undefined;
}

/**
 * A backfill of the same window that is pending, or waits, is continued: whoever repeats an interrupted command means that
 * one (decision 46).
 *
 * @throws BronzeError BACKFILL_REFUSED
 */
function planBackfill(
  { name, cursor }: Entity,
  checkpoint: Checkpoint | undefined,
  backfill: Backfill,
  scheduled_at: Timestamp,
): PlannedLoad {
  const { last_sync_timestamp, pending_load, next_requests = [] } = checkpoint ?? {};
  const why = whyNoBackfill(name, backfill, { last_sync_timestamp, hasCursor: cursor !== null });
  if (why) throw new BronzeError('BACKFILL_REFUSED', why);
  const planned = { entity: name, load_type: 'incremental' as const, since: backfill.from, backfill };
  const isIt = (one: { readonly backfill?: Backfill | undefined }) => isSameBackfill(one.backfill, backfill);
  if (pending_load && isIt(pending_load))
    return { ...planned, load_id: pending_load.load_id, claimed_at: pending_load.ingested_at };
  const load_id = deriveId('backfill', scheduled_at, name, backfill.from, backfill.to);
  return { ...planned, load_id: next_requests.find(isIt)?.load_id ?? load_id };
}

function toPlanned(entity: string, { load_id, load_type, since, ingested_at }: PendingLoad): PlannedLoad {
  return { entity, load_id, load_type, since, claimed_at: ingested_at };
}

/** The named entities, enabled or not; without names, all that are enabled. */
function chooseEntities(config: Config, names: readonly string[] | undefined) {
  if (names) return { chosen: [...new Set(names)].map((name) => entityOf(config, name)), skipped: [] };
  const all = Object.keys(config.entities).map((name) => entityOf(config, name));
  return {
    chosen: all.filter((entity) => entity.enabled),
    skipped: all.filter((entity) => !entity.enabled).map(({ name }) => ({ entity: name, reason: 'disabled' })),
  };
}

/** Its load type is the one asked for, not the planned one: the claim decides by the checkpoint that it finds. */
function toRequest(load: PlannedLoad, run_id: string, input: PlanInput): ExtractRequest {
  return {
    entity: load.entity,
    load_id: load.load_id,
    run_id,
    ...(input.load_type && { load_type: input.load_type }),
    ...(load.backfill && { backfill: load.backfill }),
    ...(input.is_schedule && { target: input.scheduled_at }),
  };
}
