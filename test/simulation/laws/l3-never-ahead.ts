import { isHealthy, type Law } from '../world/facts.ts';

/**
 * L3: `last_sync_timestamp` never passes data that is not durable in bronze. It can't say anything about rows whose
 * cursor is not of the time when they were written; the law *exact position* holds for those too.
 */
export const NEVER_AHEAD: Law = {
  name: 'L3 never ahead',
  onChange(facts, change) {
    if (change.kind !== 'checkpoint' || !isHealthy(facts, change.entity)) return undefined;
    const { entity, before, after } = change;
    const synced = after?.last_sync_timestamp;
    if (synced === undefined || synced === before?.last_sync_timestamp) return undefined;
    const rows = facts.entities.get(entity)?.current() ?? [];
    const passed = rows.filter(
      ({ cursor, is_backdated }) => cursor !== null && cursor < synced && is_backdated !== true,
    );
    facts.count('l3_rows_passed', passed.length);
    const missing = passed.find(({ line }) => facts.ledger.loadsOf(entity, line).length === 0);
    return missing && `the checkpoint of ${entity} is at ${synced}, but bronze lacks ${missing.line}`;
  },
};
