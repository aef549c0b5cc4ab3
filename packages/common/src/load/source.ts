import type { PendingLoad } from './checkpoint.ts';
import type { Deadline } from '../ports/clock.ts';
import type { Entity } from '../config/config.ts';
import type { HighWatermark } from './high-watermark.ts';
import type { Column, SourceSystem } from '../words/entity.ts';
import type { ExactPosition, WindowFallback } from '../words/exact-position.ts';
import type { Skipped, Position } from './position.ts';
import type { Timestamp } from '../words/timestamp.ts';

/** A system we read. Its entities are of the kind that the configuration gives to sources of its type. */
export interface Source {
  readonly system: SourceSystem;
  /**
   * Checks that the entity can be read as configured and says how far it may be read.
   * @throws BronzeError before anything is claimed, so that a broken entity's checkpoint stays untouched
   */
  readHighWatermark(entity: Entity, claim: Claim): Promise<HighWatermark>;
  /** Reads a load's window from where the slice begins. */
  openSlice(entity: Entity, load: PendingLoad, start: SliceStart): Promise<SliceReader>;
}

export interface Claim {
  /** Where the load is to begin; undefined: a full load, which begins before everything. */
  readonly since: Timestamp | undefined;
  /** Where the load before ended exactly, if the source said so; also for a full load. */
  readonly exact_position?: ExactPosition | undefined;
  readonly deadline: Deadline;
}

export interface SliceStart {
  /** Undefined: at the start of the window. */
  readonly position: Position | undefined;
  /** Columns of the slice before, or of the load before: for sources whose types are inferred, to keep to them. */
  readonly knownColumns: () => Promise<readonly Column[]>;
  readonly deadline: Deadline;
}

export interface SliceReader {
  /** As the source names and types them now, in its own order. Like the rest, complete once `batches` are read. */
  readonly columns: readonly Column[];
  /** Whether another slice can go on after any batch. If not, the window is read whole, or the slice starts over. */
  readonly is_resumable: boolean;
  /** Ends when the window is exhausted. Stopping early releases the source. */
  readonly batches: AsyncIterable<RawBatch>;
  /** Counted so far. Undefined for a source that never leaves anything out. */
  readonly left_out?: Skipped | undefined;
  /** What became of the parameter that asks for changed records, as far as this slice can tell. */
  readonly since_parameter?: PendingLoad['since_parameter'];
  /** Why this slice could not be read exactly. */
  readonly window_fallback?: WindowFallback | undefined;
}

/**
 * Rows as NDJSON: one object a line, keys sorted by their UTF-8 bytes, every value a string or null. Lines of an API
 * leave nulls out, since a field that is missing and one that is null are the same to it.
 */
export interface RawBatch {
  readonly ndjson: Uint8Array;
  readonly rows: number;
  /** Length of the longest line in bytes: readers size their buffers by it. */
  readonly row_bytes_max: number;
  /** Where reading goes on after this batch. */
  readonly position: Position;
  /** The source asks to end the slice here, if the window isn't exhausted. */
  readonly ends_slice?: boolean;
  /** Gives the memory of `ndjson` back for a later batch: whoever calls it has read it for the last time. */
  release(): void;
}
