import { finishLoad } from './finish-load.ts';
import { BronzeError } from '../words/failure.ts';
import { encodeJsonLine } from '../words/json.ts';
import { buildLoadRecord, type LoadRecord, readLoadRecord, schemaFields } from './load-record.ts';
import type { ExtractRequest } from './messages.ts';
import { type LoadKey, loadRecordKey, receiptsPrefix, sliceOfTask } from './object-keys.ts';
import type { CheckpointStore } from './checkpoint-store.ts';
import type { Clock } from '../ports/clock.ts';
import type { Log } from './events.ts';
import type { ObjectStore } from '../ports/object-store.ts';
import type { TaskQueue } from '../ports/queue.ts';
import { isCovered, listReceipts, readReceipts, straysAmong } from './receipts.ts';
import { assertSameClaim } from './same-claim.ts';
import { nextPart, readSlice, readSlices } from './slice-manifest.ts';

export interface CompletionPorts {
  readonly objects: ObjectStore;
  readonly checkpoints: CheckpointStore;
  readonly requests: TaskQueue<ExtractRequest>;
  readonly clock: Clock;
  readonly log: Log;
}

/** Completes the load if every write task has its receipt; if not, a later writer does (decision 1). Safe to repeat. */
export async function completeLoad(ports: CompletionPorts, load: LoadKey): Promise<void> {
  const listed = await listReceipts(ports.objects, load);
  const written = listed.tasks;
  if (!(await mayBeCovered(ports.objects, load, written))) return;
  const slices = await readSlices(ports.objects, load);
  if (!isCovered(slices, written)) return;
  const receipts = await readReceipts(ports.objects, load, slices);
  const schema = await schemaFields(ports.objects, slices);
  const record = { ...buildLoadRecord(slices, receipts, ports.clock.now()), ...schema };
  assertReconciled(record);
  const decided = await decide(ports, load, record);
  // Only who decided says it, so that it is said once.
  if (decided === record) nameStrays(ports.log, load, straysAmong(listed, slices));
  await finishSwap(ports, decided);
}

/** As many as fit into a line of a log. */
const STRAYS_NAMED = 3;

function nameStrays(log: Log, { entity, load_id }: LoadKey, strays: readonly string[]): void {
  if (strays.length === 0) return;
  const names = strays.slice(0, STRAYS_NAMED).map((name) => name.slice(0, STRAY_CHARACTERS));
  const prefix = receiptsPrefix({ entity, load_id });
  log.event({ kind: 'strays_ignored', entity, load_id, prefix, objects: strays.length, names });
}

const STRAY_CHARACTERS = 80;

/**
 * Whether there are at least as many receipts as write tasks. Every writer asks this, so it takes one or two reads
 * however many slices the load has (decision 32). The decision itself rests on each task having its receipt.
 */
async function mayBeCovered(objects: ObjectStore, load: LoadKey, written: ReadonlySet<string>): Promise<boolean> {
  // A task that has a receipt belongs to a committed slice, so every slice before it is committed too.
  const last = [...written].at(-1);
  for (let number = last === undefined ? 0 : sliceOfTask(last); ; number += 1) {
    const slice = await readSlice(objects, load, number);
    // A name of a task that there is not: all manifests say.
    if (!slice && last !== undefined && number === sliceOfTask(last)) return true;
    if (!slice || nextPart(slice) > written.size) return false;
    if (slice.final) return true;
  }
}

/** The record is the decision: only the first put counts, and everybody goes on with the stored record. */
async function decide(ports: CompletionPorts, load: LoadKey, record: LoadRecord): Promise<LoadRecord> {
  const put = await ports.objects.putIfAbsent(loadRecordKey(load), encodeJsonLine(record));
  if (put === 'created') return record;
  const decided = await readLoadRecord(ports.objects, load);
  return decided ?? record;
}

/**
 * Brings a decided load into the checkpoint, if nobody has yet, and sends the oldest request that waits behind it.
 *
 * @throws BronzeError LOAD_RECLAIMED
 */
export async function finishSwap(ports: CompletionPorts, record: LoadRecord): Promise<void> {
  const { checkpoint: current, version } = await ports.checkpoints.read(record.entity);
  assertSameClaim(current, record.entity, record);
  const next = finishLoad(current, record, ports.clock.now());
  if (next && !(await ports.checkpoints.swap(record.entity, version, next))) return finishSwap(ports, record);
  if (next) sayDecided(ports.log, record);
  const state = next ?? current;
  const [waiting] = state?.pending_load ? [] : (state?.next_requests ?? []);
  if (waiting) await ports.requests.send([waiting]);
}

function sayDecided(log: Log, record: LoadRecord): void {
  const { status, entity, load_id, rows_in_bronze: rows, rows_quarantined, until, left_out, schema_changes } = record;
  if (status === 'abandoned') log.event({ kind: 'load_abandoned', entity, load_id });
  else {
    const late = record.seen_cursors?.late;
    const parts = record.parts.length;
    log.event({ kind: 'load_completed', entity, load_id, rows, rows_quarantined, parts, until, left_out, late });
  }
  if (schema_changes) log.event({ kind: 'schema_changed', entity, load_id, changes: schema_changes });
}

function assertReconciled(record: LoadRecord): void {
  if (record.rows === record.rows_in_bronze + record.rows_quarantined) return;
  throw new BronzeError('OBJECT_CORRUPT', {
    message: `load ${record.load_id} of ${record.entity} staged ${record.rows} rows, but bronze holds ${record.rows_in_bronze} and quarantine ${record.rows_quarantined}`,
    hint: 'No load record was written and the checkpoint did not move. Please report this with the load’s staging folder.',
  });
}
