import type { Entity } from '@bronze/common/config';
import { BronzeError } from '@bronze/common/words/failure';
import type { Deadline } from '@bronze/common/ports/clock';
import type { RawBatch, SliceReader } from '@bronze/common/load/source';
import type { Position } from '@bronze/common/load/position';

/** How far one slice has read. */
export interface SliceProgress {
  /** Where reading continues. Null at the start of the window. */
  readonly position: Position | null;
  readonly rows: number;
  readonly bytes: number;
  /** Whether the slice ends here, although the source may have more. */
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

/**
 * Adds a batch. The slice ends with the batch that fills it, the one its source asks to end it with, or the one that
 * leaves no time for another. A slice that isn't resumable does not end before its source does.
 */
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
 * Checks that a slice which ends early has moved on: otherwise each of its continuations would end in the same place.
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
