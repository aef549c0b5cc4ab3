import type { HighWatermark } from '@bronze/common/load/high-watermark';
import type { PendingLoad } from '@bronze/common/load/checkpoint';
import { BronzeError } from '@bronze/common/words/failure';
import type { Claim, RawBatch, SliceReader, SliceStart, Source } from '@bronze/common/load/source';
import type { Clock } from '@bronze/common/ports/clock';
import type { Log } from '@bronze/common/load/events';
import type { PostgresSourceConfig, TableEntity } from '@bronze/common/config/postgres';
import type { Position } from '@bronze/common/load/position';
import { readHighWatermark } from './window/high-watermark.ts';
import { checkKey, countWithoutCursor, lockAndDescribe, QUOTING, zoneOf } from './table/described-table.ts';
import { copyBatches } from '../adapters/postgres-copy.ts';
import { PostgresSession } from '../adapters/postgres-session.ts';
import { proveReading, type ReadingProof } from './window/reading-proof.ts';
import { isInterruption, sourceFailure } from './source-failure.ts';
import { planCopy, stagedColumns } from './copy/copy-sql.ts';

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
  readonly fallback: ReadingProof['fallback'];
}

const FIRST_CLAIM = { since: undefined };

/** Reads tables of one PostgreSQL database by COPY, each locked and read in one read-only transaction. */
export class PostgresSource implements Source {
  readonly system = 'rds';
  readonly #ports: PostgresSourcePorts;

  constructor(ports: PostgresSourcePorts) {
    this.#ports = ports;
  }

  async readHighWatermark(
    entity: TableEntity,
    claim: Pick<Claim, 'since' | 'exact_position'> = FIRST_CLAIM,
  ): Promise<HighWatermark> {
    return this.#inSession(entity, async (session) => {
      const table = await lockAndDescribe(session, entity);
      if (table.key.is_unproven) await checkKey(session, entity, table.key);
      const { clock, config } = this.#ports;
      return readHighWatermark({ session, clock, config, entity, table, claim });
    });
  }

  async openSlice(entity: TableEntity, load: PendingLoad, { position }: SliceStart): Promise<SliceReader> {
    return this.#inSession(entity, async (session) => {
      const table = await lockAndDescribe(session, entity);
      const { fallback } = await proveReading(session, entity, load, table);
      const columns = stagedColumns(entity, table.columns).map(({ name, type }) => ({ name, type }));
      const is_resumable = table.key.columns.length > 0;
      const slice = { position, columns, is_resumable, fallback };
      const isCounted = load.load_type === 'incremental' && position === undefined;
      const window = fallback ? undefined : load.exact_window;
      const without_cursor = isCounted ? await countWithoutCursor(session, entity, table, window) : 0;
      return {
        columns,
        is_resumable,
        batches: this.#resuming(entity, load, slice),
        ...(fallback && { window_fallback: fallback }),
        ...(isCounted && { left_out: { without_cursor, outside_window: 0, repeated: 0 } }),
      };
    });
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
      const table = await lockAndDescribe(session, entity);
      assertSameColumns(entity, slice.columns, stagedColumns(entity, table.columns));
      const proof = await proveReading(session, entity, load, table);
      assertSameHistory(entity, slice.fallback, proof.fallback);
      const { is_exact } = proof;
      const read = { ...table, entity, load, position: slice.position, zone: zoneOf(entity, table), is_exact };
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

function assertSameColumns(entity: TableEntity, before: SliceReader['columns'], now: SliceReader['columns']): void {
  const text = (columns: SliceReader['columns']) => JSON.stringify(columns.map(({ name, type }) => [name, type]));
  if (text(before) === text(now)) return;
  throw new BronzeError('SOURCE_TIMEOUT', {
    message: `the columns of ${entity.table} changed while it was being read`,
    hint: 'The slice starts over with the new columns by itself.',
  });
}

/** A failover or a rewrite between the opening of a slice and its reading. */
function assertSameHistory(entity: TableEntity, before: ReadingProof['fallback'], now: ReadingProof['fallback']): void {
  if (before === now) return;
  throw new BronzeError('SOURCE_INTERRUPTED', {
    message: `${entity.table} was rewritten, or its database replaced, while it was being read`,
    hint: 'The slice starts over by itself, and may bring rows again.',
  });
}
