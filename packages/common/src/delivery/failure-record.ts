import * as z from 'zod/mini';
import { failureRecordsOfDay } from '../load/object-keys.ts';
import type { ObjectReader } from '../ports/object-store.ts';
import type { Failure } from '../words/failure.ts';
import { type Timestamp, timestampSchema, utcDate } from '../words/timestamp.ts';

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
});
export type FailureRecord = z.infer<typeof failureRecordSchema>;

/** The failure records of the UTC days from `since` to `until`, the newest first. What can't be read is left out. */
export async function failureRecords(
  objects: ObjectReader,
  { since, until }: { readonly since: Timestamp; readonly until: Timestamp },
): Promise<FailureRecord[]> {
  const records: FailureRecord[] = [];
  for (const day of daysFrom(since, until)) {
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
    return z.safeParse(failureRecordSchema, JSON.parse(Buffer.from(stored.body).toString())).data;
  } catch {
    return undefined;
  }
}

const DAY_MS = 24 * 60 * 60 * 1000;

function daysFrom(since: Timestamp, until: Timestamp): string[] {
  const [first_ms, last_ms] = [since, until].map((at) => Date.parse(utcDate(at))) as [number, number];
  const days = Math.max(0, Math.round((last_ms - first_ms) / DAY_MS) + 1);
  return Array.from({ length: days }, (_, day) => new Date(first_ms + day * DAY_MS).toISOString().slice(0, 10));
}

/** A function and SQS tell the time by their own clocks. */
const CLOCKS_DIFFER_MS = 60_000;

/**
 * The record about a message in a dead-letter queue. SQS keeps the id of a message that it moves there itself; a function
 * sends a copy right after it has written the record. So the record has the same id, else the same body, and is the last
 * from before the copy was sent.
 *
 * @param records the newest first
 */
export function recordOf(
  letter: { readonly message_id: string; readonly body: string; readonly sent_at: string },
  records: readonly FailureRecord[],
): FailureRecord | undefined {
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
