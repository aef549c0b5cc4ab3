import type { Law } from '../world/facts.ts';

/** L4: a checkpoint only moves forward. */
export const NEVER_BACK: Law = {
  name: 'L4 never back',
  onChange({ count }, change) {
    if (change.kind !== 'checkpoint') return undefined;
    const { entity, before, after } = change;
    const [from, to] = [before?.last_sync_timestamp, after?.last_sync_timestamp];
    if (from !== undefined && to !== from) count('l4_checkpoints_moved');
    const isBack = from !== undefined && (to === undefined || to < from);
    const pending = after?.pending_load;
    const isUpsideDown = pending !== undefined && pending.until < pending.since;
    if (isBack) return `the checkpoint of ${entity} went back from ${from} to ${to ?? 'nothing'}`;
    return isUpsideDown ? `the window of ${entity} ends at ${pending.until}, before it begins` : undefined;
  },
};
