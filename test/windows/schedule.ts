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
