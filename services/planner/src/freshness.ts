import type { Checkpoint } from '@bronze/common/load/checkpoint';
import type { Config } from '@bronze/common/config';
import type { Timestamp } from '@bronze/common/words/timestamp';

export interface Freshness {
  readonly entity: string;
  /**
   * How far bronze is behind: the time from the end of the last window until now; never negative. A checkpoint that is
   * ahead by more than {@link AHEAD_SECONDS_MAX} counts as {@link AHEAD_LAG_SECONDS}.
   */
  readonly lag_seconds: number;
}

/** Clocks that are kept by NTP differ by less. */
const AHEAD_SECONDS_MAX = 5 * 60;
/** More than any alarm allows: until the time of a checkpoint in the future has come, nothing is loaded. */
const AHEAD_LAG_SECONDS = 7 * 24 * 3600;

/** The lag of every enabled entity that has been loaded. One that never was has no lag, so its metric is missing. */
export function freshnessOf(
  config: Config,
  checkpoints: ReadonlyMap<string, Checkpoint | undefined>,
  now: Timestamp,
): Freshness[] {
  return Object.entries(config.entities).flatMap(([entity, { enabled }]) => {
    const synced = checkpoints.get(entity)?.last_sync_timestamp;
    if (!enabled || synced === undefined) return [];
    return [{ entity, lag_seconds: lagOf((Date.parse(now) - Date.parse(synced)) / 1000) }];
  });
}

/** Whether a checkpoint is so far in the future that some clock must have been wrong. */
export function isAhead(last_sync_timestamp: Timestamp, now: Timestamp): boolean {
  return Date.parse(last_sync_timestamp) - Date.parse(now) > AHEAD_SECONDS_MAX * 1000;
}

function lagOf(seconds: number): number {
  return seconds < -AHEAD_SECONDS_MAX ? AHEAD_LAG_SECONDS : Math.max(0, seconds);
}
