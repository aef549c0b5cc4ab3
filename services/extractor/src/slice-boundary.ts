import type { Entity } from '@bronze/common/config';
import { BronzeError } from '@bronze/common/words/failure';
import type { Deadline } from '@bronze/common/ports/clock';
import type { RawBatch, SliceReader } from '@bronze/common/load/source';
import type { Position } from '@bronze/common/load/position';

/** What one slice has read so far. */
export interface SliceProgress {
  /** Where reading goes on. Null while nothing was read. */
  readonly position: Position | null;
  readonly rows: number;
  readonly bytes: number;
  /** Whether the slice ends here, though the source may have more. */
  readonly isFull: boolean;
}

export interface SliceBounds {
  readonly limits: Pick<Entity, 'slice_rows' | 'slice_bytes'>;
  readonly is_resumable: SliceReader['is_resumable'];
  readonly deadline: Pick<Deadline, 'isNear'>;
}

export function startAt(position: Position | null): SliceProgress {
  return { position, rows: 0, bytes: 0, isFull: false };
}

/** A slice ends with the batch that fills it, that its source hands over after, or that leaves no time for another. */
export function addBatch(before: SliceProgress, raw: RawBatch, bounds: SliceBounds): SliceProgress {
  const { limits, is_resumable, deadline } = bounds;
  const rows = before.rows + raw.rows;
  const bytes = before.bytes + raw.ndjson.length;
  const isEnough = rows >= limits.slice_rows || bytes >= limits.slice_bytes;
  const isFull = is_resumable && (isEnough || raw.ends_slice === true || deadline.isNear());
  return { position: raw.position, rows, bytes, isFull };
}

/** How a slice ended. */
export interface SliceEnd {
  readonly position: Position | null;
  /** Whether the source had nothing more. */
  readonly final: boolean;
}

/**
 * A continuation that stands still would go round for ever.
 *
 * @throws BronzeError SLICE_STUCK
 */
export function assertMoved(entity: string, slice: number, before: Position | null, end: SliceEnd): void {
  if (end.final || JSON.stringify(end.position) !== JSON.stringify(before)) return;
  throw new BronzeError('SLICE_STUCK', {
    message: `slice ${slice} of ${entity} ended where it began`,
    hint: 'Raise slice_rows or slice_bytes of the entity. If that does not help, please report it.',
  });
}
