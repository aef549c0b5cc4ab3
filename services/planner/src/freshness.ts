import type { Checkpoint } from '@bronze/common/load/checkpoint';
import type { Config } from '@bronze/common/config';
import { freshWithinSeconds } from '@bronze/common/config/fresh-within';
import { secondsBetween, type Timestamp } from '@bronze/common/words/timestamp';

export interface Freshness {
  readonly entity: string;
  /**
   * How far bronze is behind: the time from the end of the last window until now; never negative. An entity that was never
   * loaded is behind since it was first measured, and one that was reset since then. One whose lag nobody can say (see `basis`) is behind by more than it may.
   */
  readonly lag_seconds: number;
  /** How far it may be behind: {@link freshWithinSeconds}. */
  readonly fresh_within_seconds: number;
  readonly is_late: boolean;
  /**
   * What the lag was measured from. `unreadable`: its entry in `checkpoints.json` can't be read. `future`: its checkpoint is
   * ahead of the clock, so until then nothing is loaded.
   */
  readonly basis: 'checkpoint' | 'never_loaded' | 'unreadable' | 'future';
}

type Checkpoints = ReadonlyMap<string, Checkpoint | undefined>;

/** Clocks that are kept by NTP differ by less. */
const AHEAD_SECONDS_MAX = 5 * 60;
/** A week: the lag of an entity that nobody can say, or twice what it may be behind if that is more. */
const UNKNOWN_LAG_SECONDS = 7 * 24 * 3600;

/**
 * The lag of every enabled entity, also of one that was never loaded or whose checkpoint can't be read.
 *
 * @param measuredSince when an entity that was never loaded was first measured; default: now
 */
export function freshnessOf(
  config: Config,
  checkpoints: Checkpoints,
  { now, measuredSince }: { readonly now: Timestamp; readonly measuredSince: ReadonlyMap<string, Timestamp> },
): Freshness[] {
  return [...freshWithinSeconds(config)].map(([entity, fresh_within_seconds]) => {
    const basis = basisOf(checkpoints, entity, now);
    const { last_sync_timestamp, reset_at } = checkpoints.get(entity) ?? {};
    const behindSince = basis === 'checkpoint' ? last_sync_timestamp : (reset_at ?? measuredSince.get(entity));
    const isKnown = basis === 'checkpoint' || basis === 'never_loaded';
    const lag_seconds = isKnown
      ? Math.max(0, secondsBetween(behindSince ?? now, now))
      : Math.max(UNKNOWN_LAG_SECONDS, 2 * fresh_within_seconds);
    return { entity, lag_seconds, fresh_within_seconds, is_late: lag_seconds > fresh_within_seconds, basis };
  });
}

/** The enabled entities that were never loaded. */
export function neverLoaded(config: Config, checkpoints: Checkpoints, now: Timestamp): string[] {
  return [...freshWithinSeconds(config).keys()].filter((name) => basisOf(checkpoints, name, now) === 'never_loaded');
}

function basisOf(checkpoints: Checkpoints, entity: string, now: Timestamp): Freshness['basis'] {
  const checkpoint = checkpoints.get(entity);
  if (!checkpoint && checkpoints.has(entity)) return 'unreadable';
  if (checkpoint?.last_sync_timestamp === undefined) return 'never_loaded';
  return isAhead(checkpoint.last_sync_timestamp, now) ? 'future' : 'checkpoint';
}

/** Whether a checkpoint is so far in the future that some clock must have been wrong. */
export function isAhead(last_sync_timestamp: Timestamp, now: Timestamp): boolean {
  return secondsBetween(now, last_sync_timestamp) > AHEAD_SECONDS_MAX;
}
