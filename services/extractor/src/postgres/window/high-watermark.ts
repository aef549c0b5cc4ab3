import type { HighWatermark } from '@bronze/common/load/high-watermark';
import type { ExactPosition, WindowFallback } from '@bronze/common/words/exact-position';
import { BronzeError } from '@bronze/common/words/failure';
import type { Claim } from '@bronze/common/load/source';
import type { Clock } from '@bronze/common/ports/clock';
import { cursorColumns, type PostgresSourceConfig, type TableEntity } from '@bronze/common/config/postgres';
import { minusSeconds, type Timestamp, timestamp } from '@bronze/common/words/timestamp';
import { FILLED_SQL, TIME_WATERMARK_SQL } from '../table/catalog-sql.ts';
import { withObservation, type Bounds, type Observation, canImprove, withoutTimes } from './bounds.ts';
import { type ExactClaim, exactWatermark, ignoredBecause } from './exact-window.ts';
import { addedParts, isNotReplayed, positionMismatch, storageChange } from './position-mismatch.ts';
import { CLOCK_SQL, decodeObservation, FLUSHED_SQL, OPEN_SQL, PREPARED_SQL, SNAPSHOT_SQL } from './observe-sql.ts';
import { filledSince, storageOf, tableChange } from './storage.ts';
import { truncateToPrecision } from './cursor-precision.ts';
import { countWithoutCursor } from './without-cursor.ts';
import { type DescribedTable, zoneOf } from '../table/described-table.ts';
import type { Queries } from '../database.ts';

/** Waits between the observations of one claim: most transactions that are writing finish within milliseconds. */
const OBSERVE_AGAIN_AFTER_MS = [10, 20, 40, 80, 100] as const;
const FLUSH_POLL_MS = 20;

/** The most that local time goes back, when daylight saving time ends or a country moves to another zone. */
const ZONE_STEP_SECONDS = 3 * 3600;

export interface WatermarkRequest {
  readonly session: Queries;
  readonly clock: Clock;
  readonly config: PostgresSourceConfig;
  readonly entity: TableEntity;
  readonly table: DescribedTable;
  readonly claim: Pick<Claim, 'since' | 'exact_position' | 'storage'>;
}

/**
 * How far the entity may be read: up to a transaction id if its rows carry them, otherwise up to a timestamp.
 *
 * @throws BronzeError CURSOR_MISSING if `null_cursor` is `error` and rows have no cursor; SOURCE_INTERRUPTED if a
 *   standby is behind the previous claim; or the driver's error
 */
export async function readHighWatermark(request: WatermarkRequest): Promise<HighWatermark> {
  const { entity, table } = request;
  const mayBeExact = entity.cursor !== null && table.has_xids;
  const watermark =
    (mayBeExact ? await watermarkByTransactions(request) : undefined) ?? (await watermarkByTime(request));
  if (entity.null_cursor === 'error') await assertCursors(request, watermark);
  return table.rows_estimated === null ? watermark : { ...watermark, rows_estimated: table.rows_estimated };
}

async function assertCursors({ session, entity, table }: WatermarkRequest, { exact }: HighWatermark): Promise<void> {
  const rows = await countWithoutCursor(session, entity, table, exact?.window);
  if (rows === 0) return;
  throw new BronzeError('CURSOR_MISSING', {
    message: `${rows} rows of ${entity.table} have no ${cursorColumns(entity).join(' and no ')}, the cursor of ${entity.name}`,
    hint: 'Fix it at the source. null_cursor: "include" takes such rows with full loads and counts them otherwise.',
  });
}

/** Undefined if the server does not let the role observe transactions. */
async function watermarkByTransactions(request: WatermarkRequest): Promise<HighWatermark | undefined> {
  const { entity, table, config, claim } = request;
  const observation = await firstObservation(request);
  if (!observation) return undefined;
  const { bounds, earliest_at } = await observeUntilSettled(request, observation);
  const position = claim.exact_position && positionAt(claim.exact_position, earliest_at);
  const mismatch = position && positionMismatch(position, observation);
  const has_filled_part = mismatch === undefined && (await hasFilledPart(request));
  const anew = whyAnew(request, { position, mismatch, bounds, has_filled_part });
  const { until, basis, ...exact } = exactWatermark({
    since: anew ? undefined : claim.since,
    position,
    mismatch,
    bounds,
    written_below_xid: observation.snapshot_xmax,
    lookback_seconds: config.lookback_seconds,
    margin_seconds: config.clock_margin_seconds + (zonelessIn(entity, table) ? ZONE_STEP_SECONDS : 0),
    has_bound: table.kind !== 'm',
    has_filled_part,
    is_empty: table.is_empty,
    atPrecision: (bound) => cursorTypes(entity, table).reduce(truncateToPrecision, bound),
  });
  return anew ? { until, basis, exact: { ...exact, fallback: anew }, load_type: 'full' } : { until, basis, exact };
}

/**
 * Why everything has to be loaded. Of another table under the name nothing was ever read. Where the position doesn't
 * count for another reason, a timestamp can't tell which rows of a new file are new.
 */
function whyAnew(
  { claim, table }: WatermarkRequest,
  {
    position,
    mismatch,
    bounds,
    has_filled_part,
  }: Pick<ExactClaim, 'position' | 'mismatch' | 'bounds' | 'has_filled_part'>,
): WindowFallback | undefined {
  if (claim.since === undefined) return undefined;
  if (!position) return claim.storage && (tableChange(claim.storage, table) ?? filledSince(claim.storage, table));
  if (mismatch) return mismatch === 'table_changed' ? mismatch : undefined;
  if (!ignoredBecause(position, claim.since, bounds)) return undefined;
  const { file_nodes } = table;
  return has_filled_part || storageChange(position.file_nodes, { file_nodes, attached: [] })
    ? 'table_rewritten'
    : undefined;
}

/** A part that is empty when it is first seen, like partitions that are created in advance, needs no scan. */
async function hasFilledPart({ session, claim, table }: WatermarkRequest): Promise<boolean> {
  const parts = addedParts(claim.exact_position?.file_nodes, table.file_nodes);
  if (claim.since === undefined || parts.length === 0) return false;
  const [row] = await session.rows(FILLED_SQL, [`{${parts.join(',')}}`]);
  return row?.['is_filled'] === 'true';
}

/** The position, whose scan has no bound if the database's clock was set back since it was noted. */
function positionAt(position: ExactPosition, at: Timestamp): ExactPosition {
  const known = withoutTimes(position, at);
  return known === position ? position : { ...known, scan_from: null };
}

/** insufficient_privilege, feature_not_supported, undefined_function: a managed server may lack or revoke any of it. */
const CANT_OBSERVE: ReadonlySet<unknown> = new Set(['42501', '0A000', '42883']);

async function firstObservation(request: WatermarkRequest): Promise<Observation | undefined> {
  const { session } = request;
  await session.rows('SAVEPOINT before_observing', []);
  try {
    return await observe(request);
  } catch (thrown) {
    if (!CANT_OBSERVE.has(Reflect.get(Object(thrown), 'code'))) throw thrown;
    await session.rows('ROLLBACK TO SAVEPOINT before_observing', []);
    return undefined;
  }
}

/** Observes again, for a quarter of a second at most, while that may help; then waits until a crash can't undo it. */
async function observeUntilSettled(
  request: WatermarkRequest,
  observation: Observation,
): Promise<{ readonly bounds: Bounds; readonly earliest_at: Timestamp }> {
  const position = request.claim.exact_position;
  assertReplayed(request.entity, position, observation);
  const isOurs = position !== undefined && positionMismatch(position, observation) === undefined;
  const first = withObservation(isOurs ? position : undefined, observation);
  let [bounds, last, earliest_at] = [first, observation, observation.at];
  for (const wait_ms of OBSERVE_AGAIN_AFTER_MS) {
    if (!canImprove(first, bounds)) break;
    await request.clock.sleep(wait_ms);
    last = await observe(request);
    bounds = withObservation(bounds, last);
    if (last.at < earliest_at) earliest_at = last.at;
  }
  await endsAreDurable(request, last);
  return { bounds, earliest_at };
}

/**
 * Waits until a crash can't undo the end of any transaction below `snapshot_xmin` (decision 30). Rollbacks, and commits
 * with `synchronous_commit = off`, are logged shortly after they become visible, and a crash in between assigns their
 * ids again. PostgreSQL logs them within three times `wal_writer_delay` (its documentation, "Asynchronous Commit").
 */
async function endsAreDurable(
  { session, clock }: WatermarkRequest,
  { wal_position, wal_writer_delay_ms }: Observation,
): Promise<void> {
  if (wal_position === null) return;
  for (let waited_ms = 0; waited_ms < 3 * wal_writer_delay_ms; waited_ms += FLUSH_POLL_MS) {
    const [row] = await session.rows(FLUSHED_SQL, [wal_position]);
    if (row?.['flushed'] === 'true') return;
    await clock.sleep(FLUSH_POLL_MS);
  }
}

async function observe({ session, table, config }: WatermarkRequest): Promise<Observation> {
  const [clock] = await session.rows(CLOCK_SQL, []);
  const [open] = await session.rows(OPEN_SQL, []);
  const prepared = await session.rows(PREPARED_SQL, []);
  const [snapshot] = await session.rows(SNAPSHOT_SQL, []);
  const { lookback_seconds } = config;
  return decodeObservation(
    { clock, open, prepared, snapshot },
    { table_oid: table.oid, file_nodes: table.file_nodes, attached: table.attached },
    lookback_seconds,
  );
}

function assertReplayed(entity: TableEntity, position: ExactPosition | undefined, observation: Observation): void {
  if (!isNotReplayed(position, observation)) return;
  throw new BronzeError('SOURCE_INTERRUPTED', {
    message: `the standby that ${entity.name} is read from has not yet replayed what the previous load covers`,
    hint: 'Bronze retries it. If it persists, look at the replication lag.',
  });
}

async function watermarkByTime(request: WatermarkRequest): Promise<HighWatermark> {
  const { session, config, entity, table } = request;
  const zone = zonelessIn(entity, table) ? zoneOf(entity, table) : '';
  const [row] = await session.rows(TIME_WATERMARK_SQL, [String(config.margin_seconds), zone]);
  const until = cursorTypes(entity, table).reduce(truncateToPrecision, timestamp(row?.['until'] ?? ''));
  const read = { until, storage: storageOf(table) };
  if (entity.cursor === null) return { ...read, basis: 'no_cursor' };
  return { ...read, basis: row?.['basis'] ?? '', ...beginByTime(request) };
}

/** Where a load by time begins, if not where the previous one ended. */
function beginByTime({ config, table, claim }: WatermarkRequest): Pick<HighWatermark, 'again' | 'load_type'> {
  const { since, exact_position, storage } = claim;
  const before = exact_position ?? storage;
  if (since === undefined || !before) return {};
  // A timestamp can't tell which rows of another relation or file are new.
  const change = tableChange(before, table);
  if (change) return { again: { reason: change, since }, load_type: 'full' };
  if (storage && filledSince(storage, table)) return { load_type: 'full' };
  if (!exact_position) return {};
  // The previous load went by transaction ids. What it left to this one may have cursors below its timestamp.
  const behind_seconds = config.lookback_seconds + config.clock_margin_seconds;
  return { again: { reason: 'no_transaction_ids', since: minusSeconds(since, behind_seconds) } };
}

function cursorTypes(entity: TableEntity, table: DescribedTable): string[] {
  return cursorColumns(entity).map((name) => table.columns.find((column) => column.name === name)?.type ?? '');
}

function zonelessIn(entity: TableEntity, table: DescribedTable): boolean {
  return cursorTypes(entity, table).some((type) => type.endsWith('without time zone'));
}
