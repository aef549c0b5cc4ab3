import * as z from 'zod/mini';
import { failureRecordsOfDay } from '../load/object-keys.ts';
import type { ObjectReader } from '../ports/object-store.ts';
import type { Failure } from '../words/failure.ts';
import { type Timestamp, timestampSchema, utcDays } from '../words/timestamp.ts';

/** Why a message went to the dead-letter queue, as `deliverMessage` records it. */
const failureRecordSchema = z.looseObject({
  message_id: z.string(),
  /** Its body. */
  message: z.string(),
  failed_at: timestampSchema,
  code: z.string(),
  kind: z.string(),
  reason: z.string(),
  hint: z.string(),
  /** Of a failure that Bronze does not know. */
  stack: z.optional(z.string()),
});
export interface FailureRecord extends z.infer<typeof failureRecordSchema> {
  /** Its object key. */
  readonly key: string;
}

/** The failure records of the UTC days from `since` to `until`, the newest first. What can't be read is left out. */
export async function failureRecords(
  objects: ObjectReader,
  { since, until }: { readonly since: Timestamp; readonly until: Timestamp },
): Promise<FailureRecord[]> {
  const records: FailureRecord[] = [];
  for (const day of utcDays(since, until)) {
    const keys = await objects.list(failureRecordsOfDay(day));
    const read = await Promise.all(keys.map(async (key) => readRecord(objects, key)));
    records.push(...read.filter((record) => record !== undefined));
  }
  return records.toSorted((a, b) => (a.failed_at < b.failed_at ? 1 : -1));
}

async function readRecord(objects: ObjectReader, key: string): Promise<FailureRecord | undefined> {
  const stored = await objects.get(key);
  if (!stored) return undefined;
  try {
    const { data } = z.safeParse(failureRecordSchema, JSON.parse(Buffer.from(stored.body).toString()));
    return data && { ...data, key };
  } catch {
    return undefined;
  }
}

/** A function and SQS tell the time by their own clocks. */
const CLOCKS_DIFFER_MS = 60_000;

export interface DeadMessage {
  readonly message_id: string;
  readonly body: string;
  readonly sent_at: string;
  /** The key of its failure record, if it says so. */
  readonly record_key?: string | undefined;
}

/**
 * The record about a message in a dead-letter queue. SQS keeps the id of a message that it moves there itself; a function
 * sends a copy that names its record. Copies of earlier versions name none: theirs has the same body, and is the last from
 * before the copy was sent.
 *
 * @param records the newest first
 */
export function recordOf(letter: DeadMessage, records: readonly FailureRecord[]): FailureRecord | undefined {
  if (letter.record_key !== undefined) return records.find(({ key }) => key === letter.record_key);
  const sent_before_ms = Date.parse(letter.sent_at) + CLOCKS_DIFFER_MS;
  return (
    records.find(({ message_id }) => message_id === letter.message_id) ??
    records.find(({ message, failed_at }) => message === letter.body && Date.parse(failed_at) <= sent_before_ms)
  );
}

/** Newer code may have codes and kinds that this code does not know: they are shown as they are. */
export function failureOf({ code, kind, reason, hint }: FailureRecord): Failure {
  return { code, kind, message: reason, hint } as Failure;
}
