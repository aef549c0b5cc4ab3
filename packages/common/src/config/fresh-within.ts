import { secondsOf } from '../words/duration.ts';
import type { Config } from './config.ts';

/** A daily run, and two hours for it. */
export const FRESH_WITHIN_DEFAULT = '26h';

/**
 * How many seconds each enabled entity may be behind before it raises an alarm: its `fresh_within`, else that of its source,
 * else {@link FRESH_WITHIN_DEFAULT}.
 */
export function freshWithinSeconds({ entities, sources }: Config): ReadonlyMap<string, number> {
  const enabled = Object.entries(entities).filter(([, { enabled: isEnabled }]) => isEnabled);
  return new Map(
    enabled.map(([name, { fresh_within, source }]) => [
      name,
      secondsOf(fresh_within ?? sources[source]?.fresh_within ?? FRESH_WITHIN_DEFAULT),
    ]),
  );
}
