import { createHash } from 'node:crypto';
import { BronzeError } from '@bronze/common/words/failure';
import type { Part, Receipt } from '@bronze/common/load/receipts';
import { type BronzeKey, partKey, quarantineKey, taskName } from '@bronze/common/load/object-keys';
import { reasonsIn } from '@bronze/common/load/quarantine-lines';
import type { ObjectStore } from '@bronze/common/ports/object-store';
import type { SliceManifest, WriteTask } from '@bronze/common/load/slice-manifest';
import type { BatchBytes, Conversion, Converted, ParquetEngine, Provenance } from './parquet/parquet-engine.ts';

export interface TaskInput {
  readonly slice: SliceManifest;
  readonly task: WriteTask;
  /** The task's index in the slice. */
  readonly number: number;
  readonly batches: readonly BatchBytes[];
  /** Whether the task may have been begun before, by a delivery that did not end it. */
  readonly is_repeated: boolean;
}

interface ConvertPorts {
  readonly objects: ObjectStore;
  readonly engine: ParquetEngine;
}

/** Below, uploading a part takes no longer than asking whether it is there. */
const ASKED_FIRST_BYTES_MIN = 256 * 1024;

/** Converts the batches, stores the parts and the quarantine, and returns the receipt that proves it. */
export async function convertTask(ports: ConvertPorts, input: TaskInput): Promise<Receipt> {
  const { slice, number } = input;
  const load: BronzeKey = { ...slice.load, entity: slice.entity };
  const conversion = toConversion(input);
  const parts: Part[] = [];
  let quarantine: Receipt['quarantine'] = null;
  for await (const converted of ports.engine.convert(conversion)) {
    if (converted.kind === 'part') {
      const key = partKey(load, converted.event_date, slice.first_part + number);
      const part = { key, converted, provenance: conversion.provenance };
      const isWorthAsking = input.is_repeated && converted.body.length >= ASKED_FIRST_BYTES_MIN;
      parts.push((isWorthAsking && (await partAlreadyPut(ports, part))) || (await putPart(ports, part)));
    } else {
      const key = quarantineKey(load, slice.slice, number);
      await putQuarantine(ports.objects, key, converted.body);
      quarantine = { key, rows: converted.rows, reasons: reasonsIn(converted.body) };
    }
  }
  const receipt: Receipt = {
    version: 1,
    task: taskName(slice.slice, number),
    engine: { name: ports.engine.name, degraded: ports.engine.degraded(slice.columns) },
    parts: parts.toSorted((a, b) => (a.key < b.key ? -1 : 1)),
    quarantine,
  };
  assertEveryRow(input, receipt);
  return receipt;
}

function toConversion({ slice, number, batches }: TaskInput): Conversion {
  const digest = createHash('sha256');
  for (const batch of batches) digest.update(batch.sha256);
  return {
    batches,
    columns: slice.columns,
    event_date_column: slice.event_date_column,
    ingested_at: slice.load.ingested_at,
    source_system: slice.source_system,
    load_id: slice.load.load_id,
    provenance: {
      'bronze.load_id': slice.load.load_id,
      'bronze.write_task': taskName(slice.slice, number),
      'bronze.batches_sha256': digest.digest('hex'),
    },
  };
}

interface PartToPut {
  readonly key: string;
  readonly converted: Extract<Converted, { kind: 'part' }>;
  readonly provenance: Provenance;
}

/**
 * A part that already exists counts if it carries this task's provenance (decision 4): an earlier attempt put it, whole,
 * from the same batches, perhaps with another version of the engine. Any other object under this key is a failure.
 */
async function putPart(ports: ConvertPorts, part: PartToPut): Promise<Part> {
  const { key, converted } = part;
  if ((await ports.objects.putIfAbsent(key, converted.body)) === 'created') return toPart(key, converted);
  const found = await partAlreadyPut(ports, part);
  if (found) return found;
  throw foreign(key);
}

/** The part that is there, so that a task which is repeated uploads no large one again; undefined if none is. */
async function partAlreadyPut({ objects, engine }: ConvertPorts, { key, provenance }: PartToPut) {
  const stored = await objects.get(key);
  if (!stored) return undefined;
  const rows = engine.rowCountIfOurs(stored.body, provenance);
  if (rows === undefined) throw foreign(key);
  return toPart(key, { rows, body: stored.body });
}

function toPart(key: string, { rows, body }: { readonly rows: number; readonly body: Uint8Array }): Part {
  return { key, rows, bytes: body.length, sha256: createHash('sha256').update(body).digest('hex') };
}

async function putQuarantine(objects: ObjectStore, key: string, body: Uint8Array): Promise<void> {
  if ((await objects.putIfAbsent(key, body)) === 'created') return;
  const stored = await objects.get(key);
  if (!stored || !Buffer.from(stored.body).equals(body)) throw foreign(key);
}

function foreign(key: string): BronzeError {
  return new BronzeError('PART_FOREIGN', {
    message: `${key} exists, but this write task did not make it`,
    hint: 'Either something else writes under data/, or another version of the engine began this task. Nothing was replaced; move that object away and replay the message.',
  });
}

function assertEveryRow({ slice, task }: TaskInput, receipt: Receipt): void {
  const written = receipt.parts.reduce((rows, part) => rows + part.rows, receipt.quarantine?.rows ?? 0);
  if (written === task.rows) return;
  throw new BronzeError('OBJECT_CORRUPT', {
    message: `write task ${receipt.task} of ${slice.entity} holds ${task.rows} rows, but ${written} came out of ${receipt.engine.name}`,
    hint: 'No receipt was written. Please report this with the load’s staging folder.',
  });
}
