import { createHash } from 'node:crypto';
import { completeLoad, type CompletionPorts, finishSwap } from '@bronze/common/load/complete-load';
import { BronzeError } from '@bronze/common/words/failure';
import { encodeJson } from '@bronze/common/words/json';
import { readLoadRecord } from '@bronze/common/load/load-record';
import type { Receipt } from '@bronze/common/load/receipts';
import type { WriteMessage } from '@bronze/common/load/messages';
import { receiptKey, taskName } from '@bronze/common/load/object-keys';
import type { ObjectStore } from '@bronze/common/ports/object-store';
import { readSlice, type SliceManifest, type StagedBatch, type WriteTask } from '@bronze/common/load/slice-manifest';
import { convertTask } from './convert-task.ts';
import type { BatchBytes, ParquetEngine } from './parquet/parquet-engine.ts';

export interface WriterPorts extends CompletionPorts {
  readonly engine: ParquetEngine;
}

/**
 * Carries out one write task: reads and verifies its batches, writes Parquet parts and a receipt, and completes the
 * load if it was the last one. Every put is if-absent and every byte follows from the slice, so it may run any number
 * of times. If it throws, the message is delivered again, or goes to the dead-letter queue if a retry can't help.
 *
 * @param is_repeated whether the message was delivered before; large parts that are there are then not uploaded again
 * @throws BronzeError MESSAGE_INVALID, OBJECT_*, PART_FOREIGN, ENGINE_LIMIT, LOAD_RECLAIMED and what the ports throw
 */
export async function writeTask(ports: WriterPorts, message: WriteMessage, is_repeated = false): Promise<void> {
  const record = await readLoadRecord(ports.objects, message);
  if (record) return finishSwap(ports, record);

  const key = receiptKey(message, message.slice, message.task);
  if (!(await ports.objects.get(key))) {
    const { slice, task } = await findTask(ports.objects, message);
    const batches = await fetchBatches(ports.objects, slice, task);
    const receipt = await convertTask(ports, { slice, task, number: message.task, batches, is_repeated });
    await ports.objects.putIfAbsent(key, encodeJson(receipt));
    logWritten(ports, message, receipt);
  }
  await completeLoad(ports, message);
}

async function findTask(
  objects: ObjectStore,
  message: WriteMessage,
): Promise<{ slice: SliceManifest; task: WriteTask }> {
  const slice = await readSlice(objects, message, message.slice);
  const task = slice?.tasks[message.task];
  if (slice && task) return { slice, task };
  throw new BronzeError('MESSAGE_INVALID', {
    message: `load ${message.load_id} of ${message.entity} has no write task ${taskName(message.slice, message.task)}`,
    hint: 'Only the extractor sends write messages. Ask for the entity instead: missing tasks are sent again.',
  });
}

async function fetchBatches(objects: ObjectStore, slice: SliceManifest, task: WriteTask): Promise<BatchBytes[]> {
  const staged = slice.batches.slice(task.first_batch, task.first_batch + task.batch_count);
  const batches: BatchBytes[] = [];
  for (const batch of staged) {
    const stored = await objects.get(batch.key);
    if (!stored) throw missing(batch);
    if (createHash('sha256').update(stored.body).digest('hex') !== batch.sha256) throw corrupt(batch);
    batches.push({ ...batch, body: stored.body });
  }
  return batches;
}

function missing(batch: StagedBatch): BronzeError {
  return new BronzeError('OBJECT_MISSING', {
    message: `the staged batch ${batch.key} is gone`,
    hint: 'Staging must be kept until its load record exists: look for a lifecycle rule or a person that deletes it. Then abandon the load.',
  });
}

function corrupt(batch: StagedBatch): BronzeError {
  return new BronzeError('OBJECT_CORRUPT', {
    message: `${batch.key} does not hold the bytes that were staged`,
    hint: 'Nothing was written. Find out what changed the object, then abandon the load and ask for the entity again.',
  });
}

function logWritten(ports: WriterPorts, message: WriteMessage, receipt: Receipt): void {
  ports.log.event({
    kind: 'task_written',
    entity: message.entity,
    load_id: message.load_id,
    slice: message.slice,
    task: message.task,
    rows: receipt.parts.reduce((rows, part) => rows + part.rows, 0),
    parts: receipt.parts.length,
    bytes: receipt.parts.reduce((bytes, part) => bytes + part.bytes, 0),
    rows_quarantined: receipt.quarantine?.rows ?? 0,
  });
}
