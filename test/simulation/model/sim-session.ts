import { TIME_WATERMARK_SQL, REPLAYED_SQL } from '@bronze/extractor/postgres/table/catalog-sql';
import {
  CLOCK_SQL,
  FLUSHED_SQL,
  OPEN_SQL,
  PREPARED_SQL,
  SNAPSHOT_SQL,
} from '@bronze/extractor/postgres/window/observe-sql';
import type { Queries } from '@bronze/extractor/adapters/postgres-session';
import type { SimDatabase } from './sim-database.ts';
import { sourceFailure } from './sim-source.ts';

type Answer = Record<string, string | null>;

export interface SessionOptions {
  readonly database: SimDatabase;
  /** Whether its role sees when the transactions of others began. */
  readonly seesAll: boolean;
  /** What goes on in the database before each statement. */
  readonly before: () => void;
}

/** Answers the statements of the shipping claims and readings, each as of its own moment. It ends with its database. */
export function sessionOf({ database, seesAll, before }: SessionOptions): Queries {
  const { identity } = database;
  const answers: Readonly<Record<string, () => Answer>> = {
    [CLOCK_SQL]: () => ({ at: database.now() }),
    [OPEN_SQL]: () => ({ open: JSON.stringify(openIn(database, seesAll)) }),
    [SNAPSHOT_SQL]: () => snapshotOf(database),
    [TIME_WATERMARK_SQL]: () => ({ basis: 'oldest_transaction', until: oldestOf(database) ?? database.now() }),
    [FLUSHED_SQL]: () => ({ flushed: 'true' }),
    [REPLAYED_SQL]: () => ({ replayed: 'true' }),
  };
  return {
    async rows(sql) {
      before();
      if (database.identity !== identity) throw sourceFailure('the database went away');
      if (sql === PREPARED_SQL) return preparedIn(database);
      if (sql === 'SAVEPOINT before_observing') return [];
      const answer = answers[sql];
      if (!answer) throw new RangeError(`unknown statement: ${sql.slice(0, 80)}`);
      return [answer()];
    },
  };
}

function openIn(database: SimDatabase, sees_all: boolean) {
  const open = database.open
    .filter((one) => !one.is_prepared)
    .map(({ id, since, is_own }) => ({ id, since: sees_all || is_own ? since : null }));
  return { is_standby: false, replayed: null, sees_all, oldest: sees_all ? oldestOf(database) : null, open };
}

/** Prepared transactions don't show their start. */
function oldestOf({ open }: SimDatabase): string | null {
  const starts = open.filter((one) => !one.is_prepared).map(({ since }) => since);
  return starts.toSorted().at(0) ?? null;
}

function preparedIn({ open }: SimDatabase): Answer[] {
  return open.filter((one) => one.is_prepared).map(({ xid }) => ({ id: `prepared:${xid ?? 0n}` }));
}

function snapshotOf(database: SimDatabase): Answer {
  const { xid, next_xid } = database.snapshot();
  const log = { wal_position: '4096', wal_writer_delay_ms: '200' };
  return { snapshot_xmin: String(xid), snapshot_xmax: String(next_xid), database: database.identity, ...log };
}
