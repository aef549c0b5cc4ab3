import type { LoadRecord } from '@bronze/common/load/load-record';
import { type Facts, healthy, type Law } from '../world/facts.ts';
import type { LoadFacts } from '../world/ledger.ts';
import type { Version } from '../model/sim-source.ts';

/** L1: every row version that a committed window covers is in bronze when the load completes. */
export const NOTHING_LOST: Law = {
  name: 'L1 nothing lost',
  onChange(facts, change) {
    if (change.kind !== 'record' || change.record.status !== 'completed') return undefined;
    const { load, record } = change;
    const { claimed_us, staged_us } = load;
    const held = linesOf(load);
    const isHeld = ({ line }: Version) => held.has(line) || isInBronze(facts, load, line);
    const versions = facts.entities.get(load.entity)?.versions() ?? [];
    // A version that existed from the claim to the last slice was there for every read, whatever happened to it later.
    const due = versions.filter(
      (one) => one.from_us <= claimed_us && one.to_us > staged_us && isCovered(load, record, one),
    );
    facts.count('l1_versions_due', due.length);
    facts.count('l1_superseded_versions_due', due.filter(({ to_us }) => to_us < Infinity).length);
    const lost = due.find((one) => !isHeld(one));
    return lost && `load ${load.load_id} of ${load.entity} completed without ${lost.line}`;
  },
  afterOneMoreRequest(facts) {
    for (const { name, current } of healthy(facts)) {
      const dated = current().filter(({ cursor }) => cursor !== null);
      const lost = dated.find(({ line }) => facts.ledger.loadsOf(name, line).length === 0);
      if (lost) return `${name} is at rest, but bronze lacks ${lost.line}`;
    }
    return undefined;
  },
};

/** An incremental load with an exact window covers everything below its end: earlier loads may have brought it. */
function isInBronze({ ledger }: Facts, { entity, record }: LoadFacts, line: string): boolean {
  return (
    record?.exact_window !== undefined && record.load_type === 'incremental' && ledger.loadsOf(entity, line).length > 0
  );
}

/** Full loads also take versions without a cursor value. */
function isCovered({ claimed_us }: LoadFacts, record: LoadRecord, version: Version): boolean {
  if (record.exact_window)
    return isCoveredByTransactions(record, record.exact_window, asWrittenAt(claimed_us, version));
  const { load_type, backfill } = record;
  const { from: since, to: until } = backfill ?? { from: record.since, to: record.until };
  const { cursor } = version;
  if (load_type === 'full') return cursor === null || cursor < until;
  return cursor !== null && cursor >= since && cursor < until;
}

/** The version with the transaction id that it had then. */
function asWrittenAt(at_us: number, version: Version): Version {
  const then = version.was_written?.find(({ until_us }) => until_us > at_us);
  return then ? { ...version, written: then.written } : version;
}

/** A full load leaves to the next what that load's scan will find: rows of later transactions from its start on. */
function isCoveredByTransactions(
  { load_type }: LoadRecord,
  { database, until_xid, next_scan_from }: NonNullable<LoadRecord['exact_window']>,
  { cursor, written }: Version,
): boolean {
  if (written?.database !== database) return false;
  const isEarlier = written.xid < BigInt(until_xid);
  if (load_type === 'incremental') return isEarlier && cursor !== null;
  return isEarlier || cursor === null || (next_scan_from !== null && cursor < next_scan_from);
}

/** All lines that a load brought, quarantined ones included. */
export function linesOf(load: LoadFacts): Set<string> {
  return new Set([...load.parts.flatMap((part) => part.lines), ...load.quarantined]);
}
