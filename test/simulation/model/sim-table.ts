import type { PendingLoad } from '@bronze/common/load/checkpoint';
import { type PostgresSourceConfig, postgresSourceSchema, type TableEntity } from '@bronze/common/config/postgres';
import type { RawBatch, SliceReader, SliceStart, Source } from '@bronze/common/load/source';
import type { Position } from '@bronze/common/load/position';
import { readHighWatermark } from '@bronze/extractor/postgres/window/high-watermark';
import { type DescribedTable, QUOTING } from '@bronze/extractor/postgres/table/described-table';
import type { Queries } from '@bronze/extractor/adapters/postgres-session';
import { proveReading } from '@bronze/extractor/postgres/window/reading-proof';
import { STATEMENT_XMAX_SQL } from '@bronze/extractor/postgres/window/xid-range';
import { type CopyPlan, planCopy } from '@bronze/extractor/postgres/copy/copy-sql';
import * as z from 'zod/mini';
import type { Random } from '../../random.ts';
import { type Row, SimDatabase } from './sim-database.ts';
import { sessionOf } from './sim-session.ts';
import {
  type Asks,
  type CurrentLine,
  type SimSource,
  type SourceOptions,
  type Version,
  sourceFailure,
} from './sim-source.ts';
import { compileCondition } from './sql-condition.ts';
import type { VirtualClock } from '../world/virtual-clock.ts';

export interface SimTableOptions extends SourceOptions {
  /** Whether its rows tell their transactions, as those of tables do and those of views don't. */
  readonly isExact: boolean;
  /** Whether the connection is lost before the next batch. */
  readonly isLost: () => boolean;
}

/** No margins, and transactions of any length: what the code that ships proves has to do. */
const CONFIG: PostgresSourceConfig = z.parse(postgresSourceSchema, {
  type: 'postgres',
  url: 'unused',
  clock_margin_seconds: 0,
  lookback_seconds: 1000 * 24 * 3600,
});

const COLUMNS = ['day', 'fits', 'id', 'updated_at', 'version'].map((name) => {
  const type = name === 'updated_at' ? 'timestamp with time zone' : 'text';
  return { name, type, not_null: name === 'id', readable: true };
});
const COPY = /^COPY \(SELECT .+? FROM "public"\."\w+"(?: WHERE (.+))? ORDER BY ("\w+"(?:, "\w+")*)\) TO STDOUT$/;

/** A table of a database, read by the claims, conditions and orders of the code that ships. */
export class SimTable implements SimSource {
  readonly #database: SimDatabase;
  readonly #clock: VirtualClock;
  readonly #random: Random;
  readonly #options: SimTableOptions;
  readonly #table: DescribedTable;
  readonly #seesAll: boolean;

  constructor(options: SimTableOptions) {
    const { clock, random, rows, isExact } = options;
    this.#options = options;
    this.#clock = clock;
    this.#random = random;
    this.#table = describedTable(isExact);
    this.#seesAll = random.chance(0.5);
    this.#database = new SimDatabase({ clock, random, rows, hasXids: isExact });
  }

  current(): readonly CurrentLine[] {
    return [...this.#database.rows];
  }

  versions(): readonly Version[] {
    return this.#database.versions;
  }

  /** At once, or as transactions go on. */
  change(): void {
    if (this.#random.chance(0.5)) return this.#database.change();
    for (let step = this.#random.between(1, 4); step > 0; step -= 1) this.#database.step();
  }

  open(asks: Asks): Source {
    const table = this.#table;
    const sleep = async (duration_ms: number) => {
      this.#clock.tick(duration_ms * 1000);
      this.#goOn();
    };
    const clock = { now: () => this.#clock.now, sleep };
    return {
      system: 'rds',
      readHighWatermark: (entity: TableEntity, claim) =>
        asks.ask('source.cut', entity.name, () => {
          if (!this.#options.isTroubled()) this.#database.settle();
          return readHighWatermark({ session: this.#session(), clock, config: CONFIG, entity, table, claim });
        }),
      openSlice: (entity: TableEntity, load, start) =>
        asks.ask('source.open', entity.name, () => this.#openSlice(asks, { entity, load, start })),
    };
  }

  /** Others work in the database between any two statements. */
  #goOn(): void {
    const { isTroubled, stir_chance } = this.#options;
    if (isTroubled() && this.#random.chance(stir_chance)) this.#database.step();
  }

  #session(): Queries {
    return sessionOf({ database: this.#database, seesAll: this.#seesAll, before: () => this.#goOn() });
  }

  async #openSlice(asks: Asks, slice: SliceToRead): Promise<SliceReader> {
    const { fallback } = await proveReading(this.#session(), slice.entity, slice.load, this.#table);
    return {
      columns: COLUMNS.map(({ name, type }) => ({ name, type })),
      is_resumable: true,
      batches: this.#batches(asks, slice, fallback),
      ...(fallback && { window_fallback: fallback }),
    };
  }

  /** One statement sees one moment; after a lost connection another statement sees a later one. */
  async *#batches(asks: Asks, slice: SliceToRead, fallback: string | undefined): AsyncGenerator<RawBatch> {
    const { entity, start } = slice;
    let { position } = start;
    let seen: Selected | undefined;
    for (;;) {
      const batch = await asks.ask('source.read', entity.name, async () => {
        if (!seen || this.#options.isLost()) seen = await this.#select(slice, position, fallback);
        return seen.rows.slice(0, entity.batch_rows);
      });
      const last = batch.at(-1);
      if (!last || !seen) return;
      seen = { ...seen, rows: seen.rows.slice(batch.length) };
      position = positionOf(seen.plan, last);
      yield { ...batchOf(batch), position };
    }
  }

  async #select({ entity, load }: SliceToRead, position: Position | undefined, fallback: string | undefined) {
    const proof = await proveReading(this.#session(), entity, load, this.#table);
    if (proof.fallback !== fallback) throw sourceFailure('the database was replaced while it was being read');
    const { is_exact } = proof;
    const plan = planCopy({ ...this.#table, entity, load, position, zone: 'UTC', is_exact }, QUOTING);
    return { plan, rows: rowsOf(plan, this.#database) };
  }
}

interface SliceToRead {
  readonly entity: TableEntity;
  readonly load: PendingLoad;
  readonly start: SliceStart;
}

interface Selected {
  readonly plan: CopyPlan;
  readonly rows: readonly Row[];
}

function describedTable(has_xids: boolean): DescribedTable {
  return {
    kind: has_xids ? 'r' : 'v',
    oid: '16385',
    file_nodes: { '16385': '16390' },
    has_xids,
    encoding: 'UTF8',
    zone: 'UTC',
    has_children: false,
    columns: COLUMNS,
    primary_key: ['id'],
    unique_keys: [],
    key: { columns: [{ name: 'id', type: 'text' }], is_unproven: false },
  };
}

/** What the COPY gives, in its order. */
function rowsOf({ sql }: CopyPlan, database: SimDatabase): readonly Row[] {
  const [, condition, order] =
    COPY.exec(sql.replaceAll(STATEMENT_XMAX_SQL, String(database.snapshot().next_xid))) ?? [];
  if (order === undefined) throw new RangeError(`unknown statement: ${sql}`);
  const isTaken = condition === undefined ? () => true : compileCondition(condition);
  const names = order.slice(1, -1).split('", "');
  const placeOf = ({ columns }: Row) => names.map((name) => columns[name] ?? '').join(' ');
  return [...database.rows]
    .filter(({ columns }) => isTaken(columns))
    .map((row) => ({ row, place: placeOf(row) }))
    .toSorted((a, b) => (a.place < b.place ? -1 : 1))
    .map(({ row }) => row);
}

function positionOf({ order, json_columns, position_fields }: CopyPlan, last: Row): Position {
  return { order, values: position_fields.map((field) => last.columns[json_columns[field] ?? ''] ?? '') };
}

function batchOf(rows: readonly Row[]): Omit<RawBatch, 'position'> {
  const lines = rows.map(({ line }) => `${line}\n`);
  const row_bytes_max = Math.max(...lines.map((line) => line.length));
  return { ndjson: Buffer.from(lines.join('')), rows: rows.length, row_bytes_max, release: () => undefined };
}
