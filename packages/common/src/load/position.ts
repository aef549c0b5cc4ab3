import * as z from 'zod/mini';
import { storageSchema } from '../words/exact-position.ts';
import { timestamp, type Timestamp, timestampSchema } from '../words/timestamp.ts';

/** What is remembered of the pages before, so that those which lead in a circle are noticed in a later slice. */
export const pageTrailSchema = z.object({
  /** Digest of the token of one page. */
  saved: z.string(),
  /** How many pages after it another is saved in its place. */
  power: z.int(),
  /** How many pages were read since. */
  count: z.int(),
});
export type PageTrail = z.infer<typeof pageTrailSchema>;

/** What was counted while the pages of an API's list were read, so that a limit on them holds for the load. */
export const pageCountsSchema = z.object({
  /** Records that were given. Absent: the load began with earlier code. */
  records: z.optional(z.int()),
  /** Records of the page that gave most. */
  largest: z.int(),
  /** The last pages, one after another, that only repeated records. */
  repeated: z.int(),
  /** The same for those that gave none, repeated or not. */
  empty: z.int(),
  /** The same for small ones whose records all changed after the window's end. */
  beyond: z.int(),
});
export type PageCounts = z.infer<typeof pageCountsSchema>;

/** Where reading resumes, in the source's own terms. */
export const positionSchema = z.object({
  /** What the values belong to: `public.orders (updated_at timestamp with time zone, id bigint)`. */
  order: z.string(),
  /** The values of the last staged row, as text. */
  values: z.array(z.string()),
  /** Of an API that names its next page. Positions of earlier code have none. */
  trail: z.optional(pageTrailSchema),
  /** Of an API. Positions of earlier code have none. */
  counts: z.optional(pageCountsSchema),
  /** Of full loads of a table: what was read up to here, and how often the load has started over in another storage. */
  read_from: z.optional(z.object({ storage: storageSchema, starts_over: z.int() })),
});
export type Position = z.infer<typeof positionSchema>;

/** How many records the source gave that belong in no load, or not in this one: counted, so that none vanishes. */
export const skippedSchema = z.object({
  /** Without a cursor value, in an incremental load. */
  without_cursor: z.int(),
  /** Outside `[since, until)`. */
  outside_window: z.int(),
  /** Of these, at or after `until`: later loads bring them. Absent: none, or written by earlier code. */
  left_for_later: z.optional(z.int()),
  /** Of these, after the source's clock, such as `9999-12-31`: incremental loads bring them once that time has come. */
  in_the_future: z.optional(z.int()),
  /** Given twice by an API whose list moved while it was being paged. */
  repeated: z.int(),
});
export type Skipped = z.infer<typeof skippedSchema>;

/** `newest` after a full load of a list without a cursor below `until`: whatever shows later is newer. */
export const NOTHING_SEEN: Timestamp = timestamp('0001-01-01');

/** What the cursors of a whole list say about records that show late. */
export const seenCursorsSchema = z.object({
  /** As {@link SeenCursors.newest}, when the load before this one ended. */
  before: z.optional(timestampSchema),
  /** The newest cursor below `until` that was seen, by this load or one before, or {@link NOTHING_SEEN}. A newer one was never seen. */
  newest: timestampSchema,
  /** How many records were taken although they are below `since`, because they are newer than anything seen before. */
  late: z.int(),
});
export type SeenCursors = z.infer<typeof seenCursorsSchema>;
