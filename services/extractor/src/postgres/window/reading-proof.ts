import type { PendingLoad } from '@bronze/common/load/checkpoint';
import type { WindowFallback } from '@bronze/common/words/exact-position';
import { BronzeError } from '@bronze/common/words/failure';
import type { TableEntity } from '@bronze/common/config/postgres';
import { REPLAYED_SQL } from '../table/catalog-sql.ts';
import { storageChange } from './position-mismatch.ts';
import { tableChange } from './storage.ts';
import { decodeSnapshot, SNAPSHOT_SQL } from './observe-sql.ts';
import { fitsIn32Bits } from './xid-range.ts';
import type { DescribedTable } from '../table/described-table.ts';
import type { Queries } from '../database.ts';

/** What a reading session guarantees. */
export interface ReadingProof {
  /** Whether the window's transaction ids count here. */
  readonly is_exact: boolean;
  /** Why the load may bring rows again: the window is exact, but its ids don't count here; or the table was replaced. */
  readonly fallback: WindowFallback | undefined;
}

/**
 * Checks that this session sees everything that the window covers: behind a reader endpoint it may be on another
 * standby than the claim was. After a failover to another history, or if the database was restored, or the table
 * replaced or rewritten since the claim, the load continues without transaction ids: it then takes more rows, never
 * fewer (decision 25).
 *
 * @throws BronzeError SOURCE_INTERRUPTED if a standby has not yet replayed the window
 */
export async function proveReading(
  session: Queries,
  entity: TableEntity,
  load: PendingLoad,
  table: DescribedTable,
): Promise<ReadingProof> {
  const { exact_window } = load;
  if (!exact_window) {
    const [row] = await session.rows(REPLAYED_SQL, [load.until]);
    if (row?.['replayed'] !== 'true') throw notReplayed(entity);
    return { is_exact: false, fallback: load.storage && tableChange(load.storage, table) };
  }
  const [row] = await session.rows(SNAPSHOT_SQL, []);
  const { snapshot_xmin, snapshot_xmax, database, wal_position } = decodeSnapshot(row);
  if (database !== exact_window.database) return { is_exact: false, fallback: 'database_changed' };
  if (table.oid !== exact_window.table_oid || !table.has_xids) return { is_exact: false, fallback: 'table_changed' };
  const change = storageChange(exact_window.file_nodes, table);
  if (change) return { is_exact: false, fallback: change };
  if (BigInt(snapshot_xmin) < BigInt(exact_window.until_xid)) {
    if (wal_position === null) throw notReplayed(entity);
    return { is_exact: false, fallback: 'database_restored' };
  }
  if (!fitsIn32Bits(exact_window.until_xid, snapshot_xmax)) return { is_exact: false, fallback: 'window_too_wide' };
  return { is_exact: true, fallback: undefined };
}

function notReplayed(entity: TableEntity): BronzeError {
  return new BronzeError('SOURCE_INTERRUPTED', {
    message: `the standby that ${entity.name} is read from has not yet replayed what its window covers`,
    hint: 'Bronze retries it. If it persists, look at the replication lag.',
  });
}
