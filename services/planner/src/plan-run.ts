import { effectiveLoadType } from '@bronze/common/load/checkpoint';
import { type Config, entityOf } from '@bronze/common/config';
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
  /** The moment this run stands for: the same moment plans the same loads, however often it is planned. */
  readonly scheduled_at: Timestamp;
  /** Whether loads that have already passed `scheduled_at` are left out: true for a schedule, false for a person. */
  readonly is_schedule: boolean;
  readonly load_type?: LoadType | undefined;
  /** Only these; default: all that are enabled. */
  readonly entities?: readonly string[] | undefined;
}

export interface PlannedLoad {
  readonly entity: string;
  readonly load_id: string;
  readonly load_type: LoadType;
  readonly since: Timestamp;
}

export interface Plan {
  readonly run_id: string;
  /** As it was asked for; an entity without a checkpoint is loaded in full all the same. */
  readonly load_type: LoadType;
  readonly planned: readonly PlannedLoad[];
  readonly skipped: readonly { readonly entity: string; readonly reason: string }[];
}

/**
 * Plans one run: a request for each entity asked for, all in one go.
 *
 * An entity whose own checkpoint can't be read is planned too: its extractor says what is wrong, and stops there.
 *
 * @throws BronzeError ENTITY_UNKNOWN, CHECKPOINTS_UNREADABLE (the whole file); nothing has been sent then
 */
export async function planRun(ports: PlannerPorts, config: Config, input: PlanInput): Promise<Plan> {
  const { chosen, skipped } = chooseEntities(config, input.entities);
  const checkpoints = await ports.checkpoints.readAll();
  const run_id = deriveId('run', input.scheduled_at, input.load_type ?? '');
  const planned = chosen.map((entity): PlannedLoad => {
    const checkpoint = checkpoints.get(entity.name);
    const load_type = effectiveLoadType(checkpoint, input.load_type, entity.cursor !== null);
    const since = load_type === 'full' ? EPOCH : (checkpoint?.last_sync_timestamp ?? EPOCH);
    const load_id = deriveId('load', input.scheduled_at, entity.name, input.load_type ?? '');
    return { entity: entity.name, load_id, load_type, since };
  });
  await ports.requests.send(planned.map((load) => toRequest(load, run_id, input)));
  for (const { entity, load_id } of planned) ports.log.event({ kind: 'planned', entity, load_id, run_id });
  return { run_id, load_type: input.load_type ?? 'incremental', planned, skipped };
}

/** Those named, enabled or not; otherwise all that are enabled. */
function chooseEntities(config: Config, names: readonly string[] | undefined) {
  if (names) return { chosen: [...new Set(names)].map((name) => entityOf(config, name)), skipped: [] };
  const all = Object.keys(config.entities).map((name) => entityOf(config, name));
  return {
    chosen: all.filter((entity) => entity.enabled),
    skipped: all.filter((entity) => !entity.enabled).map(({ name }) => ({ entity: name, reason: 'disabled' })),
  };
}

/** The load type is that which was asked for, not the planned one: the claim decides with the checkpoint of its moment. */
function toRequest(load: PlannedLoad, run_id: string, input: PlanInput): ExtractRequest {
  return {
    entity: load.entity,
    load_id: load.load_id,
    run_id,
    ...(input.load_type && { load_type: input.load_type }),
    ...(input.is_schedule && { target: input.scheduled_at }),
  };
}
