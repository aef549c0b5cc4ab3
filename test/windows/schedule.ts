/** How a row's cursor is set. Skewed clocks stay within the loads' `clock_margin_seconds`. */
export type Clock = 'now' | 'clock' | 'skewed' | 'null';

export type Operation =
  | { readonly kind: 'insert'; readonly ids: readonly number[]; readonly clock: Clock; readonly skew_ms: number }
  | { readonly kind: 'update'; readonly ids: readonly number[]; readonly clock: Clock; readonly skew_ms: number }
  /** Every `modulus`-th row gets the same timestamp. */
  | { readonly kind: 'tie'; readonly modulus: number; readonly clock: Clock; readonly skew_ms: number }
  | { readonly kind: 'delete'; readonly ids: readonly number[] }
  | { readonly kind: 'savepoint'; readonly operations: readonly Operation[]; readonly end: 'release' | 'rollback' }
  /** PL/pgSQL: inserts `ids`; an inner block inserts `failing` and then fails, and its handler inserts `handled`. */
  | {
      readonly kind: 'exception_block';
      readonly ids: readonly number[];
      readonly failing: number;
      readonly handled: number;
    }
  | { readonly kind: 'read' }
  | { readonly kind: 'take_id' }
  | { readonly kind: 'sleep'; readonly ms: number }
  /** The transaction stays open and idle until this many more loads are done, or until no more are to come. */
  | { readonly kind: 'outlast_loads'; readonly loads: number };

export interface Transaction {
  readonly pause_ms: number;
  readonly isolation: 'READ COMMITTED' | 'REPEATABLE READ' | 'SERIALIZABLE';
  readonly operations: readonly Operation[];
  readonly end: 'commit' | 'rollback' | 'prepare_and_commit' | 'prepare_and_rollback';
  /** How long a prepared transaction stays prepared. */
  readonly prepared_ms: number;
}

/**
 * Puts the rows of what is loaded into another file. All but `vacuum_full` also give every row the id of the transaction
 * that did it; `swap` puts another table in its place. `refresh_concurrently` changes only the rows that differ.
 */
export interface Remake {
  readonly pause_ms: number;
  readonly kind: 'alter' | 'reload' | 'reload_frozen' | 'swap' | 'vacuum_full' | 'refresh' | 'refresh_concurrently';
}

export const SHAPES = ['plain', 'no_index', 'composite_key', 'partitioned', 'two_cursors', 'keyless'] as const;
export type Shape = (typeof SHAPES)[number];

/** A load as drawn. The harness adds two more at the end of each schedule, after the writers are done. */
export interface DrawnLoad {
  readonly pause_ms: number;
  readonly load_type: 'full' | 'incremental';
  /** The load is read and then abandoned. */
  readonly is_abandoned: boolean;
  /** At most this many slices are read twice; the first reading is discarded, as after a crash. */
  readonly crashes: number;
  /** Pause after each slice. */
  readonly slice_pause_ms: number;
}

export interface Schedule {
  readonly seed: number;
  /** Of the table that is written. */
  readonly shape: Shape;
  /** What is loaded: the table that is written, or a materialized view of it. */
  readonly relation: 'table' | 'materialized_view';
  /** `select`: the role may only read the table. `stats`: it also has `pg_read_all_stats`. */
  readonly role: 'select' | 'stats';
  readonly rows: number;
  readonly slice_rows: number;
  readonly clock_margin_seconds: number;
  /** Whether claims really wait between their observations. */
  readonly is_patient: boolean;
  readonly loads: readonly DrawnLoad[];
  readonly writers: readonly (readonly Transaction[])[];
  /** Done one after another beside the writers, and again from the first until the loads are over. */
  readonly remakes: readonly Remake[];
}

export const WRITERS = 8;
/** The part of the margin, besides clock skew, that covers the time from a transaction's start until it shows. */
export const SHOWING_MS = 60;
/** The largest error of an application's clock. */
export const SKEW_MS_MAX = 200;
/** The ids of a writer's own rows begin at this times the writer's number, counted from 1. */
export const IDS_OF_WRITER = 1_000_000;
