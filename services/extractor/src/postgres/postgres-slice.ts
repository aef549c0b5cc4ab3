import type { PostgresSourceConfig, TableEntity } from '@bronze/common/config/postgres';
import type { PendingLoad } from '@bronze/common/load/checkpoint';
import type { Log } from '@bronze/common/load/events';
import type { Position, Skipped } from '@bronze/common/load/position';
import type { RawBatch, SliceReader } from '@bronze/common/load/source';
import type { Clock, Deadline } from '@bronze/common/ports/clock';
import { BronzeError } from '@bronze/common/words/failure';
import { copyBatches } from './copy/copy-batches.ts';
import { planCopy, stagedColumns } from './copy/copy-sql.ts';
import type { Database, Session } from './database.ts';
import { pauseAfter } from './reconnect.ts';
import { isInterruption, sourceFailure } from './source-failure.ts';
import { countLeftForLater } from './window/left-for-later.ts';
import { countWithoutCursor } from './window/without-cursor.ts';
import { type DescribedTable, lockAndDescribe, zoneOf } from './table/described-table.ts';
import { beforeReadingRows, readingRows } from './table/search-path.ts';
import { startIn } from './window/storage.ts';
import { proveReading, type ReadingProof } from './window/reading-proof.ts';

export interface PostgresSlicePorts {
  readonly database: Database;
  readonly config: Pick<PostgresSourceConfig, 'reconnects'>;
  readonly clock: Clock;
  readonly log: Log;
}

export interface SliceToRead {
  readonly entity: TableEntity;
  readonly load: PendingLoad;
  /** Where the slice resumes. Undefined: at the start of the window. */
  readonly position: Position | undefined;
  readonly deadline?: Deadline | undefined;
}

/** What the first session of a slice found. Sessions that resume after a lost connection must find the same. */
interface Findings {
  readonly columns: SliceReader['columns'];
  readonly is_resumable: boolean;
  readonly fallback: ReadingProof['fallback'];
  readonly skipped: Skipped | undefined;
}

/** One slice of a table: one COPY, and after each lost connection another one from the last whole batch on. */
export class PostgresSlice implements SliceReader {
  readonly batches: AsyncIterable<RawBatch>;
  readonly #ports: PostgresSlicePorts;
  readonly #slice: SliceToRead;
  #first: Findings | undefined;

  constructor(ports: PostgresSlicePorts, slice: SliceToRead) {
    this.#ports = ports;
    this.#slice = slice;
    this.batches = this.#resuming();
  }

  get columns(): SliceReader['columns'] {
    return this.#found.columns;
  }

  get is_resumable(): boolean {
    return this.#found.is_resumable;
  }

  get window_fallback(): ReadingProof['fallback'] {
    return this.#found.fallback;
  }

  get left_out(): Skipped | undefined {
    return this.#found.skipped;
  }

  get #found(): Findings {
    if (!this.#first) throw new RangeError('what a slice found is known only after its first batch is asked for');
    return this.#first;
  }

  /** Resumes after the last whole batch when the connection is lost; gives up after `reconnects` without progress. */
  async *#resuming(): AsyncGenerator<RawBatch> {
    const { entity } = this.#slice;
    let { position } = this.#slice;
    let attempt = 0;
    for (;;) {
      try {
        for await (const batch of this.#read(position)) {
          yield batch;
          position = batch.position;
          attempt = 0;
        }
        return;
      } catch (thrown) {
        const failure = sourceFailure(`reading ${entity.name}`, thrown);
        attempt += 1;
        if (!this.#mayResume(failure, attempt, position)) throw failure;
        await pauseAfter(failure, this.#ports, { entity: entity.name, attempt });
      }
    }
  }

  #mayResume(failure: BronzeError, attempt: number, position: Position | undefined): boolean {
    if (this.#slice.deadline?.isNear()) return false;
    const hasPlace = position === undefined || this.#first?.is_resumable === true;
    return hasPlace && isInterruption(failure) && attempt <= this.#ports.config.reconnects;
  }

  /** One session: lock, describe, prove, COPY. */
  async *#read(position: Position | undefined): AsyncGenerator<RawBatch> {
    const { entity, load, deadline } = this.#slice;
    const session = await this.#ports.database.open({ entity: entity.name, deadline });
    try {
      const table = await lockAndDescribe(session, entity);
      const { is_exact, fallback } = await proveReading(session, entity, load, table);
      const columns = stagedColumns(entity, table.columns).map(({ name, type, id }) => ({ name, type, id }));
      if (this.#first) assertSame(entity, this.#first, { columns, fallback });
      this.#first ??= {
        columns,
        fallback,
        is_resumable: table.key.columns.length > 0,
        skipped: await readingRows(session, table, () => this.#countSkipped(session, table, is_exact)),
      };
      const start = startIn(entity, table, load, position);
      const read = { ...table, entity, load, position: start.position, zone: zoneOf(entity, table), is_exact };
      await beforeReadingRows(session, table);
      const batches = copyBatches(session, entity, planCopy(read, session.quoting));
      for await (const batch of batches) yield { ...batch, position: { ...batch.position, ...start.reading } };
    } finally {
      await session.close();
    }
  }

  /** Counts rows that the load skips, once: in its first slice. */
  async #countSkipped(session: Session, table: DescribedTable, is_exact: boolean): Promise<Skipped | undefined> {
    const { entity, load, position } = this.#slice;
    // A backfill takes its window and nothing else: what is outside of it belongs to other loads.
    if (position !== undefined || load.backfill) return undefined;
    const left = await countLeftForLater(session, { ...table, entity, load, zone: zoneOf(entity, table), is_exact });
    if (load.load_type === 'full')
      return left.outside_window > 0 ? { ...left, without_cursor: 0, repeated: 0 } : undefined;
    const window = is_exact ? load.exact_window : undefined;
    const without_cursor = await countWithoutCursor(session, entity, table, window);
    return { ...left, without_cursor, repeated: 0 };
  }
}

function assertSame(entity: TableEntity, before: Findings, now: Pick<Findings, 'columns' | 'fallback'>): void {
  const text = (columns: SliceReader['columns']) => JSON.stringify(columns.map(({ name, type }) => [name, type]));
  if (text(before.columns) !== text(now.columns)) {
    throw new BronzeError('SOURCE_TIMEOUT', {
      message: `the columns of ${entity.table} changed while it was being read`,
      hint: 'Bronze retries the slice with the new columns.',
    });
  }
  // There was a failover or a rewrite between two sessions.
  if (before.fallback !== now.fallback) {
    throw new BronzeError('SOURCE_INTERRUPTED', {
      message: `${entity.table} was rewritten, or its database replaced, while it was being read`,
      hint: 'Bronze retries the slice, and may bring rows again.',
    });
  }
}
