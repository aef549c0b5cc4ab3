import { type Facts, healthy, type Law } from '../world/facts.ts';

/** L5: once faults stop, one more request per entity completes every pending load. */
export const ALWAYS_LIVE: Law = {
  name: 'L5 always live',
  atRest(facts) {
    // Crashes and failures alone heal by themselves: only messages that are gone need another request.
    return stuck(facts, facts.gone);
  },
  afterOneMoreRequest(facts) {
    const behind = healthy(facts).find(({ name }) => {
      const synced = facts.ledger.checkpoints.get(name)?.last_sync_timestamp;
      return synced === undefined || synced < (facts.asked_at ?? '');
    });
    return (
      stuck(facts, new Set()) ?? (behind && `${behind.name} was asked for at ${facts.asked_at} and has not come so far`)
    );
  },
};

function stuck(facts: Facts, gone: ReadonlySet<string>): string | undefined {
  for (const { name } of healthy(facts)) {
    if (gone.has(name)) continue;
    const { pending_load, next_requests } = facts.ledger.checkpoints.get(name) ?? {};
    if (pending_load) return `load ${pending_load.load_id} of ${name} is pending, and nobody works on it`;
    if (next_requests) return `a request for ${name} waits, and nobody knows of it`;
  }
  return undefined;
}
