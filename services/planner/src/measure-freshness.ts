import type { Config } from '@bronze/common/config';
import type { CheckpointStore } from '@bronze/common/load/checkpoint-store';
import type { Clock } from '@bronze/common/ports/clock';
import type { ObjectStore } from '@bronze/common/ports/object-store';
import { type Freshness, freshnessOf, neverLoaded } from './freshness.ts';
import { measuredSince, silentSeconds } from './schedule-watch.ts';

export interface FreshnessPorts {
  readonly objects: ObjectStore;
  readonly checkpoints: CheckpointStore;
  readonly clock: Clock;
}

export interface Measured {
  readonly entities: readonly Freshness[];
  readonly schedule_silent_seconds: number;
}

/**
 * Measures every enabled entity, and the schedule.
 *
 * @param hour of the daily run, in UTC
 * @throws BronzeError CHECKPOINTS_UNREADABLE if the whole file can't be read
 */
export async function measureFreshness(ports: FreshnessPorts, config: Config, hour: number): Promise<Measured> {
  const { objects, checkpoints, clock } = ports;
  const now = clock.now();
  const read = await checkpoints.readAll();
  const since = await Promise.all(
    neverLoaded(config, read, now).map(async (name) => [name, await measuredSince(objects, name, now)] as const),
  );
  return {
    entities: freshnessOf(config, read, { now, measuredSince: new Map(since) }),
    schedule_silent_seconds: await silentSeconds(objects, hour, now),
  };
}
