import type { RawBatch } from '@bronze/common/load/source';
import { expect, test, vi } from 'vitest';
import { addBatch, assertMoved, type SliceBounds, startAt } from './slice-boundary.ts';

const positionAt = (id: number) => ({ order: 'public.things (id bigint)', values: [String(id)] });

const batchOf = (rows: number, bytes: number, ends_slice?: boolean): RawBatch => ({
  ndjson: new Uint8Array(bytes),
  rows,
  row_bytes_max: bytes,
  position: positionAt(rows),
  release: () => undefined,
  ...(ends_slice !== undefined && { ends_slice }),
});

const boundsOf = (bounds: Partial<SliceBounds>): SliceBounds => ({
  limits: { slice_rows: 10, slice_bytes: 1000 },
  is_resumable: true,
  deadline: { isNear: () => false },
  ...bounds,
});

const UNBOUNDED = boundsOf({ limits: { slice_rows: Infinity, slice_bytes: Infinity } });

test('a slice starts empty, at the position where the previous one ended', () => {
  expect(startAt(null)).toEqual({ position: null, rows: 0, bytes: 0, isFull: false });
  expect(startAt(positionAt(7)).position).toEqual(positionAt(7));
});

test('a slice counts the rows and bytes of all its batches and keeps the position of the last', () => {
  const one = addBatch(startAt(positionAt(1)), batchOf(3, 30), UNBOUNDED);
  const two = addBatch(one, batchOf(4, 41), UNBOUNDED);
  expect(two).toEqual({ position: positionAt(4), rows: 7, bytes: 71, isFull: false });
});

test.each([
  [9, 999, false],
  [10, 999, true],
  [11, 0, true],
  [9, 1000, true],
  [1, 1001, true],
])('with limits of 10 rows and 1000 bytes, a slice of %i rows in %i bytes is full: %s', (rows, bytes, isFull) => {
  expect(addBatch(startAt(null), batchOf(rows, bytes), boundsOf({})).isFull).toBe(isFull);
});

test('the batch that fills a slice is part of it', () => {
  const before = addBatch(startAt(null), batchOf(6, 60), boundsOf({}));
  expect(before.isFull).toBe(false);
  expect(addBatch(before, batchOf(5, 50), boundsOf({}))).toEqual({
    position: positionAt(5),
    rows: 11,
    bytes: 110,
    isFull: true,
  });
});

test('a slice ends where its source asks for it, however little has been read', () => {
  expect(addBatch(startAt(null), batchOf(0, 0, true), boundsOf({})).isFull).toBe(true);
  expect(addBatch(startAt(null), batchOf(1, 10, false), boundsOf({})).isFull).toBe(false);
});

test('a slice ends when its deadline is near', () => {
  const deadline = { isNear: () => true };
  expect(addBatch(startAt(null), batchOf(1, 10), boundsOf({ deadline })).isFull).toBe(true);
});

test('L2: nothing ends a slice early that cannot be resumed', () => {
  const deadline = { isNear: () => true };
  const bounds = boundsOf({ is_resumable: false, deadline });
  expect(addBatch(startAt(null), batchOf(11, 1001, true), bounds)).toMatchObject({ rows: 11, isFull: false });
});

test('the deadline is consulted only when nothing else ends the slice', () => {
  const isNear = vi.fn<() => boolean>(() => false);
  const deadline = { isNear };
  addBatch(startAt(null), batchOf(10, 10), boundsOf({ deadline }));
  addBatch(startAt(null), batchOf(1, 10, true), boundsOf({ deadline }));
  addBatch(startAt(null), batchOf(1, 10), boundsOf({ deadline, is_resumable: false }));
  expect(isNear).not.toHaveBeenCalled();
  addBatch(startAt(null), batchOf(1, 10), boundsOf({ deadline }));
  expect(isNear).toHaveBeenCalledTimes(1);
});

test.each([
  ['nothing read', null, null],
  ['the position it started from', positionAt(7), positionAt(7)],
])('a slice that ends early with %s is stuck, and the hint says what to do', (_, before, position) => {
  expect(() => assertMoved('things', 2, before, { position, final: false })).toThrow(
    expect.objectContaining({
      code: 'SLICE_STUCK',
      message: 'slice 2 of things ended where it began',
      hint: 'Raise slice_rows or slice_bytes of the entity. If that does not help, please report it.',
    }),
  );
});

test('a slice that moved is not stuck, and neither is one whose source had nothing more', () => {
  const ending = (before: number | null, after: number | null, final: boolean) => () => {
    const [from, position] = [before, after].map((id) => (id === null ? null : positionAt(id)));
    assertMoved('things', 0, from ?? null, { position: position ?? null, final });
  };
  expect(ending(null, 1, false)).not.toThrow();
  expect(ending(7, 8, false)).not.toThrow();
  expect(ending(7, 7, true)).not.toThrow();
  expect(ending(null, null, true)).not.toThrow();
  expect(ending(7, 9, true)).not.toThrow();
});
