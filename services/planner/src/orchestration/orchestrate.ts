import { type Config, entityOf } from '@bronze/common/config';
import { failureRecords } from '@bronze/common/delivery/failure-record';
import { readLoadRecord } from '@bronze/common/load/load-record';
import type { ExtractRequest } from '@bronze/common/load/messages';
import { AWAITED_PREFIX } from '@bronze/common/load/object-keys';
import { readJson } from '@bronze/common/load/stored-json';
import type { Clock } from '@bronze/common/ports/clock';
import type { ObjectStore } from '@bronze/common/ports/object-store';
import { encodeJson } from '@bronze/common/words/json';
import { secondsBetween } from '@bronze/common/words/timestamp';
import { type PlannedLoad, type PlannerPorts, planRun } from '../plan-run.ts';
import { answerOf, type AwaitedLoad, awaitedLoadSchema, keyOfAwaited, type Known } from './awaited-load.ts';
import { type End, readinessInTurn, type Turn } from './turn.ts';

/** A task gives up after this, and then waits no longer. */
export const WAITS_SECONDS_MAX = 24 * 3600;

/** Tells a state machine how a task of it has ended. Of a task that waits no longer it says nothing, and does not throw. */
export interface TaskCallbacks {
  end(task_token: string, end: End): Promise<void>;
}

export interface OrchestratorPorts extends PlannerPorts {
  readonly objects: ObjectStore;
  readonly clock: Clock;
  readonly callbacks: TaskCallbacks;
}

/**
 * An entity's wave has come: requests it, unless the run leaves it out or something before it was not loaded, and
 * remembers who waits for it *before* the request is sent, so that no end is missed.
 *
 * @throws BronzeError as `planRun` does: nothing is then sent
 */
export async function takeTurn(ports: OrchestratorPorts, config: Config, turn: Turn): Promise<void> {
  const { entity, task_token, input: asked } = turn;
  const isAsked = asked.entities ? asked.entities.includes(entity) : entityOf(config, entity).enabled;
  if (!isAsked) return ports.callbacks.end(task_token, { entity, status: 'left_out' });
  const readiness = readinessInTurn(config, turn);
  if (readiness.kind !== 'ready') {
    const reason = readiness.kind === 'skipped' ? readiness.because : readiness.for;
    return ports.callbacks.end(task_token, { entity, status: 'skipped', reason: `${reason} was not loaded` });
  }
  const requests: ExtractRequest[] = [];
  const collecting = { send: async (sent: readonly ExtractRequest[]) => void requests.push(...sent) };
  const { planned } = await planRun({ ...ports, requests: collecting }, config, { ...asked, entities: [entity] });
  for (const load of planned) {
    const target = asked.is_schedule ? { target: asked.scheduled_at } : {};
    await remember(ports, load, { ...target, ...(asked.load_type && { load_type: asked.load_type }), task_token });
  }
  await ports.requests.send(requests);
}

async function remember(
  { objects, clock }: OrchestratorPorts,
  { entity, load_id }: PlannedLoad,
  asked: Pick<AwaitedLoad, 'load_type' | 'target' | 'task_token'>,
): Promise<void> {
  const awaited: AwaitedLoad = { version: 1, entity, load_id, requested_at: clock.now(), ...asked };
  await objects.putIfAbsent(keyOfAwaited(awaited), encodeJson(awaited));
}

/**
 * Tells the state machine which awaited loads have ended. It may be told twice, never too early.
 *
 * @throws Error the first failure, once everything else is reported; OBJECT_INVALID for a damaged awaited load
 */
export async function reportEnds(ports: OrchestratorPorts): Promise<void> {
  const { objects } = ports;
  const keys = await objects.list(AWAITED_PREFIX);
  const read = await Promise.allSettled(keys.map(async (key) => readAwaited(objects, key)));
  const awaited = read.flatMap((one) => (one.status === 'fulfilled' && one.value ? [one.value] : []));
  const reports = await reportAll(ports, awaited);
  for (const one of [...read, ...reports]) if (one.status === 'rejected') throw one.reason;
}

async function reportAll(ports: OrchestratorPorts, awaited: readonly AwaitedLoad[]) {
  const since = awaited.map(({ requested_at }) => requested_at).toSorted()[0];
  if (since === undefined) return [];
  const failures = await failureRecords(ports.objects, { since, until: ports.clock.now() });
  // Before any load record: who ends a load writes its record first.
  const checkpoints = await ports.checkpoints.readAll();
  return Promise.allSettled(
    awaited.map(async (load) => {
      const checkpoint = checkpoints.get(load.entity);
      await report(ports, load, { checkpoint, failures, ...(await recordsOf(ports.objects, load, checkpoint)) });
    }),
  );
}

async function readAwaited(objects: ObjectStore, key: string): Promise<AwaitedLoad | undefined> {
  return readJson(objects, key, awaitedLoadSchema, 'Delete the object: its task then ends by its timeout.');
}

async function report(ports: OrchestratorPorts, load: AwaitedLoad, known: Known): Promise<void> {
  const { entity } = load;
  const answer = answerOf(load, known);
  const isForgotten = secondsBetween(load.requested_at, ports.clock.now()) > WAITS_SECONDS_MAX;
  if (answer.status === 'open' && !isForgotten) return;
  if (answer.status !== 'open') await ports.callbacks.end(load.task_token, { entity, ...answer });
  await ports.objects.remove(keyOfAwaited(load));
}

async function recordsOf(
  objects: ObjectStore,
  load: AwaitedLoad,
  checkpoint: Known['checkpoint'],
): Promise<Pick<Known, 'record' | 'last'>> {
  const record = await readLoadRecord(objects, load);
  const load_id = checkpoint?.last_load_id;
  const last = load_id === undefined ? undefined : await readLoadRecord(objects, { entity: load.entity, load_id });
  return { record, last };
}
