import { type Checkpoint, effectiveLoadType, isAnsweredBy, type PendingLoad } from '@bronze/common/load/checkpoint';
import { type Config, entityOf } from '@bronze/common/config';
import { dependenciesAmong } from '@bronze/common/config/order';
import type { LoadType } from '@bronze/common/words/entity';
import { deriveId } from './load-id.ts';
import type { ExtractRequest } from '@bronze/common/load/messages';
import type { CheckpointStore } from '@bronze/common/load/checkpoint-store';
import type { Log } from '@bronze/common/load/events';
import type { TaskQueue } from '@bronze/common/ports/queue';
import { EPOCH, type Timestamp } from '@bronze/common/words/timestamp';

export interface PlannerPorts {
  readonly checkpoints: CheckpointStore;
  readonly requests: TaskQueue<ExtractRequest>;
  readonly log: Log;
}

export interface PlanInput {
  /** The time this run is for. Planning the same time again plans the same loads. */
  readonly scheduled_at: Timestamp;
  /** Whether entities already loaded up to `scheduled_at` need no load: true for a schedule, false for a person. */
  readonly is_schedule: boolean;
  readonly load_type?: LoadType | undefined;
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
  /** When the pending full load was claimed that this request continues. Absent: the request asks for a new load. */
  readonly claimed_at?: Timestamp;
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
 * An entity whose own checkpoint can't be read is planned too: its extractor then fails and says what is wrong.
 *
 * @throws BronzeError ENTITY_UNKNOWN, or CHECKPOINTS_UNREADABLE for the whole file, before anything is sent
 */
export async function planRun(ports: PlannerPorts, config: Config, input: PlanInput): Promise<Plan> {
  const { chosen, skipped } = chooseEntities(config, input.entities);
  const checkpoints = await ports.checkpoints.readAll();
  const run_id = input.run_id ?? deriveId('run', input.scheduled_at, input.load_type ?? '');
  const names = chosen.map(({ name }) => name);
  const dependencies = dependenciesAmong(names, (name) => entityOf(config, name).after ?? []);
  const planned = chosen.map((entity): PlannedLoad => {
    const checkpoint = checkpoints.get(entity.name);
    const others = dependencies.get(entity.name) ?? [];
    const after = others.length > 0 ? { after: others } : {};
    const pending = continuedLoad(checkpoint, input, entity.cursor !== null);
    if (pending) return { ...toPlanned(entity.name, pending), ...after };
    const load_type = effectiveLoadType(checkpoint, input.load_type, entity.cursor !== null);
    const since = load_type === 'full' ? EPOCH : (checkpoint?.last_sync_timestamp ?? EPOCH);
    const load_id = deriveId('load', input.scheduled_at, entity.name, input.load_type ?? '');
    return { entity: entity.name, load_id, load_type, since, ...after };
  });
  const sent = planned.filter(({ after }) => !input.in_order || !after);
  await ports.requests.send(sent.map((load) => toRequest(load, run_id, input)));
  for (const { entity, load_id, claimed_at } of planned) {
    ports.log.event({ kind: 'planned', entity, load_id, run_id });
    if (claimed_at) ports.log.event({ kind: 'load_continued', entity, load_id, run_id, claimed_at });
  }
  return { run_id, load_type: input.load_type ?? 'incremental', planned, skipped };
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
    ...(input.is_schedule && { target: input.scheduled_at }),
  };
}
