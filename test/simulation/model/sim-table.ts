import { type PostgresSourceConfig, postgresSourceSchema, type TableEntity } from '@bronze/common/config/postgres';
import type { Source } from '@bronze/common/load/source';
import { PostgresSource } from '@bronze/extractor/postgres/postgres-source';
import * as z from 'zod/mini';
import type { Random } from '../../random.ts';
import type { VirtualClock } from '../world/virtual-clock.ts';
import { SimDatabase } from './sim-database.ts';
import { SimSession } from './sim-session.ts';
import {
  type Asks,
  type CurrentLine,
  type SimSource,
  type SourceOptions,
  type Version,
  sourceFailure,
} from './sim-source.ts';

export interface SimTableOptions extends SourceOptions {
  /** Whether its rows carry `xmin`, as those of tables do and those of views don't. */
  readonly isExact: boolean;
  readonly isMaterialized: boolean;
  /** Whether the connection is lost before the next chunk. */
  readonly isLost: () => boolean;
}

/** No margins, and transactions of any length: the shipping code must get by with what it can prove. */
const CONFIG: PostgresSourceConfig = z.parse(postgresSourceSchema, {
  type: 'postgres',
  url: 'unused',
  clock_margin_seconds: 0,
  lookback_seconds: 1000 * 24 * 3600,
});

const TYPES = { day: 'date', fits: 'text', id: 'text', updated_at: 'timestamp with time zone', version: 'text' };
const COLUMNS = Object.entries(TYPES).map(([name, type], index) => {
  return { name, id: `1.${index + 1}`, type, not_null: name === 'id', readable: true, builtin_type: 'text' };
});

/** A table of a simulated database, read by the PostgreSQL source that ships. */
export class SimTable implements SimSource {
  readonly #database: SimDatabase;
  readonly #clock: VirtualClock;
  readonly #random: Random;
  readonly #options: SimTableOptions;
  readonly #seesAll: boolean;

  constructor(options: SimTableOptions) {
    const { clock, random, rows, isExact: hasXids, isMaterialized } = options;
    this.#options = options;
    this.#clock = clock;
    this.#random = random;
    this.#seesAll = random.chance(0.5);
    this.#database = new SimDatabase({ clock, random, rows, hasXids, isMaterialized });
  }

  current(): readonly CurrentLine[] {
    return [...this.#database.rows];
  }

  versions(): readonly Version[] {
    return this.#database.versions;
  }

  get is_clock_wrong(): boolean {
    return this.#database.is_clock_wrong;
  }

  /** Statements that commit at once, or some steps of open transactions. */
  change(): void {
    if (this.#random.chance(0.5)) return this.#database.change();
    for (let step = this.#random.between(1, 4); step > 0; step -= 1) this.#database.step();
  }

  open(asks: Asks): Source {
    return {
      system: 'rds',
      readHighWatermark: async (entity: TableEntity, claim) => {
        if (!this.#options.isTroubled()) this.#database.settle();
        return this.#sourceFor(asks, entity).readHighWatermark(entity, claim);
      },
      openSlice: async (entity: TableEntity, load, start) =>
        this.#sourceFor(asks, entity).openSlice(entity, load, start),
    };
  }

  #sourceFor(asks: Asks, entity: TableEntity): PostgresSource {
    const sleep = async (duration_ms: number) => {
      this.#clock.tick(duration_ms * 1000);
      this.#stir();
    };
    return new PostgresSource({
      database: { open: () => asks.ask('source.open', entity.name, async () => this.#session(asks, entity)) },
      config: CONFIG,
      clock: { now: () => this.#clock.now, sleep },
      log: { event: () => undefined },
    });
  }

  #session(asks: Asks, { name, batch_rows }: TableEntity): SimSession {
    const loseNothing = async () => {
      if (this.#options.isLost()) throw sourceFailure('the connection is lost');
    };
    return new SimSession({
      database: this.#database,
      describe: () => this.#describe(),
      isTimedOut: () => this.#random.chance(0.2),
      seesAll: this.#seesAll,
      before: () => this.#stir(),
      nextChunk: () => asks.ask('source.read', name, loseNothing),
      chunk_rows: batch_rows,
    });
  }

  /** The catalog's JSON text about the table. */
  #describe(): string {
    const { isExact, isMaterialized } = this.#options;
    const { storage, has_xids } = this.#database;
    return JSON.stringify({
      kind: isMaterialized ? 'm' : isExact ? 'r' : 'v',
      oid: String(storage.oid),
      file_nodes: isExact ? { [storage.oid]: String(storage.file_node) } : {},
      attached: [],
      has_xids,
      is_empty: [...this.#database.rows].length === 0,
      rows_estimated: null,
      has_children: false,
      role: 'reader',
      is_schema_usable: true,
      encoding: 'UTF8',
      zone: 'UTC',
      columns: COLUMNS,
      keys: [{ is_primary: true, columns: ['id'] }],
    });
  }

  /** Other sessions may work in the database between any two statements. */
  #stir(): void {
    const { isTroubled, stir_chance } = this.#options;
    if (isTroubled() && this.#random.chance(stir_chance)) this.#database.step();
  }
}
