import type { Law } from '../world/facts.ts';

/** Objects other than checkpoints are created once and never change. Only batches of a decided load are removed. */
export const CREATE_ONCE: Law = {
  name: 'create once',
  onChange({ count }, change) {
    if (change.kind === 'replaced') return `${change.key} was overwritten`;
    if (change.kind !== 'removed') return undefined;
    count('create_once_batches_removed');
    const isBatch = change.key.startsWith('data/staging/') && change.key.endsWith('.ndjson.zst');
    return isBatch && change.load?.record ? undefined : `${change.key} was removed: not a batch of a decided load`;
  },
};
