import type { Checkpoint } from '@bronze/common/load/checkpoint';
import type { Config } from '@bronze/common/config';
import type { Timestamp } from '@bronze/common/words/timestamp';

export interface Freshness {
  readonly entity: string;
  /** How far bronze is behind: the time from the end of the last window until now; never negative. */
  readonly lag_seconds: number;
}

/** The lag of every enabled entity that has been loaded. One that never was has no lag, so its metric is missing. */
export function freshnessOf(
  config: Config,
  checkpoints: ReadonlyMap<string, Checkpoint | undefined>,
  now: Timestamp,
): Freshness[] {
  return Object.entries(config.entities).flatMap(([entity, { enabled }]) => {
    const synced = checkpoints.get(entity)?.last_sync_timestamp;
    if (!enabled || synced === undefined) return [];
    return [{ entity, lag_seconds: Math.max(0, (Date.parse(now) - Date.parse(synced)) / 1000) }];
  });
}
