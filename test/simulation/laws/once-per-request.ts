import type { Law } from '../world/facts.ts';

/** A request is carried out at most once. A checkpoint only moves by its pending load, once that load is decided. */
export const ONCE_PER_REQUEST: Law = {
  name: 'once per request',
  onChange({ ledger, count }, change) {
    if (change.kind !== 'checkpoint') return undefined;
    const { entity, before, after } = change;
    const claimed = after?.pending_load?.load_id;
    if (claimed !== undefined && claimed !== before?.pending_load?.load_id) {
      count('once_per_request_claims');
      if (before?.pending_load) return `${entity} claims ${claimed} while ${before.pending_load.load_id} is pending`;
      if ((ledger.loads.get(`${entity}/${claimed}`)?.claims ?? 0) > 1)
        return `${entity} claims ${claimed} a second time`;
    }
    const last = after?.last_load_id;
    if (last === undefined || last === before?.last_load_id) return undefined;
    const record = ledger.loads.get(`${entity}/${last}`)?.record;
    if (!record) return `the checkpoint of ${entity} was moved by load ${last}, which is not decided`;
    return before?.pending_load?.load_id === last ? undefined : `${entity} was moved by ${last}, which was not pending`;
  },
};
