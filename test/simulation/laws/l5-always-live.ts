import { type Facts, healthy, type Law } from '../world/facts.ts';

/** L5: once faults stop, one more request per entity completes every pending load. */
export const ALWAYS_LIVE: Law = {
  name: 'L5 always live',
  atRest(facts) {
    // Entities recover from crashes and failures by themselves. Only a message that is gone needs another request.
    return stuck(facts, facts.gone);
  },
  afterOneMoreRequest(facts) {
    const behind = healthy(facts).find(({ name, is_clock_wrong }) => {
      if (is_clock_wrong) return false;
      const synced = facts.ledger.checkpoints.get(name)?.last_sync_timestamp;
      return synced === undefined || synced < (facts.asked_at ?? '');
    });
    return (
      stuck(facts, new Set()) ??
      (behind && `${behind.name}: its checkpoint is older than the request of ${facts.asked_at}`)
    );
  },
};

function stuck(facts: Facts, gone: ReadonlySet<string>): string | undefined {
  for (const { name } of healthy(facts)) {
    if (gone.has(name)) continue;
    const { pending_load, next_requests } = facts.ledger.checkpoints.get(name) ?? {};
    if (pending_load) return `load ${pending_load.load_id} of ${name} is pending, and no message continues it`;
    if (next_requests) return `a request for ${name} waits, and no pending load will send it`;
  }
  return undefined;
}
