/** Every object key of Bronze is built here and nowhere else. */
import type { LoadType } from '../words/entity.ts';
import { type Timestamp, utcDate } from '../words/timestamp.ts';

export const CHECKPOINTS_KEY = 'logs/pipeline/ingestion/checkpoints.json';

/** Written at start, again and again, to see that a store honours conditional writes. */
export const PROBE_KEY = 'logs/pipeline/ingestion/probe.txt';

/** What every key of a load needs. Both parts are checked by schema where they enter. */
export interface LoadKey {
  readonly entity: string;
  readonly load_id: string;
}

export interface BronzeKey extends LoadKey {
  readonly load_type: LoadType;
  readonly ingested_at: Timestamp;
}

/** Counts slices, tasks, batches and parts: `00042`. */
export function ordinal(index: number): string {
  return String(index).padStart(5, '0');
}

/** Name of write task `task` of slice `slice`: `00000-00003`. */
export function taskName(slice: number, task: number): string {
  return `${ordinal(slice)}-${ordinal(task)}`;
}

/** 0 of `00000-00003`. */
export function sliceOfTask(name: string): number {
  return Number(name.slice(0, name.indexOf('-')));
}

/** Why a message went to the dead-letter queue. */
export function failureRecordKey(failed_at: Timestamp, message_id: string): string {
  return `logs/pipeline/ingestion/failures/date=${utcDate(failed_at)}/${message_id}.json`;
}

/** One line of the run log, under its day: `…/date=2024-01-15/orders-{load_id}-1-starting.log` */
export function runLogKey(line: LoadKey & { readonly at: Timestamp; readonly name: string }): string {
  return `logs/pipeline/ingestion/date=${utcDate(line.at)}/${line.entity}-${line.load_id}-${line.name}.log`;
}

export function loadRecordsPrefix(entity: string): string {
  return `logs/pipeline/ingestion/loads/${entity}/`;
}

export function loadRecordKey(load: LoadKey): string {
  return `${loadRecordsPrefix(load.entity)}${load.load_id}.json`;
}

export function stagingPrefix(load: LoadKey): string {
  return `data/staging/${load.entity}/${load.load_id}/`;
}

export function sliceManifestKey(load: LoadKey, slice: number): string {
  return `${stagingPrefix(load)}slice-${ordinal(slice)}.json`;
}

export const BATCH_SUFFIX = '.ndjson.zst';

/** A batch lies under the attempt that staged it, so that no two attempts ever meet. */
export function batchKey(load: LoadKey, slice: number, attempt: string, batch: number): string {
  return `${stagingPrefix(load)}slice-${ordinal(slice)}/${attempt}/batch-${ordinal(batch)}${BATCH_SUFFIX}`;
}

export function receiptsPrefix(load: LoadKey): string {
  return `${stagingPrefix(load)}receipts/`;
}

export function receiptKey(load: LoadKey, slice: number, task: number): string {
  return `${receiptsPrefix(load)}${taskName(slice, task)}.json`;
}

/** `00000-00003` of a receipt's key. */
export function taskNameOfReceipt(key: string): string {
  return key.slice(key.lastIndexOf('/') + 1, -'.json'.length);
}

/**
 * `data/bronze/orders/ingestion_date=2024-01-15/load_type=full/event_date=2024-01-14/part-00000-{load_id}.parquet`
 *
 * @param eventDate a real ISO date; `null` when the entity has no event date column (the level is left out);
 *   `__HIVE_DEFAULT_PARTITION__`, Hive's own word for NULL, when the row's value is null
 */
export function partKey(load: BronzeKey, eventDate: string | null, part: number): string {
  const day = eventDate === null ? '' : `event_date=${eventDate}/`;
  return `data/bronze/${load.entity}/ingestion_date=${utcDate(load.ingested_at)}/load_type=${load.load_type}/${day}part-${ordinal(part)}-${load.load_id}.parquet`;
}

export const NULL_EVENT_DATE = '__HIVE_DEFAULT_PARTITION__';

export function quarantineKey(load: BronzeKey, slice: number, task: number): string {
  return `data/quarantine/${load.entity}/ingestion_date=${utcDate(load.ingested_at)}/${load.load_id}-${taskName(slice, task)}.ndjson`;
}

/** The key parts of a pending load. */
export function keyOf(entity: string, load: Pick<LoadKey, 'load_id'>): LoadKey {
  return { entity, load_id: load.load_id };
}
