/** What an entity's checkpoint must have been, from what its loads left in the bucket. */
import type { Checkpoint, PendingLoad } from './checkpoint.ts';
import { type LoadRecord, readLoadRecord } from './load-record.ts';
import {
  entityOfRecord,
  LOAD_RECORDS_PREFIX,
  loadIdOfRecord,
  loadIdOfStaging,
  loadRecordsPrefix,
  sliceManifestKey,
  stagingOfEntity,
} from './object-keys.ts';
import type { ObjectReader } from '../ports/object-store.ts';
import { readSlice } from './slice-manifest.ts';

/** Every entity that has a load record. */
export async function entitiesWithRecords(objects: ObjectReader): Promise<string[]> {
  const entities = (await objects.list(LOAD_RECORDS_PREFIX)).map(entityOfRecord);
  return [...new Set(entities.filter((entity) => entity !== undefined))];
}

/**
 * The checkpoint that the load records prove, and the load that is in flight if it has committed a slice. What nothing
 * recorded is not in it: requests that waited, and fields that Bronze does not know.
 *
 * @returns undefined if the entity has neither a load record nor a committed slice
 * @throws BronzeError OBJECT_INVALID for a record or manifest that can't be read
 */
export async function provenCheckpoint(objects: ObjectReader, entity: string): Promise<Checkpoint | undefined> {
  const records = await recordsOf(objects, entity);
  return rebuild(records, await undecidedLoads(objects, entity, new Set(records.map(({ load_id }) => load_id))));
}

/** @param undecided loads without a record that have committed slices */
export function rebuild(records: readonly LoadRecord[], undecided: readonly PendingLoad[]): Checkpoint | undefined {
  const decided = newestFirst(records);
  const completed = decided.filter((record) => record.status === 'completed' && !isBackfill(record));
  const [moved] = completed;
  // Others without a record were given up by hand.
  const pending_load = undecided.find((load) => load.previous_load_id === decided[0]?.load_id);
  if (decided.length === 0 && !pending_load) return undefined;
  const full_load_at = completed.find(({ load_type }) => load_type === 'full')?.ingested_at;
  return {
    ...(moved && positionAfter(moved)),
    ...lastDecided(decided),
    ...(full_load_at && { full_load_at }),
    ...(pending_load && { pending_load }),
  };
}

function lastDecided(decided: readonly LoadRecord[]): Checkpoint {
  const [newest] = decided;
  const last_load_id = decided.find((record) => !isBackfill(record))?.load_id;
  const schema_change_load_id = decided.find(({ schema_changes }) => schema_changes)?.load_id;
  return {
    ...(last_load_id && { last_load_id }),
    ...(newest && isBackfill(newest) && { last_backfill_id: newest.load_id }),
    ...(schema_change_load_id && { schema_change_load_id }),
  };
}

/**
 * Each record names the load that was decided before it, so that no clock has to be right. Those of earlier versions don't:
 * they are in the order in which they were completed.
 */
function newestFirst(records: readonly LoadRecord[]): LoadRecord[] {
  const named = new Set(records.map(({ previous_load_id }) => previous_load_id));
  const left = new Map(records.map((record) => [record.load_id, record]));
  const byTime = records.toSorted((a, b) => (a.completed_at < b.completed_at ? 1 : -1));
  const ordered: LoadRecord[] = [];
  // A chain that ends without a predecessor goes on with the newest record that is the end of one.
  for (const end of [...byTime.filter(({ load_id }) => !named.has(load_id)), ...byTime]) {
    for (let next: LoadRecord | undefined = end; next && left.delete(next.load_id);) {
      ordered.push(next);
      next = left.get(next.previous_load_id ?? '');
    }
  }
  return ordered;
}

/** A backfill moves no checkpoint. */
function isBackfill(record: LoadRecord): boolean {
  return record.backfill !== undefined;
}

/** Records of earlier versions have no exact position: the next load then goes by the timestamp, and says so. */
function positionAfter(record: LoadRecord): Checkpoint {
  const { until, rows_in_bronze, completed_at, exact_position, storage } = record;
  return {
    last_sync_timestamp: until,
    record_count: rows_in_bronze,
    updated_at: completed_at,
    ...(exact_position?.at === until && { exact_position }),
    ...(storage && { storage }),
  };
}

/** Enough that waiting for answers does not count, and few enough for any store. */
const READ_AT_ONCE = 32;

async function recordsOf(objects: ObjectReader, entity: string): Promise<LoadRecord[]> {
  const keys = await objects.list(loadRecordsPrefix(entity));
  const load_ids = keys.map((key) => loadIdOfRecord(entity, key)).filter((load_id) => load_id !== undefined);
  const records: LoadRecord[] = [];
  for (let first = 0; first < load_ids.length; first += READ_AT_ONCE) {
    const some = load_ids.slice(first, first + READ_AT_ONCE);
    const read = await Promise.all(some.map((load_id) => readLoadRecord(objects, { entity, load_id })));
    records.push(...read.filter((record) => record !== undefined));
  }
  return records;
}

async function undecidedLoads(
  objects: ObjectReader,
  entity: string,
  decided: ReadonlySet<string>,
): Promise<PendingLoad[]> {
  const keys = new Set(await objects.list(stagingOfEntity(entity)));
  const load_ids = [...new Set([...keys].map(loadIdOfStaging))].filter(
    (load_id) => !decided.has(load_id) && keys.has(sliceManifestKey({ entity, load_id }, 0)),
  );
  const first = await Promise.all(load_ids.map((load_id) => readSlice(objects, { entity, load_id }, 0)));
  return first.flatMap((slice) => slice?.load ?? []);
}
