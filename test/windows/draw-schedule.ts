import { Random } from '../random.ts';
import {
  type Clock,
  type DrawnLoad,
  IDS_OF_WRITER,
  type Operation,
  type Remake,
  type Schedule,
  type Shape,
  SHOWING_MS,
  SKEW_MS_MAX,
  type Transaction,
  WRITERS,
} from './schedule.ts';

export interface Wishes {
  /** 10,000 rows, which are repeatedly given the same timestamp. */
  readonly ties: boolean;
  /** Transactions that stay open for several loads and idle longer than any margin. */
  readonly long: boolean;
  /** Transactions that begin, write much later and commit while others with older ids are open: see docs/how-we-know/windows.md. */
  readonly relay: boolean;
  /** The table is altered, truncated and filled again, or swapped while it is loaded. */
  readonly remade: boolean;
  /** What is loaded is a materialized view, which is refreshed meanwhile. */
  readonly view: boolean;
  readonly role: Schedule['role'];
}

/** Roles alternate by seed; 1 in 50 schedules ties 10,000 rows, 1 in 5 has long transactions, 1 in 10 relays, 1 in 5 is remade, half of them views. */
export function wishesOf(seed: number): Wishes {
  return {
    ties: seed % 50 === 7,
    long: seed % 5 === 3,
    remade: seed % 5 === 1,
    view: seed % 20 === 11 || seed % 20 === 16,
    relay: seed % 20 === 4 || seed % 20 === 9,
    role: seed % 2 === 0 ? 'select' : 'stats',
  };
}

/**
 * Everything that a seed decides. How the server interleaves the transactions is not decided, so the same seed may pass
 * once and fail once.
 */
export function drawSchedule(seed: number, wishes: Wishes = wishesOf(seed)): Schedule {
  const random = new Random(seed);
  const rows = wishes.ties ? 10_000 : random.pick([0, 10, 40, 150]);
  const skew_ms = wishes.relay ? 0 : random.pick([0, 0, 40, SKEW_MS_MAX]);
  const shape = wishes.ties
    ? 'plain'
    : random.weighted<Shape>({
        plain: 10,
        no_index: 1,
        composite_key: 2,
        partitioned: 2,
        two_cursors: 2,
        keyless: wishes.view ? 0 : 1,
      });
  return {
    seed,
    shape,
    relation: wishes.view ? 'materialized_view' : 'table',
    role: wishes.role,
    rows,
    slice_rows: wishes.ties ? random.between(1500, 6000) : random.pick(rows < 100 ? [5, 12, 30, 1000] : [30, 60, 1000]),
    clock_margin_seconds: (SHOWING_MS + skew_ms) / 1000,
    is_patient: random.chance(0.15),
    loads: list(wishes.relay ? 5 : random.between(2, 5), (index) => drawLoad(random, index, wishes)),
    writers: list(WRITERS, (writer) => new WriterDraw(random, { writer, rows, skew_ms, wishes }).transactions()),
    remakes: wishes.view ? drawRefreshes(random) : wishes.remade ? drawRemakes(random, shape) : [],
  };
}

function drawRemakes(random: Random, shape: Shape): Remake[] {
  return list(random.between(2, 6), () => drawRemake(random, shape));
}

/**
 * Half of the views are refreshed concurrently only: then no version may come twice. Some are refreshed so seldom that
 * what they show is older than any bound on the transactions of that time.
 */
function drawRefreshes(random: Random): Remake[] {
  const whole = random.chance(0.5) ? 1 : 0;
  const pause_ms_max = random.pick([30, 400, 400]);
  return list(random.between(2, 6), () => ({
    pause_ms: random.between(0, pause_ms_max),
    kind: random.weighted({ refresh_concurrently: 6, refresh: 5 * whole, vacuum_full: whole }),
  }));
}

function drawRemake(random: Random, shape: Shape): Remake {
  // PostgreSQL can't load frozen rows into a partitioned table, and LIKE does not copy its partitions.
  const whole = shape === 'partitioned' ? 0 : 1;
  return {
    pause_ms: random.between(0, 30),
    kind: random.weighted({ alter: 6, reload: 4, reload_frozen: 2 * whole, swap: 3 * whole, vacuum_full: 1 }),
  };
}

function drawLoad(random: Random, index: number, wishes: Wishes): DrawnLoad {
  return {
    pause_ms: random.between(0, wishes.relay ? 60 : 25),
    load_type: index === 0 || random.chance(0.06) ? 'full' : 'incremental',
    is_abandoned: random.chance(0.06),
    crashes: random.chance(0.08) ? 1 : 0,
    slice_pause_ms: random.chance(0.3) ? random.between(1, 10) : 0,
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
    return list(this.#random.between(2, few), () => this.#transaction());
  }

  #transaction(): Transaction {
    const random = this.#random;
    const operations = list(random.between(1, 4), () => this.#operation(0));
    const end = random.weighted({ commit: 78, rollback: 12, prepare_and_commit: 7, prepare_and_rollback: 3 });
    return {
      pause_ms: random.between(0, 12),
      isolation: random.weighted({ 'READ COMMITTED': 8, 'REPEATABLE READ': 1, SERIALIZABLE: 1 }),
      // Some transactions stay open and idle for a long time before they write.
      operations: [...this.#opening(), ...operations],
      end,
      prepared_ms: random.between(0, 20),
    };
  }

  #opening(): Operation[] {
    const random = this.#random;
    if (this.#of.wishes.relay) return this.#relayed();
    if (this.#of.wishes.ties && this.#of.writer < 2)
      return [{ kind: 'tie', modulus: this.#of.writer + 1, clock: 'now', skew_ms: 0 }];
    if (this.#of.wishes.long && random.chance(0.25)) {
      const quiet: Operation = random.pick([{ kind: 'read' }, { kind: 'take_id' }, { kind: 'sleep', ms: 1 }]);
      const outlasting: Operation = { kind: 'outlast_loads', loads: random.between(1, 4) };
      return [quiet, outlasting, { kind: 'sleep', ms: random.between(0, 180) }];
    }
    if (random.chance(0.2)) return [{ kind: 'read' }, { kind: 'sleep', ms: random.between(1, 15) }];
    return random.chance(0.05) ? [{ kind: 'read' }, { kind: 'outlast_loads', loads: random.between(1, 2) }] : [];
  }

  /** The first two writers wait before they write, the next three hold an old id, the others are quick. */
  #relayed(): Operation[] {
    const { writer } = this.#of;
    if (writer < 2) return [{ kind: 'read' }, { kind: 'sleep', ms: this.#random.between(SHOWING_MS, 160) }];
    return writer < 5 ? [{ kind: 'take_id' }, { kind: 'outlast_loads', loads: 1 }] : [];
  }

  #operation(depth: number): Operation {
    const random = this.#random;
    const kind = random.weighted({
      insert: 8,
      update: 8,
      tie: this.#of.wishes.ties ? 0 : 1,
      delete: 2,
      savepoint: depth < 3 ? 3 : 0,
      exception_block: 1,
      read: 1,
      take_id: 1,
      sleep: 4,
      outlast_loads: this.#of.wishes.relay ? 0 : 0.3,
    });
    switch (kind) {
      case 'insert':
        return { kind, ids: this.#newIds(random.pick([1, 1, 2, 12])), ...this.#clock() };
      case 'update':
        return { kind, ids: this.#knownIds(random.pick([1, 1, 3, 8])), ...this.#clock() };
      case 'tie':
        return { kind, modulus: random.between(1, 7), ...this.#clock() };
      case 'delete':
        return { kind, ids: this.#knownIds(random.between(1, 2)) };
      case 'savepoint':
        return {
          kind,
          operations: list(random.between(1, 3), () => this.#operation(depth + 1)),
          end: random.pick(['release', 'rollback']),
        };
      case 'exception_block':
        return {
          kind,
          ids: this.#newIds(random.between(1, 2)),
          failing: this.#newId(),
          handled: this.#newId(),
        };
      case 'read':
      case 'take_id':
        return { kind };
      case 'sleep':
        return { kind, ms: random.between(1, 12) };
      case 'outlast_loads':
        return { kind, loads: random.between(1, 3) };
      default:
        return kind satisfies never;
    }
  }

  #newIds(count: number): number[] {
    return list(count, () => this.#newId());
  }

  #newId(): number {
    this.#inserted += 1;
    return (this.#of.writer + 1) * IDS_OF_WRITER + this.#inserted;
  }

  /** Ids of initial rows, which all writers compete for, and of the writer's own. Some may no longer or never exist. */
  #knownIds(count: number): number[] {
    const { rows, writer } = this.#of;
    const random = this.#random;
    const known = () =>
      random.between(1, rows + this.#inserted) <= rows
        ? random.between(1, Math.min(rows, 400))
        : (writer + 1) * IDS_OF_WRITER + random.between(1, this.#inserted);
    return rows + this.#inserted === 0 ? [1] : list(count, known);
  }

  #clock(): { clock: Clock; skew_ms: number } {
    const { skew_ms } = this.#of;
    const random = this.#random;
    const clock = random.weighted<Clock>({ now: 6, clock: 2, skewed: skew_ms > 0 ? 3 : 0, null: 0.3 });
    return { clock, skew_ms: clock === 'skewed' ? random.between(-skew_ms, skew_ms) : 0 };
  }
}

function list<T>(length: number, draw: (index: number) => T): T[] {
  return Array.from({ length }, (_, index) => draw(index));
}
