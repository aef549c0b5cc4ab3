import * as z from 'zod/mini';
import { secondsBetween, type Timestamp, timestampSchema } from './timestamp.ts';

/** A 64-bit transaction id, or a bound between two, as PostgreSQL prints it. It is text everywhere: a number would round it. */
const xidSchema = z.string().check(z.regex(/^\d{1,20}$/));

/**
 * What proves how long ago open transactions began: `activity`, their start as the role sees it; `virtual_transactions`,
 * the last time at which each was not there yet; `lookback`, nothing but the configured time.
 */
export const boundBasisSchema = z.enum(['activity', 'virtual_transactions', 'lookback']);
export type BoundBasis = z.infer<typeof boundBasisSchema>;

/**
 * Where a table's rows are stored: the file node (`pg_relation_filenode`) of the table and of each partition and
 * inheriting table, by oid, such as `{"16385":"16390"}`. A rewrite (`ALTER TABLE … TYPE`, TRUNCATE, `VACUUM FULL`)
 * changes the file node and keeps the oid. Absent in positions of earlier versions.
 */
export const fileNodesSchema = z.record(z.string(), z.string());
export type FileNodes = z.infer<typeof fileNodesSchema>;

const positionFields = {
  /** The `last_sync_timestamp` that it belongs to: beside any other it doesn't count. */
  at: timestampSchema,
  /** `system identifier/timeline/database oid`: transaction ids mean something only there. */
  database: z.string(),
  table_oid: z.string(),
  file_nodes: z.optional(fileNodesSchema),
  /** Every transaction below it is finished, and what it wrote is in bronze. */
  xid: xidSchema,
  /** No transaction from here on was finished at the claim. */
  next_xid: xidSchema,
  /** No transaction that owns an id from `xid` on began earlier; null: not known. */
  lower_bound: z.nullable(timestampSchema),
  lower_bound_basis: boundBasisSchema,
  /** `lower_bound` less the margins: where the next load's scan begins. */
  scan_from: z.nullable(timestampSchema),
  /** No transaction that was open at the claim began earlier; null: not known. */
  open_bound: z.nullable(timestampSchema),
  open_bound_basis: boundBasisSchema,
  /** The database's clock, read before anything else of the claim. */
  looked_at: timestampSchema,
  /** Open transactions by virtual transaction id, or `prepared:<xid>`, with the time before which each did not begin. */
  open_transactions: z.record(z.string(), z.nullable(timestampSchema)),
  /** The open bound of an earlier claim, which serves once `xid` has reached that claim's `next_xid`. */
  awaited_bound: z.optional(
    z.object({ next_xid: xidSchema, at: z.nullable(timestampSchema), basis: boundBasisSchema }),
  ),
};
const positionSchema = z.object(positionFields);
/** Where an incremental load from PostgreSQL goes on, to the transaction. It stands in the checkpoint beside the timestamp. */
export type ExactPosition = z.infer<typeof positionSchema>;
/** Fields that it doesn't name survive a rewrite. */
export const exactPositionSchema = z.looseObject(positionFields);

/** Undefined for anything else. */
export const readablePositionSchema = z.pipe(
  z.unknown(),
  z.transform((value): ExactPosition | undefined => z.safeParse(exactPositionSchema, value).data),
);

const windowFields = {
  database: z.string(),
  table_oid: z.string(),
  file_nodes: z.optional(fileNodesSchema),
  /** The load takes what the transactions `[from_xid, until_xid)` wrote; null: everything that the next load will not take. */
  from_xid: z.nullable(xidSchema),
  until_xid: xidSchema,
  /** Cursors below it are not looked at; null: no such bound. */
  scan_from: z.nullable(timestampSchema),
  /** `scan_from` of the next incremental load. */
  next_scan_from: z.nullable(timestampSchema),
};
const windowSchema = z.object(windowFields);
/** The window of one load in transaction ids. Together with the next one's it tiles, whatever the cursors say. */
export type ExactWindow = z.infer<typeof windowSchema>;
export const exactWindowSchema = z.looseObject(windowFields);

/**
 * Why an exact position did not count, or not wholly, so that a load is at-least-once. `table_rewritten`: every row may
 * carry the id of the transaction that rewrote the table, so rows that did not change come again.
 */
export const windowFallbackSchema = z.enum([
  'no_position',
  'checkpoint_edited',
  'database_changed',
  'database_restored',
  'table_changed',
  'table_rewritten',
  'window_too_wide',
  'no_transaction_ids',
]);
export type WindowFallback = z.infer<typeof windowFallbackSchema>;

/** What is known of a window without its load: where a checkpoint stands, and how far back it had to stay. */
export interface StandingWindow {
  readonly window_basis: string;
  readonly watermark_lag_seconds: number;
  readonly oldest_transaction_seconds?: number;
}

/**
 * What a load that goes on from the position guarantees, and how far the checkpoint was behind at the claim that the
 * position is of. Undefined beside another timestamp than its own: there it doesn't count.
 */
export function standingWindow(position: ExactPosition, last_sync_timestamp: Timestamp): StandingWindow | undefined {
  if (position.at !== last_sync_timestamp) return undefined;
  const { open_bound, looked_at } = position;
  return {
    window_basis: basisOf(position),
    watermark_lag_seconds: secondsBetween(last_sync_timestamp, looked_at),
    ...(open_bound !== null && { oldest_transaction_seconds: secondsBetween(open_bound, looked_at) }),
  };
}

/** A load's rows are as complete as the bound that its scan begins at. */
export function basisOf(position: Pick<ExactPosition, 'lower_bound' | 'lower_bound_basis'>): string {
  const { lower_bound, lower_bound_basis } = position;
  if (lower_bound_basis === 'lookback') return 'lookback';
  return lower_bound === null ? 'exact_unbounded' : `exact_${lower_bound_basis}`;
}

/** What a load's window guarantees, in words for people. */
export function guaranteeOf(window: {
  readonly window_basis?: string | undefined;
  readonly window_fallback?: WindowFallback | undefined;
}): string {
  if (window.window_fallback === 'table_rewritten') return 'at least once (table_rewritten)';
  if (window.window_fallback) return `at least once, limited by lookback (${window.window_fallback})`;
  return GUARANTEES[window.window_basis ?? ''] ?? 'timestamps only';
}

const GUARANTEES: Readonly<Record<string, string>> = {
  exact_activity: 'exact (activity)',
  exact_virtual_transactions: 'exact (virtual transactions)',
  exact_unbounded: 'exact (unbounded scan)',
  lookback: 'limited by lookback',
  no_cursor: 'everything, each time',
};
