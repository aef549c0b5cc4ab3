import type { Cut, PendingLoad } from '@bronze/common/checkpoint';
import { BronzeError } from '@bronze/common/failure';
import type { Clock, Log, RawBatch, SliceReader, SliceStart, Source } from '@bronze/common/ports';
import type { PostgresSourceConfig, TableEntity } from '@bronze/common/postgres-config';
import type { Position } from '@bronze/common/slice-manifest';
import { timestamp } from '@bronze/common/timestamp';
import { escapeIdentifier, escapeLiteral } from 'pg';
import { CATALOG_SQL, CUT_SQL, decodeCatalog, REPLAYED_SQL } from '../postgres/catalog-sql.ts';
import { isInterruption, sourceFailure } from '../postgres/source-failure.ts';
import { type CatalogTable, checkTable, type RowKey } from '../postgres/table.ts';
import { cutAtPrecision, keyCheckSql, planCopy, type Quoting } from '../postgres/window-sql.ts';
import { copyBatches } from './postgres-copy.ts';
import { PostgresSession } from './postgres-session.ts';

const QUOTING: Quoting = { identifier: escapeIdentifier, literal: escapeLiteral };

/** The wait before a lost connection is opened again doubles from here. */
const RECONNECT_DELAY_MS = 250;

/** SQLSTATE: invalid_password. */
const PASSWORD_REFUSED = '28P01';

export interface PostgresSourcePorts {
  /** Resolved only here, and never printed. */
  readonly url: (wasRefused: boolean) => Promise<string>;
  readonly config: PostgresSourceConfig;
  readonly clock: Clock;
  readonly log: Log;
}

interface SliceRead {
  readonly position: Position | undefined;
  readonly columns: SliceReader['columns'];
  readonly is_resumable: boolean;
}

interface DescribedTable extends CatalogTable {
  readonly key: RowKey;
}

/** Reads tables of one PostgreSQL database by COPY, each read in one read-only transaction. */
export class PostgresSource implements Source {
  readonly system = 'rds';
  readonly #ports: PostgresSourcePorts;

  constructor(ports: PostgresSourcePorts) {
    this.#ports = ports;
  }

  async cut(entity: TableEntity): Promise<Cut> {
    return this.#inSession(entity, async (session) => {
      const table = await describe(session, entity);
      if (table.key.is_unproven) await checkKey(session, entity, table.key);
      const cursorType = table.columns.find(({ name }) => name === entity.cursor)?.type ?? '';
      const zone = cursorType.endsWith('without time zone') ? zoneOf(entity, table) : '';
      const [row] = await session.rows(CUT_SQL, [String(this.#ports.config.margin_seconds), zone]);
      const until = timestamp(row?.['until'] ?? '');
      return { until: cutAtPrecision(until, cursorType), basis: row?.['basis'] ?? '' };
    });
  }

  async openSlice(entity: TableEntity, load: PendingLoad, { position }: SliceStart): Promise<SliceReader> {
    const { columns, key } = await this.#inSession(entity, (session) => describe(session, entity));
    const named = columns.map(({ name, type }) => ({ name, type }));
    const is_resumable = key.columns.length > 0;
    const slice = { position, columns: named, is_resumable };
    return { columns: named, is_resumable, batches: this.#resuming(entity, load, slice) };
  }

  /** Goes on after the last whole batch when the connection is lost; gives up when it is lost again without progress. */
  async *#resuming(entity: TableEntity, load: PendingLoad, slice: SliceRead): AsyncGenerator<RawBatch> {
    let position = slice.position;
    let attempt = 0;
    for (;;) {
      try {
        for await (const batch of this.#copy(entity, load, { ...slice, position })) {
          yield batch;
          position = batch.position;
          attempt = 0;
        }
        return;
      } catch (thrown) {
        const failure = sourceFailure(entity.name, thrown);
        attempt += 1;
        const mayGoOn = slice.is_resumable || position === undefined;
        if (!mayGoOn || !isInterruption(failure) || attempt > this.#ports.config.reconnects) throw failure;
        const { code, kind, message, hint } = failure;
        this.#ports.log.event({
          kind: 'source_retried',
          entity: entity.name,
          attempt,
          failure: { code, kind, message, hint },
        });
        await this.#ports.clock.sleep(RECONNECT_DELAY_MS * 2 ** attempt);
      }
    }
  }

  async *#copy(entity: TableEntity, load: PendingLoad, slice: SliceRead): AsyncGenerator<RawBatch> {
    const session = await this.#open();
    try {
      const table = await describe(session, entity);
      assertSameColumns(entity, slice.columns, table.columns);
      await assertReplayed(session, entity, load);
      const read = { ...table, entity, load, position: slice.position, zone: zoneOf(entity, table) };
      yield* copyBatches(session, entity, planCopy(read, QUOTING));
    } finally {
      await session.close();
    }
  }

  async #inSession<T>(entity: TableEntity, use: (session: PostgresSession) => Promise<T>): Promise<T> {
    try {
      const session = await this.#open();
      try {
        return await use(session);
      } finally {
        await session.close();
      }
    } catch (thrown) {
      throw sourceFailure(entity.name, thrown);
    }
  }

  /** A password that was just rotated is refused once. */
  async #open(): Promise<PostgresSession> {
    const { url, config } = this.#ports;
    try {
      return await PostgresSession.open(await url(false), config);
    } catch (thrown) {
      if (Reflect.get(Object(thrown), 'code') !== PASSWORD_REFUSED) throw thrown;
      return PostgresSession.open(await url(true), config);
    }
  }
}

async function describe(session: PostgresSession, entity: TableEntity): Promise<DescribedTable> {
  const [row] = await session.rows(CATALOG_SQL, entity.table.split('.'));
  if (!row?.['described']) {
    throw new BronzeError('TABLE_MISSING', {
      message: `there is no table ${entity.table}, which ${entity.name} reads`,
      hint: 'Was it dropped or renamed? Change table of the entity in bronze.config.ts, or set enabled: false.',
    });
  }
  const table = decodeCatalog(row['described']);
  return { ...table, key: checkTable(entity, table) };
}

/** The zone that `now()` is written in, unless the configuration says otherwise. */
function zoneOf(entity: TableEntity, table: CatalogTable): string {
  return entity.cursor_time_zone ?? table.zone;
}

/** Behind a reader endpoint the rows may come from another standby than the cut. */
async function assertReplayed(session: PostgresSession, entity: TableEntity, load: PendingLoad): Promise<void> {
  const [row] = await session.rows(REPLAYED_SQL, [load.until]);
  if (row?.['replayed'] === 'true') return;
  throw new BronzeError('SOURCE_INTERRUPTED', {
    message: `the standby that ${entity.name} is read from has not replayed what its window covers`,
    hint: 'It is retried. If it stays, look at the replication lag.',
  });
}

async function checkKey(session: PostgresSession, entity: TableEntity, key: RowKey): Promise<void> {
  const offending = await session.rows(keyCheckSql(entity, key, QUOTING), []);
  if (offending.length === 0) return;
  const names = key.columns.map(({ name }) => name).join(', ');
  throw new BronzeError('KEY_NOT_UNIQUE', {
    message: `(${names}) is not a key of ${entity.table}: some rows share it or have NULL in it`,
    hint: `Name columns that identify a row as primary_key of ${entity.name}.`,
  });
}

function assertSameColumns(entity: TableEntity, before: SliceReader['columns'], now: SliceReader['columns']): void {
  const text = (columns: SliceReader['columns']) => JSON.stringify(columns.map(({ name, type }) => [name, type]));
  if (text(before) === text(now)) return;
  throw new BronzeError('SOURCE_TIMEOUT', {
    message: `the columns of ${entity.table} changed while it was being read`,
    hint: 'The slice starts over with the new columns by itself.',
  });
}
