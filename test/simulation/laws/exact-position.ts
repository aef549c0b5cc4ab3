import type { Checkpoint } from '@bronze/common/load/checkpoint';
import { isDeepStrictEqual } from 'node:util';
import { type Facts, isHealthy, type Law } from '../world/facts.ts';
import type { Change, LoadFacts } from '../world/ledger.ts';
import { RESTORED } from '../model/sim-rows.ts';
import { linesOf } from './l1-nothing-lost.ts';

/**
 * A checkpoint's position in transactions moves forward, and only by a completed load. Every row version below it is in
 * bronze. An incremental load brings no row version that an earlier load brought.
 */
export const EXACT_POSITION: Law = {
  name: 'exact position',
  onChange(facts, change) {
    if (change.kind === 'record' && change.record.status === 'completed') return comesAgain(facts, change.load);
    return change.kind === 'checkpoint' && isHealthy(facts, change.entity) ? movedWrongly(facts, change) : undefined;
  },
};

type CheckpointChange = Extract<Change, { kind: 'checkpoint' }>;

function movedWrongly(facts: Facts, change: CheckpointChange): string | undefined {
  const { entity, before, after } = change;
  const position = after?.exact_position;
  if (isDeepStrictEqual(position, before?.exact_position)) return undefined;
  const moved = facts.ledger.loads.get(`${entity}/${after?.last_load_id ?? ''}`);
  // A load whose role may no longer read transaction ids goes by time.
  if (!position) return moved?.record?.exact_window ? `the checkpoint of ${entity} lost its exact position` : undefined;
  const isOurs = isDeepStrictEqual(position, before?.pending_load?.exact_position);
  if (moved?.record?.status !== 'completed' || !isOurs)
    return `the exact position of ${entity} is not that of the load that has just completed`;
  if (position.at !== after?.last_sync_timestamp)
    return `the position of ${entity} is of ${position.at}, its timestamp ${after?.last_sync_timestamp ?? 'missing'}`;
  // An older copy of the database has lower ids.
  const versions = facts.entities.get(entity)?.versions() ?? [];
  const isRestored = versions.some(({ written }) => written?.database.endsWith(RESTORED) === true);
  const back = isRestored ? undefined : wentBack(entity, before?.exact_position, position);
  facts.count('exact_positions_moved');
  return back ?? isAhead(facts, entity, position);
}

type Position = NonNullable<Checkpoint['exact_position']>;

function wentBack(entity: string, before: Position | undefined, after: Position): string | undefined {
  if (before?.database !== after.database) return undefined;
  const isBack = BigInt(after.xid) < BigInt(before.xid) || BigInt(after.next_xid) < BigInt(before.next_xid);
  return isBack ? `the exact position of ${entity} went back from ${before.xid} to ${after.xid}` : undefined;
}

function isAhead({ entities, ledger }: Facts, entity: string, { database, xid }: Position): string | undefined {
  const missing = entities
    .get(entity)
    ?.versions()
    .find(
      ({ to_us, cursor, written, line }) =>
        to_us === Infinity &&
        cursor !== null &&
        written?.database === database &&
        written.xid < BigInt(xid) &&
        ledger.loadsOf(entity, line).length === 0,
    );
  return missing && `the checkpoint of ${entity} covers transactions below ${xid}, but bronze lacks ${missing.line}`;
}

/** When the last full load before this one was decided. */
function lastFull({ loads }: Facts['ledger'], { entity, claimed_us }: LoadFacts): number {
  return [...loads.values()]
    .filter((one) => one.entity === entity && one.decided_us <= claimed_us && one.record?.load_type === 'full')
    .reduce((latest, one) => Math.max(latest, one.decided_us), 0);
}

/**
 * An incremental load with an exact window brings nothing that an earlier load brought, full loads included. Earlier
 * loads whose database was replaced while they were read don't count: they took more than their window. Nor do full
 * loads for rows that are backdated: what they leave to the next, they tell by the cursor. Nor do windows of time, from
 * before the role could read transaction ids. Nor does anything before the last full load, which brings everything
 * again, together with what it leaves to the next. Nor do backfills, which bring what others brought or will.
 */
function comesAgain({ ledger, entities, count }: Facts, load: LoadFacts): string | undefined {
  const { entity, load_id, record } = load;
  if (!record?.exact_window || record.load_type === 'full' || record.window_fallback) return undefined;
  const versions = entities.get(entity)?.versions() ?? [];
  const backdated = new Set(versions.filter((one) => one.is_backdated === true).map(({ line }) => line));
  const full_us = lastFull(ledger, load);
  const lines = linesOf(load);
  count('exact_lines_compared', lines.size);
  for (const line of lines) {
    const first = ledger.loadsOf(entity, line).find((one) => {
      if (one.decided_us < full_us) return false;
      const hasMore = one.slices.some((slice) => slice?.window_fallback);
      const isOfTime = one.record?.exact_window === undefined;
      return (
        !hasMore && !isOfTime && !one.record?.backfill && !(one.record?.load_type === 'full' && backdated.has(line))
      );
    });
    if (first && first !== load) return `load ${load_id} of ${entity} repeats what ${first.load_id} brought: ${line}`;
  }
  return undefined;
}
