import type { Cut, PendingLoad } from '@bronze/common/checkpoint';
import type { Entity, SourceConfig } from '@bronze/common/config';
import { BronzeError } from '@bronze/common/failure';
import type { Clock, Log, RawBatch, SliceReader, Source } from '@bronze/common/ports';
import type { Position } from '@bronze/common/slice-manifest';
import { timestamp } from '@bronze/common/timestamp';
import { escapeIdentifier, escapeLiteral } from 'pg';
import { CATALOG_SQL, CUT_SQL, decodeCatalog } from '../postgres/catalog-sql.ts';
import { isInterruption, sourceFailure } from '../postgres/source-failure.ts';
import { type CatalogTable, checkTable, type RowKey } from '../postgres/table.ts';
import { cutAtPrecision, keyCheckSql, planCopy, type Quoting } from '../postgres/window-sql.ts';
import { copyBatches } from './postgres-copy.ts';
import { PostgresSession } from './postgres-session.ts';

const QUOTING: Quoting = { identifier: escapeIdentifier, literal: escapeLiteral };

/** The wait before a lost connection is opened again doubles from here. */
const RECONNECT_DELAY_MS = 250;

export interface PostgresSourcePorts {
  /** Resolved only here, and never printed. */
  readonly url: () => string;
  readonly config: SourceConfig;
  readonly clock: Clock;
  readonly log: Log;
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

  async cut(entity: Entity): Promise<Cut> {
    return this.#inSession(entity, async (session) => {
      const table = await describe(session, entity);
      if (table.key.is_unproven) await checkKey(session, entity, table.key);
      const [row] = await session.rows(CUT_SQL, [String(this.#ports.config.margin_seconds)]);
      const until = timestamp(row?.['until'] ?? '');
      const cursorType = table.columns.find(({ name }) => name === entity.cursor)?.type ?? '';
      return { until: cutAtPrecision(until, cursorType), basis: row?.['basis'] ?? '' };
    });
  }

  async openSlice(entity: Entity, load: PendingLoad, position: Position | undefined): Promise<SliceReader> {
    const { columns } = await this.#inSession(entity, (session) => describe(session, entity));
    const named = columns.map(({ name, type }) => ({ name, type }));
    return { columns: named, batches: this.#resuming(entity, load, { position, columns: named }) };
  }

  /** Goes on after the last whole batch when the connection is lost; gives up when it is lost again without progress. */
  async *#resuming(
    entity: Entity,
    load: PendingLoad,
    slice: { readonly position: Position | undefined; readonly columns: SliceReader['columns'] },
  ): AsyncGenerator<RawBatch> {
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
        if (!isInterruption(failure) || attempt > this.#ports.config.reconnects) throw failure;
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

  async *#copy(
    entity: Entity,
    load: PendingLoad,
    slice: { readonly position: Position | undefined; readonly columns: SliceReader['columns'] },
  ): AsyncGenerator<RawBatch> {
    const session = await this.#open();
    try {
      const table = await describe(session, entity);
      assertSameColumns(entity, slice.columns, table.columns);
      const { columns, key } = table;
      yield* copyBatches(session, entity, planCopy({ entity, columns, key, load, position: slice.position }, QUOTING));
    } finally {
      await session.close();
    }
  }

  async #inSession<T>(entity: Entity, use: (session: PostgresSession) => Promise<T>): Promise<T> {
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

  #open(): Promise<PostgresSession> {
    return PostgresSession.open(this.#ports.url(), this.#ports.config);
  }
}

async function describe(session: PostgresSession, entity: Entity): Promise<DescribedTable> {
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

async function checkKey(session: PostgresSession, entity: Entity, key: RowKey): Promise<void> {
  const offending = await session.rows(keyCheckSql(entity, key, QUOTING), []);
  if (offending.length === 0) return;
  const names = key.columns.map(({ name }) => name).join(', ');
  throw new BronzeError('KEY_NOT_UNIQUE', {
    message: `(${names}) is not a key of ${entity.table}: some rows share it or have NULL in it`,
    hint: `Name columns that identify a row as primary_key of ${entity.name}.`,
  });
}

function assertSameColumns(entity: Entity, before: SliceReader['columns'], now: SliceReader['columns']): void {
  const text = (columns: SliceReader['columns']) => JSON.stringify(columns.map(({ name, type }) => [name, type]));
  if (text(before) === text(now)) return;
  throw new BronzeError('SOURCE_TIMEOUT', {
    message: `the columns of ${entity.table} changed while it was being read`,
    hint: 'The slice starts over with the new columns by itself.',
  });
}
