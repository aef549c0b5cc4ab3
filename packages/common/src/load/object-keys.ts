/** Every object key that Bronze writes is built here. The policies in `infra/` repeat the prefixes. */
import { loadIdSchema, type LoadType } from '../words/entity.ts';
import { BronzeError } from '../words/failure.ts';
import { isCalendarDay, type Timestamp, utcDate } from '../words/timestamp.ts';

export const STAGING_PREFIX = 'data/staging/';
export const BRONZE_PREFIX = 'data/bronze/';
export const QUARANTINE_PREFIX = 'data/quarantine/';
/** Checkpoints, load records, failure records and the run log. */
export const STATE_PREFIX = 'logs/pipeline/ingestion/';
export const LOAD_RECORDS_PREFIX = `${STATE_PREFIX}loads/`;
export const FAILURES_PREFIX = `${STATE_PREFIX}failures/`;
/** What people decided about rows in quarantine. The rows themselves are under {@link QUARANTINE_PREFIX}. */
export const ACKNOWLEDGEMENTS_PREFIX = `${STATE_PREFIX}quarantine/`;
/** What each run of the planner asked for, in a folder for each day. */
export const PLANS_PREFIX = `${STATE_PREFIX}plans/`;
/** When the freshness function first looked at an entity without a checkpoint, and at the schedule. */
export const MEASURED_PREFIX = `${STATE_PREFIX}measured/`;
/** Loads that a state machine waits for. */
export const AWAITED_PREFIX = `${STATE_PREFIX}awaited/`;
/** Of the run log, which has a folder for each day. */
export const RUN_LOG_PREFIX = `${STATE_PREFIX}date=`;

export const CHECKPOINTS_KEY = `${STATE_PREFIX}checkpoints.json`;

/** Where a checkpoint file is kept that could not be read when the checkpoints were restored. */
export function unreadableCheckpointsKey(found_at: Timestamp): string {
  return `${STATE_PREFIX}checkpoints-unreadable-${found_at.replaceAll(':', '')}.json`;
}

/** Written at each start to check that the store honours conditional writes. */
export const PROBE_KEY = `${STATE_PREFIX}probe.txt`;

/** What every key of a load needs. Schemas check both fields where they enter. */
export interface LoadKey {
  readonly entity: string;
  readonly load_id: string;
}

export interface BronzeKey extends LoadKey {
  readonly load_type: LoadType;
  readonly ingested_at: Timestamp;
}

/** Number of a slice, task, batch or part as it appears in keys: `00042`. */
export function ordinal(index: number): string {
  return String(index).padStart(5, '0');
}

/** Name of write task `task` of slice `slice`: `00000-00003`. */
export function taskName(slice: number, task: number): string {
  return `${ordinal(slice)}-${ordinal(task)}`;
}

/** The slice number in a task's name: 0 for `00000-00003`. */
export function sliceOfTask(name: string): number {
  return Number(name.slice(0, name.indexOf('-')));
}

/** The failure record that says why a message went to the dead-letter queue. */
export function failureRecordKey(failed_at: Timestamp, message_id: string): string {
  return `${failureRecordsOfDay(utcDate(failed_at))}${message_id}.json`;
}

/** What a run of the planner asked for: `…/plans/date=2024-01-15/020000-{run_id}.json` */
export function planKey({
  scheduled_at,
  run_id,
}: {
  readonly scheduled_at: Timestamp;
  readonly run_id: string;
}): string {
  return `${plansFrom(scheduled_at)}-${run_id}.json`;
}

/** The plans of the UTC day that holds the time. */
export function plansOfDay(at: Timestamp): string {
  return `${PLANS_PREFIX}date=${utcDate(at)}/`;
}

/** Keys of plans for this second or later of its day are this text or greater. */
export function plansFrom(at: Timestamp): string {
  return `${plansOfDay(at)}${at.slice(11, 19).replaceAll(':', '')}`;
}

/** @param name an entity, or what no entity is called */
export function measuredKey(name: string): string {
  return `${MEASURED_PREFIX}${name}.json`;
}

/** Every failure record of a UTC day. @param day `2024-01-15` */
export function failureRecordsOfDay(day: string): string {
  return `${FAILURES_PREFIX}date=${day}/`;
}

export function loadRecordsPrefix(entity: string): string {
  return `${LOAD_RECORDS_PREFIX}${entity}/`;
}

export function loadRecordKey(load: LoadKey): string {
  return `${loadRecordsPrefix(load.entity)}${load.load_id}.json`;
}

/** The load id in the key of a load record; undefined for a stray next to it, such as `{load_id} (1).json`. */
export function loadIdOfRecord(entity: string, key: string): string | undefined {
  const load_id = key.slice(loadRecordsPrefix(entity).length, -'.json'.length);
  return key === loadRecordKey({ entity, load_id }) && loadIdSchema.safeParse(load_id).success ? load_id : undefined;
}

/** The entity in the key of a load record; undefined for a stray. */
export function entityOfRecord(key: string): string | undefined {
  const entity = key.slice(LOAD_RECORDS_PREFIX.length).split('/')[0] ?? '';
  return loadIdOfRecord(entity, key) === undefined ? undefined : entity;
}

/** @param waiter tells apart those who wait for the same load */
export function awaitedLoadKey({ entity, load_id }: LoadKey, waiter: string): string {
  return `${AWAITED_PREFIX}${entity}/${load_id}-${waiter}.json`;
}

export function stagingOfEntity(entity: string): string {
  return `${STAGING_PREFIX}${entity}/`;
}

export function stagingPrefix(load: LoadKey): string {
  return `${stagingOfEntity(load.entity)}${load.load_id}/`;
}

/** The load id in the key of a staged object. */
export function loadIdOfStaging(key: string): string {
  return key.slice(STAGING_PREFIX.length).split('/')[1] ?? '';
}

export function sliceManifestKey(load: LoadKey, slice: number): string {
  return `${stagingPrefix(load)}slice-${ordinal(slice)}.json`;
}

export const BATCH_SUFFIX = '.ndjson.zst';

/** A batch's key contains the attempt that staged it, so that two attempts never write the same key. */
export function batchKey(load: LoadKey, slice: number, attempt: string, batch: number): string {
  return `${stagingPrefix(load)}slice-${ordinal(slice)}/${attempt}/batch-${ordinal(batch)}${BATCH_SUFFIX}`;
}

export function receiptsPrefix(load: LoadKey): string {
  return `${stagingPrefix(load)}receipts/`;
}

export function receiptKey(load: LoadKey, slice: number, task: number): string {
  return `${receiptsPrefix(load)}${taskName(slice, task)}.json`;
}

const TASK_NAME = /^\d{5,}-\d{5,}$/;

/** The name of a receipt's write task, `00000-00003`; undefined if nothing of Bronze has such a key. */
export function taskNameOfReceipt(load: LoadKey, key: string): string | undefined {
  const name = key.slice(receiptsPrefix(load).length, -'.json'.length);
  return key === `${receiptsPrefix(load)}${name}.json` && TASK_NAME.test(name) ? name : undefined;
}

/**
 * `data/bronze/orders/ingestion_date=2024-01-15/load_type=full/event_date=2024-01-14/part-00000-{load_id}.parquet`
 *
 * @param eventDate a real ISO date; null if the entity has no event date column (the key then has no such level);
 *   `__HIVE_DEFAULT_PARTITION__`, Hive's name for NULL, if the row's value is null
 * @throws BronzeError COLUMN_UNSUPPORTED for any other event date
 */
export function partKey(load: BronzeKey, eventDate: string | null, part: number): string {
  const day = eventDate === null ? '' : `event_date=${asEventDate(eventDate)}/`;
  return `${partsPrefix(load)}${day}part-${ordinal(part)}-${load.load_id}.parquet`;
}

/** Where the parts of a load are, next to those of other loads of its entity, day and type. */
export function partsPrefix(load: Omit<BronzeKey, 'load_id'>): string {
  return `${BRONZE_PREFIX}${load.entity}/ingestion_date=${utcDate(load.ingested_at)}/load_type=${load.load_type}/`;
}

export function isPartOf({ load_id }: Pick<LoadKey, 'load_id'>, key: string): boolean {
  return key.endsWith(`-${load_id}.parquet`);
}

export const NULL_EVENT_DATE = '__HIVE_DEFAULT_PARTITION__';

/** The partition that a part lies in, as its key says. */
export interface PartLocation {
  readonly ingestion_date: string;
  readonly load_type: string;
  /** {@link NULL_EVENT_DATE} for rows without a date; null if the key has no such level. */
  readonly event_date: string | null;
  /** `data/bronze/orders/ingestion_date=2024-01-15/load_type=full/` */
  readonly load_folder: string;
  /** The folder of the part itself, below `load_folder` or equal to it. */
  readonly folder: string;
}

const PART_KEY = /^(.*\/ingestion_date=([\d-]{10})\/load_type=([a-z]+)\/)(?:event_date=([^/]+)\/)?[^/]+$/;

/** The inverse of {@link partKey}; undefined for a key that it did not make. */
export function locationOfPart(key: string): PartLocation | undefined {
  const [, load_folder, ingestion_date, load_type, event_date = null] = PART_KEY.exec(key) ?? [];
  if (load_folder === undefined || ingestion_date === undefined || load_type === undefined) return undefined;
  const folder = key.slice(0, key.lastIndexOf('/') + 1);
  return { ingestion_date, load_type, event_date, load_folder, folder };
}

/**
 * The text, if it may name an `event_date=` level: a day that exists, or {@link NULL_EVENT_DATE}.
 *
 * @throws BronzeError COLUMN_UNSUPPORTED for anything else, which may be a path
 */
export function asEventDate(text: string): string {
  if (text === NULL_EVENT_DATE || (ISO_DATE.test(text) && isCalendarDay(text))) return text;
  throw new BronzeError('COLUMN_UNSUPPORTED', {
    message: `the event date ${JSON.stringify(text.slice(0, 40))} is not a date, and can’t name a folder`,
    hint: 'Nothing of it was written. Name a date or timestamp as event_date, or leave it out; then abandon the load and run the entity again.',
  });
}

const ISO_DATE = /^\d{4}-\d{2}-\d{2}$/;

export function quarantineKey(load: BronzeKey, slice: number, task: number): string {
  return `${QUARANTINE_PREFIX}${load.entity}/ingestion_date=${utcDate(load.ingested_at)}/${load.load_id}-${taskName(slice, task)}.ndjson`;
}

/** Every quarantine object of the entity. */
export function quarantineOfEntity(entity: string): string {
  return `${QUARANTINE_PREFIX}${entity}/`;
}

const QUARANTINE_NAME = /\/([^/]+)\/ingestion_date=[\d-]{10}\/([0-9a-f-]{36})-\d{5,}-\d{5,}\.ndjson$/;

/** The load whose rows a quarantine object holds; undefined for a key that Bronze did not make. */
export function loadOfQuarantine(key: string): LoadKey | undefined {
  const [, entity, load_id] = QUARANTINE_NAME.exec(key) ?? [];
  return entity === undefined || load_id === undefined ? undefined : { entity, load_id };
}

/** Says that somebody has seen what a load put into quarantine. */
export function acknowledgementKey({ entity, load_id }: LoadKey): string {
  return `${ACKNOWLEDGEMENTS_PREFIX}${entity}/${load_id}.json`;
}

/** The parts of a pending load that its keys are made of. */
export function keyOf(entity: string, load: Pick<LoadKey, 'load_id'>): LoadKey {
  return { entity, load_id: load.load_id };
}
