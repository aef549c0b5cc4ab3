import * as z from 'zod/mini';
import { secondsBetween, type Timestamp, timestampSchema } from './timestamp.ts';

/** A 64-bit transaction id, or a bound on one, as PostgreSQL prints it. Always text: a number would round it. */
const xidSchema = z.string().check(z.regex(/^\d{1,20}$/));

/**
 * The evidence for how long ago the open transactions began. `activity`: their start times, as the role sees them.
 * `virtual_transactions`: the last observation in which each was not there yet. `lookback`: only the configured time.
 */
export const boundBasisSchema = z.enum(['activity', 'virtual_transactions', 'lookback']);
export type BoundBasis = z.infer<typeof boundBasisSchema>;

/**
 * Where a table's rows are stored: the file node (`pg_relation_filenode`) of the table and of each partition and
 * inheriting table, by oid, such as `{"16385":"16390"}`. A rewrite (`ALTER TABLE … TYPE`, TRUNCATE, `VACUUM FULL`)
 * changes the file node and keeps the oid. Absent from positions that earlier versions wrote.
 */
export const fileNodesSchema = z.record(z.string(), z.string());
export type FileNodes = z.infer<typeof fileNodesSchema>;

/** Which relation a table is and where its rows are stored. Views and foreign tables have no storage of their own. */
export const storageSchema = z.looseObject({
  table_oid: z.string(),
  file_nodes: fileNodesSchema,
  /** It has never held a row since it was created, truncated or rewritten: whatever fills it is new. */
  is_empty: z.optional(z.literal(true)),
});
export type Storage = z.infer<typeof storageSchema>;

const positionFields = {
  /** The `last_sync_timestamp` this position belongs to. With any other timestamp the position is ignored. */
  at: timestampSchema,
  /** `system identifier/timeline/database oid`: transaction ids can be compared only within one of these. */
  database: z.string(),
  table_oid: z.string(),
  file_nodes: z.optional(fileNodesSchema),
  /** `snapshot_xmin`: every transaction below it has finished, and what it wrote is in bronze. */
  xid: xidSchema,
  /** `snapshot_xmax`: no transaction with this id or a higher one had finished at the claim. */
  next_xid: xidSchema,
  /** No transaction that owns an id of `xid` or higher began before this; null: not known. */
  lower_bound: z.nullable(timestampSchema),
  lower_bound_basis: boundBasisSchema,
  /** `lower_bound` minus the margins: where the next load's scan begins. */
  scan_from: z.nullable(timestampSchema),
  /** No transaction that was open at the claim began before this; null: not known. */
  open_bound: z.nullable(timestampSchema),
  open_bound_basis: boundBasisSchema,
  /** The database's clock, read before anything else at the claim. */
  looked_at: timestampSchema,
  /** By virtual transaction id or `prepared:<xid>`: a time before which the transaction did not begin, if known. */
  open_transactions: z.record(z.string(), z.nullable(timestampSchema)),
  /** The open bound of an earlier claim. It becomes usable once `xid` has reached that claim's `next_xid`. */
  awaited_bound: z.optional(
    z.object({ next_xid: xidSchema, at: z.nullable(timestampSchema), basis: boundBasisSchema }),
  ),
  /** Files that a claim found new. Their writers have ids below `below_xid`; until `xid` has reached it, rows wait. */
  held_back: z.optional(z.object({ file_nodes: fileNodesSchema, below_xid: xidSchema })),
};
const positionSchema = z.object(positionFields);
/** Where the next incremental load from PostgreSQL resumes, exact to the transaction. Part of the checkpoint. */
export type ExactPosition = z.infer<typeof positionSchema>;
/** Fields it doesn't name survive when the checkpoint is written again. */
export const exactPositionSchema = z.looseObject(positionFields);

/** Decodes a position; anything that is not a valid one becomes undefined. */
export const readablePositionSchema = z.pipe(
  z.unknown(),
  z.transform((value): ExactPosition | undefined => z.safeParse(exactPositionSchema, value).data),
);

const windowFields = {
  database: z.string(),
  table_oid: z.string(),
  file_nodes: z.optional(fileNodesSchema),
  /** The load takes what `[from_xid, until_xid)` wrote; null: everything that the next load will not take. */
  from_xid: z.nullable(xidSchema),
  until_xid: xidSchema,
  /** Rows whose cursor is below this are not scanned; null: there is no such bound. */
  scan_from: z.nullable(timestampSchema),
  /** `scan_from` of the next incremental load. */
  next_scan_from: z.nullable(timestampSchema),
};
const windowSchema = z.object(windowFields);
/** The window of one load in transaction ids. It ends where the next one begins, whatever the cursors say. */
export type ExactWindow = z.infer<typeof windowSchema>;
export const exactWindowSchema = z.looseObject(windowFields);

/**
 * Why an exact position was ignored, wholly or in part, which makes the load at least once. `table_rewritten`: every
 * row may carry the id of the transaction that rewrote the table, so rows that did not change come again.
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

/** What a checkpoint alone says about the next load's window: its guarantee, and how far it lagged at its claim. */
export interface StandingWindow {
  readonly window_basis: string;
  readonly watermark_lag_seconds: number;
  readonly oldest_transaction_seconds?: number;
}

/**
 * What a load that resumes from the position guarantees, and how many seconds the checkpoint was behind at the claim
 * that wrote the position. Undefined if `last_sync_timestamp` is not the position's own: the position is then ignored.
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

/** The `window_basis` of a load that resumes here: it is only as complete as the bound at which its scan begins. */
export function basisOf(position: Pick<ExactPosition, 'lower_bound' | 'lower_bound_basis'>): string {
  const { lower_bound, lower_bound_basis } = position;
  if (lower_bound_basis === 'lookback') return 'lookback';
  return lower_bound === null ? 'exact_unbounded' : `exact_${lower_bound_basis}`;
}

/** The window's guarantee in words for people. */
export function guaranteeOf(window: {
  readonly window_basis?: string | undefined;
  readonly window_fallback?: WindowFallback | undefined;
}): string {
  if (window.window_fallback?.startsWith('table_')) return `at least once (${window.window_fallback})`;
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
