import { Random } from './random.ts';

/** How a row's cursor is set. Skewed clocks lie within the margin that the loads are told of. */
export type Clock = 'now' | 'clock' | 'skewed' | 'null';

export type Operation =
  | { readonly kind: 'insert'; readonly ids: readonly number[]; readonly clock: Clock; readonly skew_ms: number }
  | { readonly kind: 'update'; readonly ids: readonly number[]; readonly clock: Clock; readonly skew_ms: number }
  /** Every `modulus`-th row gets the same timestamp. */
  | { readonly kind: 'tie'; readonly modulus: number; readonly clock: Clock; readonly skew_ms: number }
  | { readonly kind: 'delete'; readonly ids: readonly number[] }
  | { readonly kind: 'savepoint'; readonly operations: readonly Operation[]; readonly end: 'release' | 'rollback' }
  /** PL/pgSQL: inserts `ids`; a block in it inserts one more and then fails, and its handler inserts `handled`. */
  | {
      readonly kind: 'exception_block';
      readonly ids: readonly number[];
      readonly failing: number;
      readonly handled: number;
    }
  | { readonly kind: 'read' }
  | { readonly kind: 'take_id' }
  | { readonly kind: 'sleep'; readonly ms: number }
  /** The transaction stays open, idle, until so many more loads are done or no more are to come. */
  | { readonly kind: 'outlast_loads'; readonly loads: number };

export interface Transaction {
  readonly pause_ms: number;
  readonly isolation: 'READ COMMITTED' | 'REPEATABLE READ' | 'SERIALIZABLE';
  readonly operations: readonly Operation[];
  readonly end: 'commit' | 'rollback' | 'prepare_and_commit' | 'prepare_and_rollback';
  /** Of a prepared transaction. */
  readonly prepared_ms: number;
}

export const SHAPES = ['plain', 'no_index', 'composite_key', 'partitioned', 'two_cursors', 'keyless'] as const;
export type Shape = (typeof SHAPES)[number];

/** A load as drawn; the last of a schedule, which come when the writers are done, are the harness's own. */
export interface DrawnLoad {
  readonly pause_ms: number;
  readonly load_type: 'full' | 'incremental';
  /** Read and then given up. */
  readonly is_abandoned: boolean;
  /** So many slices, at most, are read twice: the first reading is thrown away, as after a crash. */
  readonly crashes: number;
  /** Between two slices. */
  readonly slice_pause_ms: number;
}

export interface Schedule {
  readonly seed: number;
  readonly shape: Shape;
  /** `select`: the role may read the table and nothing more. `stats`: it has `pg_read_all_stats`. */
  readonly role: 'select' | 'stats';
  readonly rows: number;
  readonly slice_rows: number;
  readonly clock_margin_seconds: number;
  /** Whether the claims really wait between their looks. */
  readonly is_patient: boolean;
  readonly loads: readonly DrawnLoad[];
  readonly writers: readonly (readonly Transaction[])[];
}

export const WRITERS = 8;
/** What the margin keeps, besides the clocks' skew, for the moment between a transaction's start and its showing. */
export const SHOWING_MS = 60;
/** How far an application's clock goes wrong at most. */
export const SKEW_MS_MAX = 200;
/** Ids of a writer's own rows begin at its number times this. */
export const IDS_OF_WRITER = 1_000_000;

export interface Wishes {
  /** 10,000 rows that are tied again and again. */
  readonly ties: boolean;
  /** Transactions that outlast several loads and idle longer than any margin. */
  readonly long: boolean;
  readonly role: Schedule['role'];
}

/** What a seed stands for: roles alternate, one in 50 schedules ties 10,000 rows, one in 5 has long transactions. */
export function wishesOf(seed: number): Wishes {
  return { ties: seed % 50 === 7, long: seed % 5 === 3, role: seed % 2 === 0 ? 'select' : 'stats' };
}

/** All that is decided beforehand. How the server interleaves it is not: the same seed may pass once and fail once. */
export function drawSchedule(seed: number, wishes: Wishes = wishesOf(seed)): Schedule {
  const random = new Random(seed);
  const rows = wishes.ties ? 10_000 : random.pick([0, 10, 40, 150]);
  const skew_ms = random.pick([0, 0, 40, SKEW_MS_MAX]);
  const shape = wishes.ties
    ? 'plain'
    : random.weighted<Shape>({
        plain: 10,
        no_index: 1,
        composite_key: 2,
        partitioned: 2,
        two_cursors: 2,
        keyless: 1,
      });
  return {
    seed,
    shape,
    role: wishes.role,
    rows,
    slice_rows: wishes.ties ? random.int(1500, 6000) : random.pick(rows < 100 ? [5, 12, 30, 1000] : [30, 60, 1000]),
    clock_margin_seconds: (SHOWING_MS + skew_ms) / 1000,
    is_patient: random.chance(0.15),
    loads: random.list(random.int(2, 5), (index) => drawLoad(random, index)),
    writers: random.list(WRITERS, (writer) => new WriterDraw(random, { writer, rows, skew_ms, wishes }).transactions()),
  };
}

function drawLoad(random: Random, index: number): DrawnLoad {
  return {
    pause_ms: random.int(0, 25),
    load_type: index === 0 || random.chance(0.06) ? 'full' : 'incremental',
    is_abandoned: random.chance(0.06),
    crashes: random.chance(0.08) ? 1 : 0,
    slice_pause_ms: random.chance(0.3) ? random.int(1, 10) : 0,
  };
}

interface WriterWishes {
  readonly writer: number;
  readonly rows: number;
  readonly skew_ms: number;
  readonly wishes: Wishes;
}

class WriterDraw {
  readonly #random: Random;
  readonly #of: WriterWishes;
  #inserted = 0;

  constructor(random: Random, of: WriterWishes) {
    this.#random = random;
    this.#of = of;
  }

  transactions(): Transaction[] {
    const few = this.#of.wishes.ties ? 2 : 5;
    return this.#random.list(this.#random.int(2, few), () => this.#transaction());
  }

  #transaction(): Transaction {
    const random = this.#random;
    const operations = random.list(random.int(1, 4), () => this.#operation(0));
    return {
      pause_ms: random.int(0, 12),
      isolation: random.weighted({ 'READ COMMITTED': 8, 'REPEATABLE READ': 1, SERIALIZABLE: 1 }),
      // Some are open for long, and quiet, before they write.
      operations: [...this.#opening(), ...operations],
      end: random.weighted({ commit: 78, rollback: 12, prepare_and_commit: 7, prepare_and_rollback: 3 }),
      prepared_ms: random.int(0, 20),
    };
  }

  #opening(): Operation[] {
    const random = this.#random;
    if (this.#of.wishes.long && random.chance(0.25)) {
      const quiet: Operation = random.pick([{ kind: 'read' }, { kind: 'take_id' }, { kind: 'sleep', ms: 1 }]);
      const outlasting: Operation = { kind: 'outlast_loads', loads: random.int(1, 4) };
      return [quiet, outlasting, { kind: 'sleep', ms: random.int(0, 180) }];
    }
    if (random.chance(0.2)) return [{ kind: 'read' }, { kind: 'sleep', ms: random.int(1, 15) }];
    return random.chance(0.05) ? [{ kind: 'read' }, { kind: 'outlast_loads', loads: random.int(1, 2) }] : [];
  }

  #operation(depth: number): Operation {
    const random = this.#random;
    const kind = random.weighted({
      insert: 8,
      update: 8,
      tie: this.#of.wishes.ties ? 6 : 1,
      delete: 2,
      savepoint: depth < 3 ? 3 : 0,
      exception_block: 1,
      read: 1,
      take_id: 1,
      sleep: 4,
      outlast_loads: 0.3,
    });
    switch (kind) {
      case 'insert':
        return { kind, ids: this.#newIds(random.pick([1, 1, 2, 12])), ...this.#clock() };
      case 'update':
        return { kind, ids: this.#knownIds(random.pick([1, 1, 3, 8])), ...this.#clock() };
      case 'tie':
        return { kind, modulus: this.#of.wishes.ties ? random.int(1, 2) : random.int(1, 7), ...this.#clock() };
      case 'delete':
        return { kind, ids: this.#knownIds(random.int(1, 2)) };
      case 'savepoint':
        return {
          kind,
          operations: random.list(random.int(1, 3), () => this.#operation(depth + 1)),
          end: random.pick(['release', 'rollback']),
        };
      case 'exception_block':
        return {
          kind,
          ids: this.#newIds(random.int(1, 2)),
          failing: this.#newId(),
          handled: this.#newId(),
        };
      case 'read':
      case 'take_id':
        return { kind };
      case 'sleep':
        return { kind, ms: random.int(1, 12) };
      case 'outlast_loads':
        return { kind, loads: random.int(1, 3) };
      default:
        return kind satisfies never;
    }
  }

  #newIds(count: number): number[] {
    return this.#random.list(count, () => this.#newId());
  }

  #newId(): number {
    this.#inserted += 1;
    return (this.#of.writer + 1) * IDS_OF_WRITER + this.#inserted;
  }

  /** Rows of the beginning, which all writers fight over, and the writer's own. Some are gone, or were never committed. */
  #knownIds(count: number): number[] {
    const { rows, writer } = this.#of;
    const random = this.#random;
    const known = () =>
      random.int(1, rows + this.#inserted) <= rows
        ? random.int(1, Math.min(rows, 400))
        : (writer + 1) * IDS_OF_WRITER + random.int(1, this.#inserted);
    return rows + this.#inserted === 0 ? [1] : random.list(count, known);
  }

  #clock(): { clock: Clock; skew_ms: number } {
    const { skew_ms } = this.#of;
    const random = this.#random;
    const clock = random.weighted<Clock>({ now: 6, clock: 2, skewed: skew_ms > 0 ? 3 : 0, null: 0.3 });
    return { clock, skew_ms: clock === 'skewed' ? random.int(-skew_ms, skew_ms) : 0 };
  }
}
