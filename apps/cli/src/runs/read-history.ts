import { failureRecords } from '@bronze/common/delivery/failure-record';
import { loadOfRunLog, runLogOfDay } from '@bronze/common/load/run-log-keys';
import { type Timestamp, utcDays } from '@bronze/common/words/timestamp';
import { readRecords } from '../parts/completed-loads.ts';
import type { Target } from '../target/target.ts';
import { chosen } from '../unknown-entity.ts';
import { ofFailure, ofPending, ofRecord, type RunSummary, runsOf } from './run-history.ts';

export interface Period {
  readonly since: Timestamp;
  readonly until: Timestamp;
}

/**
 * The runs of a period: of loads that the run log of its days names, the last load of each entity, those that are pending,
 * and messages that failed for good. The run log is listed day by day, because load records are not in order of time.
 *
 * @param entities only of these; of all if there are none
 * @throws BronzeError ENTITY_UNKNOWN for an entity without a checkpoint, a load or a failure
 */
export async function readHistory(
  target: Target,
  { since, until }: Period,
  entities: readonly string[],
): Promise<RunSummary[]> {
  const { objects } = target;
  const checkpoints = await target.readCheckpoints();
  const keys: string[] = [];
  for (const day of utcDays(since, until)) keys.push(...(await objects.list(runLogOfDay(day))));
  const logged = keys.map(loadOfRunLog).filter((load) => load !== undefined);
  const last = [...checkpoints].flatMap(([entity, one]) =>
    one?.last_load_id === undefined ? [] : [{ entity, load_id: one.last_load_id }],
  );
  const failures = (await failureRecords(objects, { since, until })).map(ofFailure);
  const known = [...checkpoints.keys(), ...[...logged, ...failures].map(({ entity }) => entity)];
  const asked = new Set(chosen(entities, [...new Set(known)], target.name));
  const isAsked = ({ entity }: { readonly entity: string }) => asked.has(entity);
  const loads = new Map([...logged, ...last].filter(isAsked).map((load) => [load.load_id, load]));
  const records = await readRecords(objects, [...loads.values()]);
  const decided = records.filter(({ completed_at }) => completed_at >= since).map(ofRecord);
  const ids = new Set(decided.map(({ load_id }) => load_id));
  const pending = [...checkpoints].flatMap(([entity, one]) => {
    const load = one?.pending_load;
    return load && asked.has(entity) && !ids.has(load.load_id) ? [ofPending(entity, load)] : [];
  });
  return runsOf(
    [...decided, ...pending],
    failures.filter((failure) => isAsked(failure) && failure.failed_at >= since),
  );
}
