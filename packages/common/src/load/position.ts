import * as z from 'zod/mini';

/** Where reading goes on, in the source's own words. */
export const positionSchema = z.object({
  /** What the values are of: `public.orders (updated_at timestamp with time zone, id bigint)`. */
  order: z.string(),
  /** Of the last row staged, as text. */
  values: z.array(z.string()),
});
export type Position = z.infer<typeof positionSchema>;

/** Records that the source gave and that belong in no load, or not in this one: counted, so that nothing vanishes. */
export const skippedSchema = z.object({
  /** Without a cursor value, in an incremental load. */
  without_cursor: z.int(),
  /** Outside of `[since, until)`. */
  outside_window: z.int(),
  /** Given twice by an API that moved while it was being paged. */
  repeated: z.int(),
});
export type Skipped = z.infer<typeof skippedSchema>;
