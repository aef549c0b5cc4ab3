import type { PendingLoad } from './checkpoint.ts';
import type { Deadline } from '../ports/clock.ts';
import type { Entity } from '../config/config.ts';
import type { HighWatermark } from './high-watermark.ts';
import type { Column, SourceSystem } from '../words/entity.ts';
import type { ExactPosition, Storage, WindowFallback } from '../words/exact-position.ts';
import type { Position, SeenCursors, Skipped } from './position.ts';
import type { Timestamp } from '../words/timestamp.ts';

/** A system that Bronze reads. Its entities are of the kind that the configuration has for sources of its type. */
export interface Source {
  readonly system: SourceSystem;
  /**
   * Checks that the entity can be read as configured, and returns the point up to which it may be read.
   * @throws BronzeError before anything is claimed, so that a broken entity's checkpoint is not touched
   */
  readHighWatermark(entity: Entity, claim: Claim): Promise<HighWatermark>;
  /** Opens a reader of the load's window, from where the slice begins. */
  openSlice(entity: Entity, load: PendingLoad, start: SliceStart): Promise<SliceReader>;
}

export interface Claim {
  /** Where the load begins; undefined for a full load, which reads from the very beginning. */
  readonly since: Timestamp | undefined;
  /** Where the previous load ended exactly, if its source said so; given for a full load too. */
  readonly exact_position?: ExactPosition | undefined;
  /** What the previous load read, if it went without transaction ids. */
  readonly storage?: Storage | undefined;
  readonly deadline: Deadline;
}

export interface SliceStart {
  /** Where the slice begins; undefined: at the start of the window. */
  readonly position: Position | undefined;
  /** Columns of the previous slice or load: a source that infers types keeps to them (decision 17). */
  readonly knownColumns: () => Promise<readonly Column[]>;
  /** The newest cursor that was seen before the load: {@link SeenCursors.before}. */
  readonly newestSeen?: () => Promise<Timestamp | undefined>;
  readonly deadline: Deadline;
}

export interface SliceReader {
  /** Columns by their names in Bronze, in the source's own order and types. Like the rest, known once `batches` are read. */
  readonly columns: readonly Column[];
  /** Those that no record had, not even as null, from a source that infers columns and has seen records. */
  readonly unseen_columns?: readonly string[] | undefined;
  /** Whether another slice can resume after any batch. If not, the slice reads the whole window or starts over. */
  readonly is_resumable: boolean;
  /** Ends when the window is exhausted. A consumer that stops early releases the source. */
  readonly batches: AsyncIterable<RawBatch>;
  /** Records skipped so far. Undefined for a source that never skips any. */
  readonly left_out?: Skipped | undefined;
  /** Of sources whose records may show late; undefined while nothing is known, as in a first incremental load of earlier code. */
  readonly seen_cursors?: SeenCursors | undefined;
  /** What became of the parameter that asks for changed records, as far as this slice has seen. */
  readonly since_parameter?: PendingLoad['since_parameter'];
  /** Why this slice could not be read exactly. */
  readonly window_fallback?: WindowFallback | undefined;
}

/**
 * Rows as NDJSON: one object a line, keys sorted by their UTF-8 bytes, every value a string or null (decision 8). Lines of
 * an API omit nulls, because a missing field and a null one mean the same to it (decision 13).
 */
export interface RawBatch {
  readonly ndjson: Uint8Array;
  readonly rows: number;
  /** Length of the longest line in bytes: readers choose the size of their buffers by it. */
  readonly row_bytes_max: number;
  /** Where reading resumes after this batch. */
  readonly position: Position;
  /** The source asks to end the slice after this batch, unless the window is exhausted. */
  readonly ends_slice?: boolean;
  /** Gives the memory of `ndjson` back for a later batch: after this call `ndjson` must not be read. */
  release(): void;
}
