import type { Law } from '../world/facts.ts';

/** Objects other than the checkpoints are created once and never change; only staging of a decided load is removed. */
export const CREATE_ONCE: Law = {
  name: 'create once',
  onChange(_, change) {
    if (change.kind === 'replaced') return `${change.key} was created once and has changed`;
    if (change.kind !== 'removed') return undefined;
    const isBatch = change.key.startsWith('data/staging/') && change.key.endsWith('.ndjson.zst');
    return isBatch && change.load?.record ? undefined : `${change.key} was removed, and its load is not decided`;
  },
};
