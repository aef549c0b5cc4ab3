import { measuredKey, planKey, plansFrom, plansOfDay } from '@bronze/common/load/object-keys';
import { readJson } from '@bronze/common/load/stored-json';
import type { ObjectReader, ObjectStore } from '@bronze/common/ports/object-store';
import { encodeJson } from '@bronze/common/words/json';
import {
  minusSeconds,
  secondsBetween,
  type Timestamp,
  timestamp,
  timestampSchema,
  utcDate,
} from '@bronze/common/words/timestamp';
import * as z from 'zod/mini';
import type { PlanInput, Plan } from './plan-run.ts';

const measuredSchema = z.looseObject({ measured_since: timestampSchema });

/**
 * When this name was first asked for; `now` if that is this time. It is kept in the bucket, once for each name.
 *
 * @param name an entity, or what no entity is called
 * @throws BronzeError OBJECT_INVALID
 */
export async function measuredSince(objects: ObjectStore, name: string, now: Timestamp): Promise<Timestamp> {
  const key = measuredKey(name);
  const known = await readJson(objects, key, measuredSchema, 'Delete it: it is written anew.');
  if (known) return known.measured_since;
  await objects.putIfAbsent(key, encodeJson({ measured_since: now }));
  return now;
}

/** Records that the planner ran for all entities, so that a run that is missing can be seen. */
export async function recordPlan(
  objects: ObjectStore,
  plan: Plan,
  { scheduled_at, is_schedule }: Pick<PlanInput, 'scheduled_at' | 'is_schedule'>,
): Promise<void> {
  const key = planKey({ scheduled_at, run_id: plan.run_id });
  await objects.putIfAbsent(key, encodeJson({ version: 1, scheduled_at, is_schedule, ...plan }));
}

/**
 * For how long a run has been missing: the seconds since the last one was due. 0 if the planner has run since it was due, on
 * its own or by hand, and if nobody watched this schedule yet when it was due.
 *
 * @param hour of the daily run, in UTC
 */
export async function silentSeconds(objects: ObjectStore, hour: number, now: Timestamp): Promise<number> {
  const due = lastDue(hour, now);
  const since = await measuredSince(objects, `daily-${String(hour).padStart(2, '0')}`, now);
  const isWatched = secondsBetween(since, due) >= 0;
  return isWatched && !(await isPlannedSince(objects, due, now)) ? secondsBetween(due, now) : 0;
}

/** The last time at or before `now` that is this hour, in UTC. */
function lastDue(hour: number, now: Timestamp): Timestamp {
  const today = timestamp(`${utcDate(now)}T${String(hour).padStart(2, '0')}:00:00Z`);
  return secondsBetween(today, now) >= 0 ? today : minusSeconds(today, 24 * 3600);
}

async function isPlannedSince(objects: ObjectReader, due: Timestamp, now: Timestamp): Promise<boolean> {
  const days = [...new Set([plansOfDay(due), plansOfDay(now)])];
  const keys = await Promise.all(days.map((day) => objects.list(day)));
  return keys.flat().some((key) => key >= plansFrom(due));
}
