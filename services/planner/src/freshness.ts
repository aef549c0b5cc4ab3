import type { Checkpoint } from '@bronze/common/load/checkpoint';
import type { Config } from '@bronze/common/config';
import type { Timestamp } from '@bronze/common/words/timestamp';

export interface Freshness {
  readonly entity: string;
  /** How far bronze is behind: from the end of the last window to now. */
  readonly lag_seconds: number;
}

/** Of every entity that is enabled and has been loaded; one that never was has no lag but a missing metric. */
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
