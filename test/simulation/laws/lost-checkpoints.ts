import { isDeepStrictEqual } from 'node:util';
import type { Law } from '../world/facts.ts';

/** Nothing is loaded for an entity whose checkpoint is lost, and what is restored is what was there. */
export const LOST_CHECKPOINTS: Law = {
  name: 'lost checkpoints',
  onChange({ lost }, change) {
    if (change.kind !== 'checkpoint' || !lost.has(change.entity)) return undefined;
    return `${change.entity} got another checkpoint although its own is lost: ${JSON.stringify(change.after)}`;
  },
  onRestored(_, entity, { before, after }) {
    // The record is older than the swap, whose time nothing records.
    const [was, is] = [before, after].map((checkpoint) => ({ ...checkpoint, updated_at: undefined }));
    return isDeepStrictEqual(was, is)
      ? undefined
      : `the checkpoint of ${entity} was ${JSON.stringify(was)}, and restored to ${JSON.stringify(is)}`;
  },
};
