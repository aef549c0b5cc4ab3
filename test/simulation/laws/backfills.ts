import type { Checkpoint } from '@bronze/common/load/checkpoint';
import { isDeepStrictEqual } from 'node:util';
import type { Law } from '../world/facts.ts';

/** A backfill that ends leaves the checkpoint as the load before it did, and names itself in it. */
export const BACKFILLS: Law = {
  name: 'backfills',
  onChange({ count }, change) {
    if (change.kind !== 'checkpoint') return undefined;
    const { entity, before, after } = change;
    const ended = before?.pending_load;
    if (!ended?.backfill || after?.pending_load?.load_id === ended.load_id) return undefined;
    count('backfills_ended');
    if (after?.last_backfill_id !== ended.load_id) return `the checkpoint of ${entity} does not name ${ended.load_id}`;
    const isLeft = isDeepStrictEqual(chainOf(before), chainOf(after));
    return isLeft ? undefined : `the backfill ${ended.load_id} changed the checkpoint of ${entity}`;
  },
};

/** What says where the next incremental load begins, and what the loads before it brought. */
function chainOf(checkpoint: Checkpoint | undefined): object {
  const {
    pending_load: _,
    next_requests: __,
    last_backfill_id: ___,
    schema_change_load_id: ____,
    ...chain
  } = {
    ...checkpoint,
  };
  return chain;
}
