import { type CompletionPorts, finishSwap } from './complete-load.ts';
import { listReceipts } from './receipts.ts';
import { encodeJsonLine } from '../words/json.ts';
import { type LoadRecord, readLoadRecord, recordBefore, schemaFields } from './load-record.ts';
import { loadRecordKey } from './object-keys.ts';
import type { ObjectStore } from '../ports/object-store.ts';
import type { PendingLoad } from './checkpoint.ts';
import { readableSlices, rowsOf, type SliceManifest } from './slice-manifest.ts';

/**
 * Abandons the pending load of an entity: an operator's way out when it can never complete. The record is put if
 * absent, so completion or operator, the first to put it decides finally. The swap then frees the entity without
 * moving its timestamp.
 *
 * @returns the record that decided, which may be a completion's; undefined if no load is pending
 */
export async function abandonLoad(ports: CompletionPorts, entity: string): Promise<LoadRecord | undefined> {
  const { checkpoint } = await ports.checkpoints.read(entity);
  const load = checkpoint?.pending_load;
  if (!load) return undefined;
  const key = { entity, load_id: load.load_id };
  const slices = await readableSlices(ports.objects, key);
  const { load_id, load_type, since, until, ingested_at, previous_load_id, run_id } = load;
  const record: LoadRecord = {
    version: 1,
    status: 'abandoned',
    entity,
    load_id,
    ...(run_id && { run_id }),
    ...(previous_load_id && { previous_load_id }),
    load_type,
    since,
    until,
    ingested_at,
    completed_at: ports.clock.now(),
    rows: rowsOf(slices),
    rows_in_bronze: 0,
    rows_quarantined: 0,
    slices: slices.length,
    write_tasks: (await listReceipts(ports.objects, key)).tasks.size,
    engines: [],
    ...(await schemaSoFar(ports.objects, entity, load, slices)),
    parts: [],
    quarantine: [],
  };
  await ports.objects.putIfAbsent(loadRecordKey(key), encodeJsonLine(record));
  const decided = (await readLoadRecord(ports.objects, key)) ?? record;
  await finishSwap(ports, decided);
  return decided;
}

/** What the next load's columns are compared with: those of the last slice, else those of the load before. */
async function schemaSoFar(
  objects: ObjectStore,
  entity: string,
  load: PendingLoad,
  slices: readonly SliceManifest[],
): Promise<Pick<LoadRecord, 'columns' | 'unseen_columns' | 'schema_changes'>> {
  const last = slices.at(-1);
  if (last) return { columns: last.columns, ...(await schemaFields(objects, slices)) };
  const { columns = [], unseen_columns } = (await recordBefore(objects, entity, load)) ?? {};
  return { columns, ...(unseen_columns && { unseen_columns }) };
}
