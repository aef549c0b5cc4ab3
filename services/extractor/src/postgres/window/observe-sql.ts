import { earliest, minusSeconds, type Timestamp, timestamp } from '@bronze/common/words/timestamp';
import * as z from 'zod/mini';
import type { Observation, OpenTransaction } from './bounds.ts';

/** Prints it as a `Timestamp`. The session's zone is UTC. */
const utc = (expression: string) => `to_char(${expression}, 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')`;

/**
 * The four statements of an observation, in this order, each with its own snapshot (`READ COMMITTED`). In the reverse
 * order a transaction could take an id, write and commit between the snapshot and the list of open transactions, and be
 * in neither (decision 22). PostgreSQL caches statistics for a whole transaction, so the first statement clears them.
 */
export const CLOCK_SQL = `SELECT ${utc('clock_timestamp()')} AS at, pg_stat_clear_snapshot()::text AS cleared`;

/**
 * The open transactions of this database. Every role sees the lock that each transaction holds on its own virtual id,
 * and which database a process is connected to; the start only if the role may. A lock whose process has just ended or
 * just started counts. `sees_all`: the role sees the start of every other transaction, except of those that hide it
 * (`track_activities`, sessions that may send the log). A vacuum writes no rows, however long it is open, so it doesn't
 * count; a session that may send the log can also write, so it does.
 */
export const OPEN_SQL = `
WITH others AS MATERIALIZED (
  SELECT pid, xact_start, state, coalesce(datname = current_database(), false)
    AND coalesce(backend_type, '') <> 'autovacuum worker'
    AND pid NOT IN (SELECT pid FROM pg_stat_progress_vacuum) AS is_here
  FROM pg_stat_activity WHERE pid <> pg_backend_pid()
)
SELECT json_build_object(
  'is_standby', pg_is_in_recovery(),
  'replayed', ${utc('pg_last_xact_replay_timestamp()')},
  'sees_all', pg_has_role(current_user, 'pg_read_all_stats', 'USAGE') AND NOT coalesce(
    (SELECT bool_or(state IS NULL OR state = 'disabled') FROM others WHERE is_here), false),
  'oldest', (SELECT ${utc('min(xact_start)')} FROM others WHERE is_here),
  'newest', (SELECT ${utc('max(xact_start)')} FROM others WHERE is_here),
  'open', (
    SELECT coalesce(json_agg(json_build_object('id', l.virtualxid, 'since', ${utc('o.xact_start')})), '[]')
    FROM pg_locks l LEFT JOIN others o USING (pid)
    WHERE l.locktype = 'virtualxid' AND l.granted AND l.mode = 'ExclusiveLock' AND l.pid <> pg_backend_pid()
      AND coalesce(o.is_here, true))
)::text AS open`;

/**
 * Prepared transactions no longer hold a virtual id. They are read after the open ones, so that one which is prepared
 * in between is listed twice instead of not at all.
 */
export const PREPARED_SQL = `
SELECT 'prepared:' || transaction::text AS id FROM pg_prepared_xacts
WHERE database = current_database() AND NOT pg_is_in_recovery()`;

/** A snapshot's bounds, and the database whose ids they are. The timeline changes when a standby is promoted. */
export const SNAPSHOT_SQL = `
SELECT ${utc('clock_timestamp()')} AS at, pg_snapshot_xmin(s)::text AS snapshot_xmin, pg_snapshot_xmax(s)::text AS snapshot_xmax,
  concat_ws('/', (SELECT system_identifier FROM pg_control_system()),
    CASE WHEN pg_is_in_recovery() THEN (
        SELECT lpad(upper(to_hex(greatest(c.timeline_id, r.min_recovery_end_timeline))), 8, '0')
        FROM pg_control_checkpoint() c, pg_control_recovery() r)
      ELSE substr(pg_walfile_name(pg_current_wal_lsn()), 1, 8) END,
    (SELECT oid FROM pg_database WHERE datname = current_database())) AS database,
  CASE WHEN pg_is_in_recovery() THEN NULL ELSE pg_wal_lsn_diff(pg_current_wal_insert_lsn(), '0/0') END AS wal_position,
  (SELECT setting FROM pg_settings WHERE name = 'wal_writer_delay') AS wal_writer_delay_ms
FROM pg_current_snapshot() AS s`;

/**
 * Whether the write-ahead log is flushed up to `$1`, in bytes from its beginning. A position within a page's header (24
 * or 40 bytes) has nothing on that page to flush.
 */
export const FLUSHED_SQL = `
SELECT (pg_wal_lsn_diff(pg_current_wal_flush_lsn(), '0/0') >= target - CASE WHEN in_page <= 40 THEN in_page ELSE 0 END)::text AS flushed
FROM (SELECT $1::numeric AS target, mod($1::numeric, current_setting('wal_block_size')::numeric) AS in_page) AS asked`;

type Row = Readonly<Record<string, string | null>>;

export interface SnapshotRow {
  /** The database's clock, read after the snapshot was taken. */
  readonly at: Timestamp;
  readonly snapshot_xmin: string;
  readonly snapshot_xmax: string;
  readonly database: string;
  /** Where the write-ahead log ended then, in bytes from its beginning; null on a standby. */
  readonly wal_position: string | null;
  readonly wal_writer_delay_ms: number;
}

const snapshotSchema = z.object({
  at: z.pipe(z.string(), z.transform(timestamp)),
  snapshot_xmin: z.string(),
  snapshot_xmax: z.string(),
  database: z.string(),
  wal_position: z.nullable(z.string()),
  wal_writer_delay_ms: z.pipe(z.string(), z.transform(Number)),
});

/** Decodes the row of {@link SNAPSHOT_SQL}. */
export function decodeSnapshot(row: Row | undefined): SnapshotRow {
  return z.parse(snapshotSchema, row);
}

const openSchema = z.object({
  is_standby: z.boolean(),
  replayed: z.nullable(z.string()),
  sees_all: z.boolean(),
  oldest: z.nullable(z.string()),
  newest: z.nullable(z.string()),
  open: z.array(z.object({ id: z.string(), since: z.nullable(z.string()) })),
});

/** What the four statements of an observation returned. */
export interface ObservationRows {
  readonly clock: Row | undefined;
  readonly open: Row | undefined;
  readonly prepared: readonly Row[];
  readonly snapshot: Row | undefined;
}

/**
 * Makes an observation of them, by the best means that the role has. Its time is the earlier of the clock's, before and
 * after, so that a clock which is set back in between is noticed. A transaction that began later than that did so before
 * the clock was set back: what it writes may be of any time since.
 *
 * @param lookback_seconds on a standby, which can't see the primary's open transactions: how long they may be open
 */
export function decodeObservation(
  rows: ObservationRows,
  place: Pick<Observation, 'table_oid' | 'file_nodes' | 'attached'>,
  lookback_seconds: number,
): Observation {
  const snapshot = decodeSnapshot(rows.snapshot);
  const at = earliest(timestamp(rows.clock?.['at'] ?? ''), snapshot.at);
  const seen = z.parse(openSchema, JSON.parse(rows.open?.['open'] ?? ''));
  const since = (text: string | null) => (text === null || timestamp(text) > snapshot.at ? null : timestamp(text));
  const base = { is_standby: seen.is_standby, ...place, ...snapshot, at };
  if (seen.is_standby) {
    // Nothing was replayed since the server started, so its progress is unknown: a time before everything.
    const replayed = timestamp(seen.replayed ?? '0001-01-01');
    const others_since = minusSeconds(earliest(replayed, at), lookback_seconds);
    return { ...base, basis: 'lookback', others_since, open: [] };
  }
  const prepared: OpenTransaction[] = rows.prepared.map(({ id }) => ({ id: id ?? '', since: null }));
  const open = seen.open.map((one) => ({ id: one.id, since: since(one.since) }));
  if (seen.sees_all) {
    const hidden = open.filter((one) => one.since === null);
    // The newest began before the clock was set back, and so may others have.
    const isUnknown = seen.newest !== null && since(seen.newest) === null;
    const oldest = isUnknown ? null : since(seen.oldest ?? at);
    return { ...base, basis: 'activity', others_since: oldest, open: [...hidden, ...prepared] };
  }
  return { ...base, basis: 'virtual_transactions', others_since: at, open: [...open, ...prepared] };
}
